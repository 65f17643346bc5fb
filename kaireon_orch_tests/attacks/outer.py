"""A job that starts guarded children itself: theirs is the portable guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.network.child import guard_words, run_job
from kaireon_orch.network.guard import Policy, parse_rules

if TYPE_CHECKING:
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    if "tries" not in job.payload:
        return {"words": guard_words()}
    policy = Policy(rules=parse_rules(job.payload["rules"]))
    inner = {"tries": job.payload["tries"]}
    return run_job("attack", inner, policy=policy, deadline=45, module=job.payload["module"]).result

"""Where the kernel cannot judge: Python's own connections are judged in Python, other drivers pinned or refused.

The guard is a child's whose parent is a guarded child already: the kernel allows one judge, so it falls back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.network.child import GuardMode, guard_mode, guard_words, run_job
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.attacks.attempts import JOBS, Told, csv, kinesis, postgresql, preview, probe
from kaireon_orch_tests.attacks.test_every_type import SPELLINGS, anyone

if TYPE_CHECKING:
    from kaireon_orch_tests.attacks.conftest import Tally
    from kaireon_orch_tests.network.conftest import Listener
    from kaireon_orch_tests.servers.postgres import PostgresServer

__all__ = ["anyone"]

OUTER = "kaireon_orch_tests.attacks.outer"


def unjudged(*tries: dict[str, Any], outer: Policy, rules: tuple[str, ...] = ()) -> list[Told]:
    """What came of attempts in a child that has Python's guard with `rules`; the outer guard lets `outer` through."""
    payload = {"tries": list(tries), "rules": list(rules), "module": JOBS}
    done = run_job("attack", payload, policy=outer, deadline=60, module=OUTER)
    return [Told(**one) for one in done.result["told"]]


def test_python_judges_what_python_connects(anyone: Listener, tally: Tally) -> None:
    """Even where the outer guard would let it pass, no spelling leads to what the inner one's rules do not allow."""
    outer = Policy(rules=parse_rules([f"127.0.0.0/8:{anyone.port}", f"[::1]:{anyone.port}"]))
    urls = [f"http://{host}:{anyone.port}/x" for host in SPELLINGS]
    tries = [attempt for url in urls for attempt in (probe(csv(url)), preview(csv(url)))]
    tries += [probe(postgresql(host, anyone.port)) for host in SPELLINGS]
    told = unjudged(*tries, outer=outer)
    tally(len(tries))
    assert anyone.visitors == []
    assert {one.code for one in told} <= {"ADDRESS_BLOCKED", "NAME_NOT_RESOLVED", "MISSING_FIELDS"}
    rule = f"127.0.0.1:{anyone.port}"
    unjudged(probe(csv(f"http://127.0.0.1:{anyone.port}/x")), outer=outer, rules=(rule,))
    assert anyone.visitors


def test_a_vendors_client_is_pinned(anyone: Listener) -> None:
    rule = f"127.0.0.1:{anyone.port}"
    asked = kinesis(f"http://127.0.0.1:{anyone.port}")
    (told,) = unjudged(probe(asked), outer=Policy(rules=parse_rules([rule])))
    assert (told.code, anyone.visitors) == ("ADDRESS_BLOCKED", [])
    (told,) = unjudged(probe(asked), outer=Policy(rules=parse_rules([rule])), rules=(rule,))
    assert told.code == "UNEXPECTED"
    assert anyone.visitors


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_driver_that_is_pinned_works(postgres: PostgresServer, host: str) -> None:
    postgres.database("pinned")
    rule = f"127.0.0.1:{postgres.port}"
    auth = {"username": postgres.user, "password": postgres.password}
    of = postgresql(host, postgres.port, auth=auth, database="pinned")
    (told,) = unjudged(
        preview(of, query="SELECT 1 AS a"), outer=Policy(rules=parse_rules([rule])), rules=(rule,)
    )
    assert told.rows == [{"a": 1}]


def test_the_start_says_who_judges() -> None:
    assert guard_mode() is GuardMode.KERNEL
    assert "judged by the kernel" in guard_words()
    done = run_job("words", {}, policy=Policy(), deadline=60, module=OUTER)
    assert "cannot judge connections in the kernel" in done.result["words"]

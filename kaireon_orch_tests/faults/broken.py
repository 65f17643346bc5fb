"""Targets that keep no promise, for the harness to catch: `deadly`, with `payload["stop"]["broken"]` done to the target.

`apart`: rows are committed in one transaction, the ledger's entry in the next. `littering`: a staging file is left by
loads that do not end. `losing`: the last batch is forgotten.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.worker import run
from kaireon_orch_tests.faults import deadly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Run with the target broken, and stop where it is said."""
    opened = run.open_target
    break_ = BREAKS[job.payload["stop"]["broken"]]

    @contextmanager
    def open_target(job: Job, connector: Mapping[str, Any]) -> Iterator[Any]:
        with opened(job, connector) as target:
            begin = target.begin

            def begun(*given: Any) -> Any:
                load = begin(*given)
                break_(job, target, load, given)
                return load

            vars(target)["begin"] = begun
            yield target

    run.open_target = open_target
    return deadly.work(job)


def apart(job: Job, target: Any, load: Any, given: tuple[Any, ...]) -> None:
    """The rows under another name, then the entry alone."""
    commit = load.commit

    def committed(entry: Any) -> Any:
        commit(replace(entry, load_id=f"{entry.load_id}, its rows"))
        return type(load).commit(target.begin(*given), entry)

    load.commit = committed


def littering(job: Job, target: Any, load: Any, given: tuple[Any, ...]) -> None:
    """A file beside the target's, removed at the commit alone."""
    path = Path(job.payload["target"]["config"]["path"]).with_name("staging")
    path.touch()
    commit = load.commit

    def committed(entry: Any) -> Any:
        done = commit(entry)
        path.unlink()
        return done

    load.commit = committed


def losing(job: Job, target: Any, load: Any, given: tuple[Any, ...]) -> None:
    """The first batch is all that is written."""
    write = load.write
    written: list[Any] = []

    def once(batch: Any) -> None:
        if not written:
            write(batch)
        written.append(batch)

    load.write = once


BREAKS: Mapping[str, Callable[[Job, Any, Any, tuple[Any, ...]], None]] = {
    "apart": apart,
    "littering": littering,
    "losing": losing,
}

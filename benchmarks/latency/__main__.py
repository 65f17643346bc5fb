"""From a launch to ten committed rows, beside a trivial asset in Dagster's stock set-up on the same instance.

    python -m benchmarks.latency [--quick]

In turns, so that both sides meet the same machine: `POST /pipelines/{id}/run` and the UI's own launch of the asset, each
until the rows are committed and until Dagster shows the run as finished; and the stock run (DefaultRunLauncher,
multiprocess executor) until it is finished. Medians in seconds. Then thirty launches at once over the API.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from benchmarks.dagster_stage import STOCK, Stage, committed, staged, until

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE: Final = 30
RUN_SECONDS: Final = 180.0

# As the UI's button "Materialize" sends it.
_LAUNCH: Final = """mutation LaunchPipelineExecution($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message} ... on InvalidSubsetError {message}}}"""
_STATUS: Final = "query ($run: ID!) {runOrError(runId: $run) {... on Run {status}}}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="10 pipelines, SQLite, two turns")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--pipelines", type=int, nargs="+", default=[10, 1000])
    parser.add_argument(
        "--storage", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"]
    )
    given = parser.parse_args()
    if given.quick:
        given.times, given.pipelines, given.storage = 2, [10], ["sqlite"]
    print(
        "| storage | pipelines | | committed | finished | stock finished | ratio committed | ratio finished |"
    )
    print("|---|---:|---|---:|---:|---:|---:|---:|")
    for storage in given.storage:
        for count in given.pipelines:
            with staged(storage, count, stock=True) as stage:
                _compare(stage, storage, count, given.times)
                _burst(stage, storage, count)


def _compare(stage: Stage, storage: str, count: int, times: int) -> None:
    pipeline = _pipeline(stage)
    took: dict[str, list[tuple[float, float]]] = {"API": [], "UI": [], STOCK: []}
    for turn in range(times + 1):  # the first warms the disk's cache
        turns = (
            ("API", lambda: _over_api(stage, pipeline)),
            ("UI", lambda: _launched(stage, "kaireon_orch", ["default", "p0"])),
            (STOCK, lambda: _launched(stage, STOCK, ["stock_0"])),
        )
        for name, launch in turns:
            measured = _measured(stage, launch, pipeline if name != STOCK else None)
            took[name] += [measured] if turn else []
    stock = statistics.median(finished for _, finished in took[STOCK])
    for name in ("API", "UI"):
        rows, end = (statistics.median(column) for column in zip(*took[name], strict=True))
        ratios = f"{rows / stock:.2f} | {end / stock:.2f}"
        print(
            f"| {storage} | {count} | {name} | {rows:.2f} | {end:.2f} | {stock:.2f} | {ratios} |", flush=True
        )


def _measured(stage: Stage, launch: Callable[[], str], pipeline: str | None) -> tuple[float, float]:
    """Seconds to the rows (of ours) and to the end of Dagster's run."""
    before = committed(stage.registry, pipeline) if pipeline else 0
    began = time.perf_counter()
    run = launch()
    rows = 0.0
    if pipeline:
        until(lambda: committed(stage.registry, pipeline) > before, RUN_SECONDS)
        rows = time.perf_counter() - began
    until(lambda: _ended(stage, run), RUN_SECONDS)
    return rows, time.perf_counter() - began


def _burst(stage: Stage, storage: str, count: int) -> None:
    """Thirty launches at once, each from a client of its own."""
    pipeline = _pipeline(stage)
    before = committed(stage.registry, pipeline)
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as clients:
        list(clients.map(lambda _: _over_api(stage, pipeline), range(AT_ONCE)))
    launched = time.perf_counter() - began
    until(lambda: committed(stage.registry, pipeline) >= before + AT_ONCE, RUN_SECONDS)
    ended = time.perf_counter() - began
    print(
        f"\n{storage}, {count} pipelines: {AT_ONCE} runs at once: {launched / AT_ONCE:.2f} s each to launch, all rows "
        f"committed after {ended:.1f} s\n",
        flush=True,
    )


def _pipeline(stage: Stage) -> str:
    found: dict[str, Any] = stage.get("/api/v1/pipelines?q=p0&limit=100")
    return str(next(each["id"] for each in found["data"] if each["name"] == "p0"))


def _over_api(stage: Stage, pipeline: str) -> str:
    return str(stage.post(f"/api/v1/pipelines/{pipeline}/run", {})["runId"])


def _launched(stage: Stage, location: str, key: list[str]) -> str:
    selector = {
        "repositoryLocationName": location,
        "repositoryName": "__repository__",
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": key}],
        "assetCheckSelection": [],
    }
    params = {
        "mode": "default",
        "executionMetadata": {"tags": []},
        "runConfigData": "{}",
        "selector": selector,
    }
    answer = stage.ask(_LAUNCH, params=params)["launchPipelineExecution"]
    if answer["__typename"] != "LaunchRunSuccess":
        raise RuntimeError(str(answer))
    return str(answer["run"]["runId"])


def _ended(stage: Stage, run: str) -> bool:
    status = stage.ask(_STATUS, run=run)["runOrError"]["status"]
    if status in {"FAILURE", "CANCELED"}:
        raise RuntimeError(f"the run {run} is {status}")
    return bool(status == "SUCCESS")


if __name__ == "__main__":
    main()

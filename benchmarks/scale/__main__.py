"""What grows with the number of pipelines, all of them scheduled over 50 pairs of a cron and a time zone.

    python -m benchmarks.scale [--pipelines 100 1000 10000]
    python -m benchmarks.scale --profile --pipelines 1000      where the building of definitions spends its time

One code location, its code server, web server, reload and API as `kaireon up` starts them, on SQLite. For each count:
the load in a process of its own (seconds and memory), its snapshot, what a change costs and when the UI shows it, a
schedule's tick that finds a fiftieth of all pipelines due, what the UI's pages ask, and the API's list and plan.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.dagster_stage import OPERATOR, Stage, staged, until
from kaireon_orch.control import pipelines

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS: Final = (100, 1000, 10_000)
SHOWN_SECONDS: Final = 180.0

# A process as the code server's own: what it has imported before is not the location's doing.
_LOAD: Final = """
import json, resource, time
import kaireon_orch.definitions as location
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

def rss():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

before, began = rss(), time.perf_counter()
repository = location.defs().get_repository_def()
repository.load_all_definitions()
loaded, own = time.perf_counter() - began, rss() - before
began = time.perf_counter()
snapshot = serialize_value(RepositorySnap.from_def(repository))
shot = time.perf_counter() - began
print(json.dumps([loaded, own, rss(), shot, len(snapshot) / 2**20]))
"""
_TICK: Final = """
import json, time
from datetime import datetime, timezone
from dagster import build_schedule_context
import kaireon_orch.definitions as location

repository = location.defs().get_repository_def()
schedule = min(repository.schedule_defs, key=lambda each: each.name)
due = datetime(2026, 3, 1, 0, tzinfo=timezone.utc)
took = []
for _ in range(3):
    with build_schedule_context(scheduled_execution_time=due, repository_def=repository) as context:
        began = time.perf_counter()
        requests = schedule.evaluate_tick(context).run_requests
        took.append(time.perf_counter() - began)
print(json.dumps([min(took), len(requests or ())]))
"""

_PAGES: Final = {
    "asset graph": """{assetNodes {id assetKey {path} groupName isMaterializable kinds description
      dependencyKeys {path} dependedByKeys {path} repository {name location {name}} jobNames opNames}}""",
    "catalogue": """{assetsOrError(limit: 1000) {... on AssetConnection {nodes {id key {path} definition {id groupName kinds
      description owners {__typename} tags {key value}}}}}}""",
    "an asset": """{assetNodeOrError(assetKey: {path: ["default", "p0"]}) {... on AssetNode {id description groupName kinds
      metadataEntries {label} dependencyKeys {path} assetMaterializations(limit: 1) {runId} opNames jobNames}}}""",
    "schedules": """{schedulesOrError(repositorySelector: {repositoryName: "__repository__",
      repositoryLocationName: "kaireon_orch"}) {... on Schedules {results {name cronSchedule
      futureTicks(limit: 1) {results {timestamp}}}}}}""",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipelines", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    columns: dict[int, dict[str, str]] = {}
    for count in given.pipelines:
        with staged("sqlite", count, stock=False, scheduled=True) as stage:
            if given.profile:
                _profile()
            else:
                columns[count] = _measured(stage)
                print(f"{count}: {json.dumps(columns[count])}", flush=True)
    if columns:
        _table(columns)


def _measured(stage: Stage) -> dict[str, str]:
    load, own, whole, shot, size = _apart(_LOAD)
    tick, due = _apart(_TICK)
    rebuilt, shown = _change(stage)
    found = {
        "load: read and build all definitions": f"{load:.2f} s",
        "load: memory of its own / of the process": f"{own:.0f} / {whole:.0f} MB",
        "snapshot: make it / size": f"{shot:.2f} s / {size:.1f} MB",
        "a change: built anew in the process": f"{rebuilt:.2f} s",
        "a change: from the API's answer to the UI": f"{shown:.2f} s",
        "a tick that finds those due": f"{tick:.3f} s ({due:.0f} due)",
    }
    found |= {f"UI: {name}": _seconds(lambda query=query: stage.ask(query)) for name, query in _PAGES.items()}
    return found | {f"API: {name}": _seconds(act) for name, act in _api(stage).items()}


def _api(stage: Stage) -> dict[str, Callable[[], object]]:
    first = stage.get("/api/v1/pipelines?limit=1")["data"][0]["id"]
    return {
        "list, 100 of all": lambda: stage.get("/api/v1/pipelines?limit=100"),
        "list, by a word": lambda: stage.get("/api/v1/pipelines?q=p99&limit=100"),
        "one pipeline": lambda: stage.get(f"/api/v1/pipelines/{first}"),
        "its plan (connects)": lambda: stage.get(f"/api/v1/pipelines/{first}/plan"),
    }


def _change(stage: Stage) -> tuple[float, float]:
    """Seconds to build anew after one change, and from one more change until the web server's answer has it."""
    from kaireon_orch.orchestration.building import Builder  # noqa: PLC0415  imports Dagster
    from kaireon_orch.orchestration.translator import PipelineTranslator  # noqa: PLC0415  as above

    first = stage.get("/api/v1/pipelines?limit=1")["data"][0]
    builder = Builder(PipelineTranslator())
    builder.build().get_repository_def().load_all_definitions()
    _described(stage, first["id"], "once")
    began = time.perf_counter()
    builder.rebuild().get_repository_def().load_all_definitions()
    rebuilt = time.perf_counter() - began
    took = []
    for words in ("twice", "three times", "four times"):
        _described(stage, first["id"], words)
        took.append(until(lambda words=words: _shown(stage, first["assetKey"]) == words, SHOWN_SECONDS))
    return rebuilt, statistics.median(took)


def _described(stage: Stage, pipeline: str, words: str) -> None:
    pipelines.change(stage.registry, OPERATOR, pipeline, {"description": words})


def _shown(stage: Stage, key: list[str]) -> str | None:
    query = "query ($key: AssetKeyInput!) {assetNodeOrError(assetKey: $key) {... on AssetNode {description}}}"
    return str(stage.ask(query, key={"path": key})["assetNodeOrError"].get("description")).split(",")[0]


def _apart(code: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _seconds(act: Callable[[], Any]) -> str:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return f"{statistics.median(took):.3f} s"


def _profile() -> None:
    from kaireon_orch.orchestration.building import Builder  # noqa: PLC0415  imports Dagster
    from kaireon_orch.orchestration.translator import PipelineTranslator  # noqa: PLC0415  as above

    profile = cProfile.Profile()
    profile.runcall(lambda: Builder(PipelineTranslator()).build().get_repository_def().load_all_definitions())
    pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


def _table(columns: dict[int, dict[str, str]]) -> None:
    print("\n| | " + " | ".join(f"{count:,}" for count in columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join(column[name] for column in columns.values()) + " |")


if __name__ == "__main__":
    main()

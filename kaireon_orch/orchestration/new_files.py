"""The sensor of new files: it starts pipelines whose files appeared or changed, once nobody writes to them any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagster import DefaultSensorStatus, RunRequest, SensorEvaluationContext, SensorResult, SkipReason, sensor

from kaireon_orch.control import triggers, watching
from kaireon_orch.control.automation import NEW_FILES
from kaireon_orch.control.watching import Files
from kaireon_orch.errors import KaireonError
from kaireon_orch.orchestration.names import asset_key
from kaireon_orch.orchestration.opening import open_registry, or_skip
from kaireon_orch.orchestration.requests import tags_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dagster import AssetKey, SensorDefinition
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.triggers import Watched

SENSOR = "kaireon_new_files"
LOOK_SECONDS = 15
BUDGET_SECONDS = 30.0
"""How long one tick looks; Dagster gives up on a tick after 60."""

MOST_A_TICK = 1000
LONGEST_WAIT = 20
"""Looks after which files that never rest are read all the same; what changes while it is read ends that run."""

State = dict[str, Any]
"""Of one pipeline in the cursor: `done` is the newest file that a run was started for, `[nanoseconds, name]`; `seen` the
digest at the last look where it was another one, `waits` how often it was."""


def new_files_sensors(
    pipelines: Iterable[PinnedPipeline], jobs: Sequence[UnresolvedAssetJobDefinition]
) -> list[SensorDefinition]:
    """The one sensor of all pipelines that new files start; none where there is no such pipeline."""
    known = {asset_key(*each.asset_key) for each in pipelines if _watches(each)}
    return [_sensor(known, jobs)] if known else []


def _watches(pipeline: PinnedPipeline) -> bool:
    wanted = pipeline.pipeline.get("automation")
    return wanted is not None and wanted["kind"] == NEW_FILES


def _sensor(known: Collection[AssetKey], jobs: Sequence[UnresolvedAssetJobDefinition]) -> SensorDefinition:
    @sensor(
        name=SENSOR,
        jobs=jobs,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Starts the enabled pipelines whose automation is new_files when files appear or change.",
    )
    @or_skip
    def tick(context: SensorEvaluationContext) -> SensorResult:
        with open_registry() as registry:
            wanted = [each for each in triggers.by_files(registry) if _key(each) in known]
            before = Cursor.read(context.cursor)
            turn = before.turn(wanted)
            seen = watching.look(registry, turn, BUDGET_SECONDS)
        return Tick(before, wanted, turn, seen).result()

    return tick


class Cursor:
    """What the sensor remembers, as JSON: a `State` for each pipeline that there is, and whose turn it is to be first."""

    def __init__(self, pipelines: Mapping[str, State], first: str = "") -> None:
        self.pipelines = pipelines
        self.first = first

    @classmethod
    def read(cls, text: str | None) -> Cursor:
        """Of the sensor's cursor; None: nothing was looked at yet."""
        told = json.loads(text) if text else {}
        return cls(told.get("pipelines", {}), told.get("first", ""))

    def write(self) -> str:
        told = {"pipelines": dict(self.pipelines), "first": self.first}
        return json.dumps(told, separators=(",", ":"), sort_keys=True)

    def turn(self, wanted: Sequence[Watched]) -> list[Watched]:
        """Those to look at now: from `first` on and around, so that what one tick does not reach the next one does."""
        later = [each for each in wanted if each.trigger.id >= self.first]
        sooner = [each for each in wanted if each.trigger.id < self.first]
        return [*later, *sooner][:MOST_A_TICK]


class Tick:
    """One look: what it starts, what it remembers, what it says."""

    def __init__(
        self, before: Cursor, wanted: Sequence[Watched], turn: Sequence[Watched], seen: watching.Seen
    ) -> None:
        self._before = before
        self._wanted = wanted
        self._turn = turn
        self._seen = seen
        self._states: dict[str, State] = {}
        self._requests: list[RunRequest] = []
        self._waiting = 0

    def result(self) -> SensorResult:
        for each in self._wanted:
            self._judge(each)
        after = Cursor(self._states, self._next())
        words = None if self._requests else SkipReason(self._words())
        return SensorResult(run_requests=self._requests or None, skip_reason=words, cursor=after.write())

    def _judge(self, watched: Watched) -> None:
        before = self._before.pipelines.get(watched.trigger.id, {})
        files = self._seen.get(watched.trigger.id)
        after = judged(before, files) if isinstance(files, Files) else before
        self._states[watched.trigger.id] = after
        if isinstance(files, Files) and after.get("done") != before.get("done"):
            self._requests.append(_request(watched, files))
        self._waiting += "seen" in after

    def _next(self) -> str:
        """Who is first at the next tick: whom this one did not reach, but never the same one twice for nothing."""
        missed = [each.trigger.id for each in self._turn if each.trigger.id not in self._seen]
        if missed and len(missed) == len(self._turn):
            return missed[1] if len(missed) > 1 else ""
        rest = [each.trigger.id for each in self._wanted if each not in self._turn]
        return missed[0] if missed else next(iter(rest), "")

    def _words(self) -> str:
        told = [f"{self._count('pipeline')} looked at, no file is new."]
        if self._waiting:
            told.append(f"{self._waiting} of them wait until nobody writes to their files.")
        told += sorted({error.message for error in self._seen.values() if isinstance(error, KaireonError)})[
            :5
        ]
        if (left := len(self._wanted) - len(self._seen)) > 0:
            told.append(f"The next look goes on with {left} more.")
        return " ".join(told)

    def _count(self, what: str) -> str:
        count = len(self._seen)
        return f"{count} {what}" if count == 1 else f"{count} {what}s"


def judged(before: State, files: Files) -> State:
    """The state after a look; its `done` has moved where a run is to be started.

    Files are new where the newest is newer than the last one that a run was started for. They are read once two looks
    found the same.
    """
    done = before.get("done")
    rested = {} if done is None else {"done": done}
    if files.newest is None or (done is not None and list(files.newest) <= done):
        return rested
    waits = before.get("waits", 0)
    if before.get("seen") == files.print or waits >= LONGEST_WAIT:
        return {"done": list(files.newest)}
    return {**rested, "seen": files.print, "waits": waits + 1}


def _key(watched: Watched) -> AssetKey:
    return asset_key(watched.trigger.tenant, watched.trigger.asset_name)


def _request(watched: Watched, files: Files) -> RunRequest:
    """One run for one state of the files, however often the tick is evaluated."""
    return RunRequest(
        run_key=f"{watched.trigger.id}:files:{files.print}",
        job_name=watched.trigger.job,
        asset_selection=[_key(watched)],
        tags=tags_of(watched.trigger),
    )

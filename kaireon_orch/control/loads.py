"""The load of one run, in the guarded child: what it is given, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.control import remembered, sources, tenants, warehouse
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.run_records import CORRECTED
from kaireon_orch.control.run_requests import Figures
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Event

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.readiness import Ready
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_requests import RunRequest
    from kaireon_orch.control.run_watch import RunWatch


@dataclass(frozen=True, slots=True)
class Load:
    """A run that is ready to load. `row_limit` is the cap that holds, in rows; 0 and None: none."""

    registry: Registry
    run: RunRequest
    ready: Ready
    row_limit: int | None
    watch: RunWatch
    cancel: Event

    def perform(self) -> Mapping[str, Any]:
        """The child's result; for a type that is coming soon, words alone, and nothing is touched. Raises `Fault`."""
        if self.cancel.is_set():
            raise Fault(FaultCode.CANCELED, "The run was canceled before it began.")
        spec, source = self.ready.spec, self.ready.source
        if source is None:
            return self._nothing(
                f"{spec.label} is coming soon: nothing was read, and the target was not touched."
            )
        if not catalogue.built(spec.type):
            words = f"Reading from {spec.label} is not built yet; nothing was contacted."
            raise Fault(FaultCode.NOT_BUILT, words)
        pipeline = self.run.pipeline
        self.watch.say(
            "info", f"From {source.name} ({spec.label}) into {pipeline.table}, {pipeline.load_mode}."
        )
        return self._in_child(source)

    def _nothing(self, words: str) -> Mapping[str, Any]:
        self.watch.say("info", words)
        return {"message": words}

    def _in_child(self, source: OpenedConnector) -> Mapping[str, Any]:
        target = self.ready.target
        try:
            return run_job(
                "run",
                self._payload(source),
                policy=policy_for(
                    self.registry, [source, target] if target else [source], warehouse=target is None
                ),
                deadline=float(self.run.pipeline.pipeline["maxRuntimeSeconds"]),
                on_event=self._tell,
                cancel=self.cancel,
            ).result
        except Fault as fault:
            if (committed := self._committed_all_the_same(fault)) is not None:
                return committed
            if self.cancel.is_set() and fault.fault is FaultCode.CHILD_DIED:
                raise Fault(FaultCode.CANCELED, "The run was canceled.") from None
            raise

    def _committed_all_the_same(self, fault: Fault) -> Mapping[str, Any] | None:
        """What the ledger keeps of a run whose child ended in the middle of its commit; None for nothing."""
        if not self.watch.committing or fault.fault not in remembered.UNSURE:
            return None
        run = self.run
        try:
            kept = remembered.entries(self.registry, run.pipeline, self.ready.target, [run.run_id])
        except Fault:
            return None  # the next run asks again
        entry = kept.get(run.run_id)
        return (
            None if entry is None else {**entry["figures"], "receipt": entry["receipt"], "message": CORRECTED}
        )

    def _payload(self, source: OpenedConnector) -> dict[str, Any]:
        """What the child's job takes: it holds the credentials of both ends, and no key of ours."""
        run, target = self.run, self.ready.target
        pipeline = dict(run.pipeline.pipeline)
        pipeline["source"] = sources.effective(source.spec, source.config, pipeline["source"])
        pipeline["verify"] = run.verify or pipeline["verify"]
        hashed = pipeline["columns"].get("hash")
        return {
            "runId": run.run_id,
            "pipeline": pipeline,
            "source": source.for_child(),
            "target": target.for_child() if target else warehouse.connector(self.registry.settings),
            "targetTable": pipeline["target"],
            "rowLimit": self.row_limit or None,
            "fullRefresh": run.full_refresh,
            "window": run.window,
            "tally": run.tally,
            "hashKey": tenants.hash_key(self.registry, run.tenant) if hashed else None,
        }

    def _tell(self, event: Mapping[str, Any]) -> None:
        if "progress" in event:
            self.watch.progress(Figures.of(event["progress"]))
        if "committing" in event:
            self.watch.committing = True
        if "log" in event:
            self.watch.say(event["log"]["level"], event["log"]["message"])

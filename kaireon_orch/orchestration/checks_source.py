"""The deep test of a connector as a check of each external asset that pipelines read: one op a connector, few as they are.

It blocks: a run for which the check was selected too does not load from a table that cannot be read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetObservation,
    MetadataValue,
    TableRecord,
    multi_asset_check,
)

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status
from kaireon_orch.control import examining
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.examining import Examined, Wanted
from kaireon_orch.errors import KaireonError
from kaireon_orch.orchestration.failures import end_of
from kaireon_orch.orchestration.metadata import source_columns, source_of
from kaireon_orch.orchestration.names import pool_name
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.verdicts import Verdict

if TYPE_CHECKING:
    from dagster import AssetChecksDefinition

    from kaireon_orch.control.pinned import PinnedPipeline

CONNECTOR_TEST: Final = "connector_test"
JOB: Final = "kaireon_connector_tests"
_WORDS: Final = "The connector's credentials work, what pipelines read of it can be read, and their columns are there and indexed."


@dataclass(frozen=True, slots=True)
class Connector:
    """Whose checks they are, and what is read of it by the key of its external asset."""

    tenant: str
    id: str
    resource_key: str
    reads: Mapping[AssetKey, Wanted]

    def checks(self) -> "AssetChecksDefinition":
        """A check of each thing that is read; any of them runs alone, all of them with one test of the connector."""
        specs = [
            AssetCheckSpec(CONNECTOR_TEST, asset=key, description=_WORDS, blocking=True) for key in self.reads
        ]

        @multi_asset_check(
            name=f"test__{self.tenant}__{self.resource_key}",
            specs=specs,
            can_subset=True,
            pool=pool_name(self.tenant, self.resource_key),
        )
        def test(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
            keys = [each.asset_key for each in context.selected_asset_check_keys]
            examined = _examined(self, {key: self.reads[key] for key in keys})
            for key in keys:
                columns = examined.reads.get(key.to_string(), {}).get("columns")
                if columns:
                    context.op_execution_context.log_event(_observation(key, columns))
                yield _verdict(examined, key).result(key, CONNECTOR_TEST)

        return test


class SourceTests:
    """The tests of connectors, made again and again, and only anew for one of which something else is read."""

    def __init__(self) -> None:
        self._built: dict[str, tuple[Connector, AssetChecksDefinition]] = {}

    def of(self, pipelines: "Iterable[PinnedPipeline]") -> "list[AssetChecksDefinition]":
        """The checks of what the pipelines read, an op a connector."""
        found = connectors_of(pipelines)
        self._built = {each.id: self._kept(each) or (each, each.checks()) for each in found}
        return [checks for _, checks in self._built.values()]

    def _kept(self, connector: Connector) -> "tuple[Connector, AssetChecksDefinition] | None":
        kept = self._built.get(connector.id)
        return kept if kept is not None and kept[0] == connector else None


def connectors_of(pipelines: "Iterable[PinnedPipeline]") -> list[Connector]:
    """The connectors that pipelines read of outside, those alone that can be read at all."""
    found: dict[tuple[str, str, str], dict[AssetKey, Wanted]] = {}
    for pipeline in pipelines:
        source = pipeline.source
        if pipeline.reads or not _readable(source["type"]):
            continue
        whose = (pipeline.tenant, source["id"], source["resourceKey"])
        reads, key = found.setdefault(whose, {}), source_of(pipeline)
        reads[key] = _with_columns(reads.get(key), pipeline)
    return [Connector(*whose, reads) for whose, reads in found.items()]


def _readable(type_: str) -> bool:
    return catalogue.built(type_) and catalogue.spec(type_).status is Status.READY


def _with_columns(known: Wanted | None, pipeline: "PinnedPipeline") -> Wanted:
    """What a pipeline needs of its source, beside what others do that read the same."""
    columns = [] if known is None else list(known.columns)
    columns += [column for column in _columns(pipeline.pipeline) if column not in columns]
    return Wanted(pipeline.pipeline.get("source") or {}, columns)


def _columns(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The columns that a pipeline names, by the source's names: it says most of them as they are after renaming."""
    renamed = {new: old for old, new in ((definition.get("columns") or {}).get("rename") or {}).items()}
    partition = (definition.get("partition") or {}).get("column")
    named = [("cursorField", definition.get("cursorField")), ("partition", partition)]
    named += [("primaryKey", name) for name in definition.get("primaryKey") or ()]
    for use, name in named:
        if name:
            yield {"name": renamed.get(name, name), "use": use, "index": use != "primaryKey"}


def _examined(connector: Connector, wanted: Mapping[AssetKey, Wanted]) -> Examined:
    named = {key.to_string(): each for key, each in wanted.items()}
    try:
        with open_registry() as registry:
            caller = Caller.operator(connector.tenant, "dagster")
            return examining.examine(registry, caller, connector.id, named)
    except KaireonError as error:
        failure = end_of(error)
    raise failure from None


def _verdict(examined: Examined, key: AssetKey) -> Verdict:
    test = examined.test
    told = [each.model_dump() for each in test.checks]
    if not test.success:
        return Verdict(False, f"{test.code}: {test.message}", {"steps": _table(told), "code": test.code})
    steps = examined.reads[key.to_string()]["steps"]
    figures = {"steps": _table([*told, *steps]), "latency_ms": test.latency_ms}
    for step in steps:
        if step["ok"] is False:
            return Verdict(False, f"{step['code']}: {step['message']}", figures | {"code": step["code"]})
    unsaid = [step["message"] for step in steps if step["ok"] is None]
    return Verdict(not unsaid, " ".join(unsaid) or "It can be read.", figures, warns=True)


def _table(steps: Sequence[Mapping[str, Any]]) -> MetadataValue:
    words = {True: "yes", False: "no", None: "-"}
    records = [{"step": each["name"], "ok": words[each["ok"]], "message": each["message"]} for each in steps]
    return MetadataValue.table([TableRecord(record) for record in records])


def _observation(key: AssetKey, columns: Sequence[Mapping[str, Any]]) -> AssetObservation:
    return AssetObservation(key, metadata={"dagster/column_schema": source_columns(columns)})

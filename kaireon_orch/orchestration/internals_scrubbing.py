"""What of Dagster is used, though it is not its documented API, to keep known secrets out of what it stores.

Its contract test is `test_scrubbing`. Where a version lacks one of these, `DAGSTER_REDACT_USER_CODE_ERRORS` stands in,
which hides what user code raises altogether.
"""

from __future__ import annotations

import functools
import json
import logging
import os
from typing import TYPE_CHECKING, Any, Final

from dagster import DagsterEvent, DagsterInstance, EventLogEntry
from dagster._serdes import deserialize_value, serialize_value
from dagster_shared.error import SerializableErrorInfo

if TYPE_CHECKING:
    import traceback

    from dagster._core.execution.plan.objects import StepFailureData

    from kaireon_orch.orchestration.known_secrets import KnownSecrets

LOG = logging.getLogger(__name__)

STANDS_IN: Final = "DAGSTER_REDACT_USER_CODE_ERRORS"
_DONE: Final = "kaireon_scrubs"
# What an event is about: changed, it would be another's. None of it is user code's to fill at run time but partitions,
# which are names.
_IDENTITY: Final = frozenset(
    {
        "__class__",
        "__enum__",
        "event_type_value",
        "job_name",
        "mapping_key",
        "output_name",
        "partition",
        "pipeline_name",
        "run_id",
        "step_key",
    }
)
_IDENTITIES: Final = frozenset({"AssetKey", "AssetCheckKey", "NodeHandle", "SolidHandle", "StepHandle"})


def _unwrapped(owner: type, name: str) -> Any:  # noqa: ANN401  a method of Dagster's
    """The method, unless it is wrapped already, or gone: Dagster's own redaction then stands in for it."""
    method = getattr(owner, name, None)
    if method is None:
        os.environ.setdefault(STANDS_IN, "1")
    return None if hasattr(method, _DONE) else method


def scrub_errors(known: KnownSecrets) -> None:
    """Errors that become text for Dagster, with their causes, contexts and notes, are without known secrets."""
    made = _unwrapped(SerializableErrorInfo, "from_traceback")
    if made is None:
        return

    @functools.wraps(made)
    def from_traceback(
        cls: type[SerializableErrorInfo], error: traceback.TracebackException
    ) -> SerializableErrorInfo:
        return _scrubbed_error(made.__func__(cls, error), known)

    setattr(from_traceback, _DONE, True)
    SerializableErrorInfo.from_traceback = classmethod(from_traceback)  # type: ignore[assignment, method-assign]


def scrub_events(known: KnownSecrets) -> None:
    """Events that the instance keeps, metadata and log lines included, are without known secrets."""
    keep = _unwrapped(DagsterInstance, "handle_new_event")
    if keep is None:
        return

    @functools.wraps(keep)
    def handle_new_event(self: DagsterInstance, event: EventLogEntry, **more: Any) -> None:  # noqa: ANN401  Dagster's
        keep(self, scrubbed(event, known), **more)

    setattr(handle_new_event, _DONE, True)
    DagsterInstance.handle_new_event = handle_new_event  # type: ignore[assignment, method-assign]


def scrub_failures(known: KnownSecrets) -> None:
    """What a failed step tells its run, which stores it again from another process, is without known secrets."""
    tell = _unwrapped(DagsterEvent, "step_failure_event")
    if tell is None:
        return

    @functools.wraps(tell)
    def step_failure_event(
        step_context: Any,  # noqa: ANN401  Dagster's own
        step_failure_data: StepFailureData,
        message: str | None = None,
    ) -> DagsterEvent:
        words = None if message is None else known.scrub(message)
        event: DagsterEvent = tell(step_context, scrubbed(step_failure_data, known), words)
        return event

    setattr(step_failure_event, _DONE, True)
    DagsterEvent.step_failure_event = staticmethod(step_failure_event)  # type: ignore[method-assign]


def scrubbed(told: Any, known: KnownSecrets) -> Any:  # noqa: ANN401  whatever Dagster serialises
    """What Dagster serialises: itself where it holds no known secret, else the same with stars in their place."""
    try:
        text = serialize_value(told)
        if not known.hold(text):
            return told
        clean = _without(json.loads(text), known)
        return deserialize_value(json.dumps(clean), type(told))
    except Exception as error:  # noqa: BLE001  an event must be kept whatever user code has put into it
        LOG.warning("An event could not be looked through for secrets: %s.", type(error).__name__)
        return told


def _without(value: Any, known: KnownSecrets) -> Any:  # noqa: ANN401  any JSON value
    match value:
        case str():
            return known.scrub(value)
        case list():
            return [_without(part, known) for part in value]
        case dict() if value.get("__class__") not in _IDENTITIES:
            return {
                name: part if name in _IDENTITY else _without(part, known) for name, part in value.items()
            }
    return value


def _scrubbed_error(error: SerializableErrorInfo, known: KnownSecrets) -> SerializableErrorInfo:
    """Its cause and context are scrubbed already: they were made in the same way."""
    return SerializableErrorInfo(
        message=known.scrub(error.message),
        stack=[known.scrub(frame) for frame in error.stack],
        cls_name=error.cls_name,
        cause=error.cause,
        context=error.context,
    )

"""Looking into a source without loading it: what can be read, and its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status
from kaireon_orch.control import audit, breaker, pages
from kaireon_orch.control.caller import require
from kaireon_orch.control.connector_rows import ENTITY
from kaireon_orch.control.connectors import WRITERS
from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.shapes import Shape, complaints, names
from kaireon_orch.control.views import View
from kaireon_orch.errors import Fault, FaultCode, InvalidInput, NotRunnable
from kaireon_orch.network.child import run_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry

DEADLINE_SECONDS = 30.0
DEFAULT_ROWS = 50
MAX_ROWS = 500

Wanted = TypeVar("Wanted", bound=Shape)


class ColumnView(View):
    """A column in the source's own words and in Arrow's."""

    name: str
    source_type: str
    arrow_type: str
    nullable: bool
    key: bool


class StreamView(View):
    """One readable thing; `rowEstimate` is None where the source does not say."""

    name: str
    namespace: str | None
    columns: list[ColumnView]
    primary_key: list[str]
    row_estimate: int | None
    cursor_candidates: list[str]


class PreviewColumn(View):
    name: str
    arrow_type: str


class PreviewView(View):
    """The first rows; decimals, and integers that JSON readers round, are strings. `truncated`: there are more rows."""

    columns: list[PreviewColumn] = Field(alias="schema")
    rows: list[dict[str, Any]]
    truncated: bool


class DiscoverRequest(Shape):
    """Which part of the list of streams."""

    limit: Annotated[int, Field(ge=1, le=pages.MAX_LIMIT)] = pages.DEFAULT_LIMIT
    cursor: str | None = None


class PreviewRequest(Shape):
    """What to read, in the form of the type's `source`, and how many rows of it."""

    source: Annotated[dict[str, Any], Field(default_factory=dict)]
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS)] = DEFAULT_ROWS


def discover(
    registry: Registry, caller: Caller, connector_id: str, body: Mapping[str, Any]
) -> pages.Page[StreamView]:
    """A page of the source's streams, in its own order; the cursor is a position in it.

    Raises `NotFound`, `InvalidInput`, `NotRunnable`, `SecretUnreadable`, and `Fault` as a test would name it.
    """
    with audit.refusals(registry, caller, "read", ENTITY, connector_id):
        require(caller, *WRITERS)
        wanted = _read(DiscoverRequest, body)
        start = _position(wanted.cursor)
        opened = _usable(registry, caller, connector_id)
    job = {"connector": opened.for_child(), "offset": start, "limit": wanted.limit}
    return _page(_ask(registry, opened, "discover", job), start, wanted.limit)


def preview(registry: Registry, caller: Caller, connector_id: str, body: Mapping[str, Any]) -> PreviewView:
    """The first rows of a `source`; what the connector's config names already may be left out of it.

    Raises `NotFound`, `InvalidInput`, `NotRunnable`, `SecretUnreadable`, and `Fault` as a test would name it.
    """
    with audit.refusals(registry, caller, "read", ENTITY, connector_id):
        require(caller, *WRITERS)
        wanted = _read(PreviewRequest, body)
        opened = _usable(registry, caller, connector_id)
        _check_source(opened, wanted.source)
    job = {"connector": opened.for_child(), "source": wanted.source, "limit": wanted.limit}
    return PreviewView.model_validate(_ask(registry, opened, "preview", job))


def _usable(registry: Registry, caller: Caller, connector_id: str) -> OpenedConnector:
    """The connector, opened; refused in words that say what to do where it cannot be read from."""
    opened = open_connector(registry, caller.tenant, connector_id)
    if opened.status == "disabled":
        raise NotRunnable("The connector is disabled; set its status to active first.")
    if opened.missing_fields:
        listed = ", ".join(opened.missing_fields)
        raise NotRunnable(f"The connector lacks required fields: {listed}.")
    if lacking := opened.missing_credentials():
        raise NotRunnable(f"The connector lacks credentials: {', '.join(lacking)}.")
    if opened.spec.status is Status.COMING_SOON:
        raise Fault(
            FaultCode.NOT_SUPPORTED, f"{opened.spec.label} is coming soon: nothing can be read from it yet."
        )
    if not catalogue.built(opened.type):
        raise Fault(FaultCode.NOT_BUILT, f"{opened.spec.label} cannot be read from yet.")
    breaker.demand_closed(registry, opened.id)
    return opened


def _ask(registry: Registry, opened: OpenedConnector, kind: str, job: Mapping[str, Any]) -> dict[str, Any]:
    done = run_job(
        kind,
        job,
        policy=policy_for(registry, [opened]),
        deadline=DEADLINE_SECONDS,
        on_deadline=FaultCode.TIMED_OUT,
    )
    return done.result


def _page(result: Mapping[str, Any], start: int, limit: int) -> pages.Page[StreamView]:
    """A source lists its streams without counting them: until the last page `total` is what is known to be there."""
    streams = [StreamView.model_validate(stream) for stream in result["streams"]]
    end, more = start + len(streams), bool(result["more"])
    return pages.Page(streams, end + more, more, limit, str(end) if more else None)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):  # noqa: PLR2004  no source has a billion
        raise pages.bad_cursor()
    return int(cursor)


def _check_source(opened: OpenedConnector, source: Mapping[str, Any]) -> None:
    try:
        opened.spec.source.model_validate(dict(source))
    except ValidationError as error:
        found = complaints(error, source, names(opened.spec.source), "source")
        raise InvalidInput("The source cannot be read as it is written.", found) from None


def _read(shape: type[Wanted], body: Mapping[str, Any]) -> Wanted:
    try:
        return shape.model_validate(dict(body))
    except ValidationError as error:
        raise InvalidInput(
            "The request's body has fields at fault.", complaints(error, body, names(shape))
        ) from None

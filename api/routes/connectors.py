"""Connectors: the page's five calls, the forms with the id in the path, and looking into a source."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import written
from api.bodies import Body, OptionalBody
from api.conditions import IfMatch, PathId, QueryId, one_id, tag
from api.identity import Opened, changes, reads
from api.limits import CountedBody, Tester
from api.paging import Flag, Paging
from api.routes import PREFIX
from api.schemas.bodies import either_body, patch_body, request_body
from api.schemas.envelopes import ListOf, listed
from api.slow import Slow
from kaireon_orch.control import connectors, previews, probing
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.drafts import ConnectorDraft, ConnectorPatch, TestDraft, TestOfStored
from kaireon_orch.control.previews import DiscoverRequest, PreviewRequest, PreviewView, StreamView
from kaireon_orch.control.views import ConnectorView, TestResult

router = APIRouter(prefix=f"{PREFIX}/connectors", tags=["connectors"])

Viewer = Annotated[Caller, reads("connector")]
Creator = Annotated[Caller, changes("create", "connector")]
Changer = Annotated[Caller, changes("update", "connector")]
Deleter = Annotated[Caller, changes("delete", "connector")]
Reader = Annotated[Caller, changes("test", "connector")]  # the audit log has no word of its own for looking
Strict = Annotated[Flag, Query(description="Refuse unknown keys inside `config` and `authConfig`.")]

_WORDS = {
    "name": "Unique in the tenant.",
    "type": "A slug of GET /connector-types.",
    "config": "As the type's `configSchema` says; in a change a JSON Merge Patch (RFC 7396).",
    "connectionConfig": "Another name of `config`; given both, they are merged and `config` wins.",
    "authMethod": "One of the type's; `access_key` stands for its default.",
    "authConfig": "Credentials, as the method's `authSchema` says; in no answer. In a change a merge patch.",
    "resourceKey": "The Python name under which Dagster jobs ask for the connector.",
    "status": "active, inactive, error or disabled; pipelines on a disabled connector do not run.",
}
_CHANGE = patch_body(ConnectorPatch, "ConnectorChange", _WORDS)


@router.get(
    "",
    response_model=ListOf[ConnectorView],
    operation_id="listConnectors",
    summary="Connectors, newest first",
)
def list_connectors(
    registry: Opened,
    caller: Viewer,
    page: Paging,
    type: str | None = None,  # noqa: A002  the contract's name
    status: str | None = None,
    q: Annotated[str | None, Query(description="Searched in name and description.")] = None,
) -> Response:
    found = connectors.list_page(
        registry, caller, limit=page.limit, cursor=page.cursor, type=type, status=status, q=q
    )
    return written(listed(found))


@router.post(
    "",
    status_code=201,
    operation_id="createConnector",
    summary="Create a connector",
    openapi_extra=request_body(ConnectorDraft, _WORDS),
)
def create_connector(
    registry: Opened, caller: Creator, body: Body, response: Response, strict: Strict = False
) -> ConnectorView:
    made = connectors.create(registry, caller, body, strict=strict)
    response.headers["Location"] = f"{PREFIX}/connectors/{made.id}"
    return tag(response, made)


@router.put(
    "",
    operation_id="changeConnector",
    summary="Change the fields given; the id is in the body",
    openapi_extra=_CHANGE,
)
def change_connector(
    registry: Opened,
    caller: Changer,
    body: Body,
    response: Response,
    if_match: IfMatch,
    strict: Strict = False,
) -> ConnectorView:
    changed = connectors.change(registry, caller, one_id(body), body, if_match=if_match, strict=strict)
    return tag(response, changed)


@router.delete("", status_code=204, operation_id="deleteConnector", summary="Delete a connector")
def delete_connector(
    registry: Opened,
    caller: Deleter,
    record: QueryId,
    if_match: IfMatch,
) -> None:
    connectors.delete(registry, caller, record, if_match=if_match)


@router.post(
    "/test",
    operation_id="testConnector",
    summary="Test a stored connector, or a draft that is not stored",
    openapi_extra=either_body("ConnectorTest", TestOfStored, TestDraft, words=_WORDS),
)
async def test_connector(
    request: Request, response: Response, registry: Opened, caller: Tester, body: CountedBody, slow: Slow
) -> TestResult:
    result = await slow.run(probing.test_connector, registry, caller, body)
    if result.connector is not None:
        tag(response, result.connector)
    tested = result.connector.type if result.connector else body.get("type", "deleted")
    request.app.state.meter.tested(tested, result.code)
    return result


@router.get(
    "/{connector_id}", response_model=ConnectorView, operation_id="getConnector", summary="One connector"
)
def get_connector(registry: Opened, caller: Viewer, connector_id: str) -> Response:
    found = connectors.get(registry, caller, connector_id)
    return written(found, {"ETag": found.etag})


@router.put(
    "/{connector_id}",
    operation_id="changeConnectorById",
    summary="Change the fields given",
    openapi_extra=_CHANGE,
)
def change_connector_by_id(
    registry: Opened,
    caller: Changer,
    connector_id: str,
    body: Body,
    response: Response,
    if_match: IfMatch,
    strict: Strict = False,
) -> ConnectorView:
    record = one_id(body, connector_id)
    return tag(response, connectors.change(registry, caller, record, body, if_match=if_match, strict=strict))


@router.delete(
    "/{connector_id}", status_code=204, operation_id="deleteConnectorById", summary="Delete a connector"
)
def delete_connector_by_id(
    registry: Opened, caller: Deleter, connector_id: str, _only: PathId, if_match: IfMatch
) -> None:
    connectors.delete(registry, caller, connector_id, if_match=if_match)


@router.post(
    "/{connector_id}/discover",
    operation_id="discover",
    summary="What can be read from it",
    openapi_extra=request_body(DiscoverRequest, required=False),
)
async def discover(
    registry: Opened,
    caller: Reader,
    connector_id: str,
    body: OptionalBody,
    page: Paging,
    slow: Slow,
) -> ListOf[StreamView]:
    """`limit` and `cursor` may stand in the query, as for every list, or in the body, which wins."""
    wanted = {"limit": page.limit, "cursor": page.cursor, **body}
    return listed(await slow.run(previews.discover, registry, caller, connector_id, wanted))


@router.post(
    "/{connector_id}/preview",
    operation_id="preview",
    summary="The first rows of a source",
    openapi_extra=request_body(PreviewRequest),
)
async def preview(
    registry: Opened, caller: Reader, connector_id: str, body: OptionalBody, slow: Slow
) -> PreviewView:
    return await slow.run(previews.preview, registry, caller, connector_id, body)

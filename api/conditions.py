"""ETag and If-Match (RFC 9110, sections 8.8.3 and 13.1.1), and ids that a request may give twice."""

from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Header, Query, Request, Response

from kaireon_orch.errors import FieldError, InvalidInput

_Declared = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the record must still have, else 412.")
]


async def if_match(request: Request, _declared: _Declared = None) -> str | None:
    """The header's whole list: several lines of a field are one (RFC 9110, section 5.3)."""
    lines = request.headers.getlist("if-match")
    return ", ".join(lines) if lines else None


async def query_id(
    request: Request,
    id: Annotated[str | None, Query(description="Required.")] = None,  # noqa: A002  the contract's name
) -> str:
    """The one id that the query names."""
    if len(set(request.query_params.getlist("id"))) > 1:
        raise _two_records("the query names different records")
    return required_id(id)


async def only_path_id(request: Request) -> None:
    """Refuse a query that names another record than the path."""
    (record,) = request.path_params.values()
    if set(request.query_params.getlist("id")) - {record}:
        raise _two_records("path and query name different records")


IfMatch = Annotated[str | None, Depends(if_match)]
QueryId = Annotated[str, Depends(query_id)]
PathId = Annotated[None, Depends(only_path_id)]


class Tagged(Protocol):
    @property
    def etag(self) -> str: ...


TaggedT = TypeVar("TaggedT", bound=Tagged)


def tag(response: Response, view: TaggedT) -> TaggedT:
    """Set the view's ETag on the response."""
    response.headers["ETag"] = view.etag
    return view


def one_id(body: dict[str, Any], path_id: str | None = None) -> str:
    """The id of the record that a PUT changes.

    Raises:
        InvalidInput: none is given, it is no text, or path and body name different ones.
    """
    if path_id is not None:
        if body.get("id", path_id) != path_id:
            raise _two_records("path and body name different records")
        return path_id
    return required_id(body.get("id"))


def required_id(given: object) -> str:
    """`given` as an id, or InvalidInput that names the field."""
    if not isinstance(given, str) or not given:
        raise InvalidInput("the id of the record is missing", [FieldError("id", "a text is required")])
    return given


def _two_records(words: str) -> InvalidInput:
    return InvalidInput(words, [FieldError("id", "names another record")])

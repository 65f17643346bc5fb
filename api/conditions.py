"""ETag and If-Match (RFC 9110, sections 8.8.3 and 13.1.1), and ids that a request may give twice."""

from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Header, Response

from kaireon_orch.errors import FieldError, InvalidInput

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the record must still have, else 412.")
]


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
            raise InvalidInput(
                "path and body name different records", [FieldError("id", "differs from the path's")]
            )
        return path_id
    return required_id(body.get("id"))


def required_id(given: object) -> str:
    """`given` as an id, or InvalidInput that names the field."""
    if not isinstance(given, str) or not given:
        raise InvalidInput("the id of the record is missing", [FieldError("id", "a text is required")])
    return given

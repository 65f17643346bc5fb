"""The two envelopes of the contract: a page of a list, and an error."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kaireon_orch.control.pages import Page

Item = TypeVar("Item")


class Envelope(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Pagination(Envelope):
    total: int = Field(description="Items in the whole list, with the filters.")
    has_more: bool
    limit: int
    cursor: str | None = Field(description="What to send next; null at the end.")


class ListOf(Envelope, Generic[Item]):
    data: list[Item]
    pagination: Pagination


class Everything(Envelope, Generic[Item]):
    """A list without pages."""

    data: list[Item]


class ProblemDetail(Envelope):
    field: str
    message: str


class ProblemBody(Envelope):
    code: str = Field(description="Stable; decide by it, not by the message.")
    message: str
    status: int
    details: list[ProblemDetail]
    request_id: str


class Problem(Envelope):
    """Every answer that is not a success."""

    error: ProblemBody


def listed(page: Page[Item]) -> ListOf[Item]:
    """A page of a use case in the API's envelope."""
    place = Pagination(total=page.total, has_more=page.has_more, limit=page.limit, cursor=page.cursor)
    return ListOf(data=page.data, pagination=place)

"""What the resources that a run holds have in common: secrets outside of every field, and a masked `repr`.

A field of a Dagster resource may come to stand in a snapshot, and pydantic shows it. So the vendor's client is made by
a function that the live resource keeps to itself; the fields hold at most what is no secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.orchestration.internals import blank_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagster import ConfigurableResource, InitResourceContext
_KEPT = "_kaireon"


class Live:
    """Goes before Dagster's class among the bases; `open_` makes what the resource hands out."""

    @classmethod
    def over(cls, connector: str, open_: Callable[..., Any], **fields: object) -> Self:
        """The resource of `connector`; `fields` are Dagster's own, without secrets."""
        made = cls(**fields)
        object.__setattr__(made, _KEPT, (connector, open_))
        return made

    def opened(self, **which: Any) -> Any:  # noqa: ANN401  the vendor's
        """What `open_` makes. Raises `Fault` NOT_RUNNABLE for a copy that Dagster made of the resource."""
        _, open_ = getattr(self, _KEPT, ("", _refuse))
        return open_(**which)

    def get_resource_definition(self) -> Any:  # noqa: ANN401  Dagster's class has no public name
        """One without fields: a live resource that is put into `Definitions` shows nothing, and does not run."""
        return blank_definition(cast("type[ConfigurableResource[Any]]", type(self)), _refuse)

    def __repr_args__(self) -> Iterator[tuple[str, str]]:
        """The connector's name alone."""
        yield "connector", getattr(self, _KEPT, ("?",))[0]

    def __str__(self) -> str:
        return repr(self)


def _refuse(_: InitResourceContext | None = None, **__: Any) -> Any:  # noqa: ANN401  never returns
    words = (
        "A resource that native() gave is for the place where it was asked for: "
        "give Definitions native_resource(), which is filled when the run starts."
    )
    raise Fault(FaultCode.NOT_RUNNABLE, words)

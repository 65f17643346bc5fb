"""A pipeline's `columns`: which source columns are kept, and what happens to them on their way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from kaireon_orch.control.shapes import Shape
from kaireon_orch.control.type_words import fault_of

Name = Annotated[str, Field(min_length=1, max_length=255)]


def distinct(names: list[str]) -> list[str]:
    """The list where no name stands twice in it; else ValueError."""
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"names {', '.join(twice)} more than once")
    return names


def _type_word(word: str) -> str:
    if fault := fault_of(word):
        raise ValueError(f"{word!r} {fault}")
    return word


def _some(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("is empty: leave it out to keep all columns")
    return names


def _form_of_cast(value: object) -> str:
    return "shape" if isinstance(value, Mapping | Cast) else "word"


Names = Annotated[list[Name], AfterValidator(distinct)]
TypeWord = Annotated[str, AfterValidator(_type_word)]


class Cast(Shape):
    """`{type, allowLoss}`: `allowLoss` lets the cast round or cut."""

    type: TypeWord
    allow_loss: bool = False


class Mask(Shape):
    """`{keepLast: n}`: the last n characters stay; none of them without it."""

    keep_last: Annotated[int, Field(ge=0, le=1000)] = 0


CastTo = Annotated[
    Annotated[TypeWord, Tag("word")] | Annotated[Cast, Tag("shape")], Discriminator(_form_of_cast)
]


class Columns(Shape):
    """All of them speak of the source's names; `rename` is `{old: new}`."""

    include: Annotated[Names, AfterValidator(_some)] | None = None
    exclude: Names = Field(default_factory=list)
    rename: dict[Name, Name] = Field(default_factory=dict)
    cast: dict[Name, CastTo] = Field(default_factory=dict)
    hash: Names = Field(default_factory=list)
    mask: dict[Name, Mask] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _without_contradiction(self) -> Columns:
        for problem in self._contradictions():
            raise ValueError(problem)
        return self

    def _contradictions(self) -> list[str]:
        found = Counter(self.rename.values())
        twice = sorted(name for name, times in found.items() if times > 1)
        pairs: list[tuple[str, Any, Any]] = [
            ("both included and excluded", self.include or [], self.exclude),
            ("both hashed and masked", self.hash, self.mask),
        ]
        shared = [(words, sorted(set(one) & set(other))) for words, one, other in pairs]
        clashes = [f"{', '.join(names)}: {words}" for words, names in shared if names]
        return [f"{', '.join(twice)}: the new name of more than one column"] * bool(twice) + clashes

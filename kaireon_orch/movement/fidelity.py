"""How faithfully a column arrives: from the source's type over Arrow to the table's, and why not exactly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kaireon_orch.families import arrow
from kaireon_orch.movement.plan import Action
from kaireon_orch.movement.types import lossless

if TYPE_CHECKING:
    import pyarrow as pa

    from kaireon_orch.movement.columns import ColumnStep
    from kaireon_orch.movement.plan import Met


class Fidelity(StrEnum):
    """Every value as it was; every value, written otherwise; or something is lost."""

    EXACT = "exact"
    OTHER_FORM = "exact_in_another_form"
    LOSSY = "lossy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty for what is exact."""

    fidelity: Fidelity
    reason: str | None = None


def verdict(given: pa.Field, step: ColumnStep, met: Met) -> Verdict:
    """How `given`, the source's column, arrives by its step in the table's."""
    lossy = _lossy(given, step, met)
    if lossy is not None:
        return Verdict(Fidelity.LOSSY, lossy)
    if same(given, met.becomes):
        return Verdict(Fidelity.EXACT)
    words = f"{meaning(given)} as {meaning(met.becomes)}"
    if not lossless(given, met.becomes):
        words += "; each value is proved, and one that would change is refused"
    return Verdict(Fidelity.OTHER_FORM, words)


def same(one: pa.Field, other: pa.Field) -> bool:
    """Whether two fields have one type and one meaning."""
    return bool(one.type == other.type) and arrow.tag(one) == arrow.tag(other)


def meaning(field: pa.Field) -> str:
    """A field's type in words, or what its text means."""
    return arrow.tag(field) or arrow.type_words(field.type)


def _lossy(given: pa.Field, step: ColumnStep, met: Met) -> str | None:
    if step.hidden:
        return "hashed or masked, as columns says"
    if met.action is Action.REFUSE:
        return met.words if met.refusal is None else met.refusal.message
    if step.loose and not lossless(given, met.becomes):
        return f"{meaning(given)} as {meaning(met.becomes)}: rounded or cut, as allowLoss says"
    return None

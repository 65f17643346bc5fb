"""When a load's rows can go as bytes from end to end, and what becomes of the table's columns then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kaireon_orch.contract.load import SchemaPolicy
from kaireon_orch.contract.raw import RawFit, RawTaking
from kaireon_orch.movement.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.contract.raw import RawRows
    from kaireon_orch.contract.target import Load, Look
    from kaireon_orch.movement.columns import ColumnPlan, ColumnStep
    from kaireon_orch.movement.plan import Met


@dataclass(frozen=True, slots=True)
class Passage:
    """Columns that go as bytes: `columns` by the source's names, in order; `words` are raw types by the table's names.

    `met` is what becomes of all columns, those that are left out among them.
    """

    met: tuple[Met, ...]
    columns: tuple[str, ...]
    words: Mapping[str, str]


def passage(
    raw: RawRows | None, shaped: ColumnPlan, met: Sequence[Met], end: Load | Look, policy: SchemaPolicy
) -> Passage | None:
    """How the rows pass; None where one column does not: the rows then go as Arrow, which can name any value."""
    if raw is None or not isinstance(end, RawTaking) or not end.takes_form(raw.form):
        return None
    pairs = list(zip(shaped.steps, met, strict=True))
    passed = [_passed(raw, step, each, end, policy) for step, each in pairs]
    found = tuple(each for each in passed if each is not None)
    kept = [step for step, each in pairs if each.action is not Action.LEAVE_OUT]
    if len(found) < len(passed) or not kept:
        return None
    words = {str(step.field.name): raw.types[step.source] for step in kept}
    return Passage(found, tuple(step.source for step in kept), words)


def _passed(raw: RawRows, step: ColumnStep, met: Met, end: RawTaking, policy: SchemaPolicy) -> Met | None:
    if met.action is Action.LEAVE_OUT:
        return met
    words = raw.types.get(step.source)
    if words is None or not step.unchanged:
        return None
    if met.column is not None:
        return _into(met, words, end, policy, required=step.source in raw.required)
    return None if met.action is Action.REFUSE else met


def _into(met: Met, words: str, end: RawTaking, policy: SchemaPolicy, *, required: bool) -> Met | None:
    """What becomes of a column that is there. One that takes no NULL only takes what surely has none."""
    column = met.column
    if column is None or not column.writable or not (column.field.nullable or required):
        return None
    fit = end.raw_fit(words, column.native)
    if fit is RawFit.KEEP:
        return replace(met, becomes=column.field, action=Action.KEEP, refusal=None)
    if fit is RawFit.WIDEN and policy is not SchemaPolicy.DISCARD:
        return replace(met, becomes=met.given, action=Action.WIDEN, refusal=None)
    return None

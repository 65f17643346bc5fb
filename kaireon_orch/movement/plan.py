"""What a load will do to its table, decided before a row is written: create, add, widen, leave out, or refuse."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.contract.load import SchemaPolicy, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement.types import adaptable, castable, loss, lossless, widens

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kaireon_orch.contract.load import TableShape, TargetColumn
    from kaireon_orch.contract.target import Target


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms columns meet a table's.

    `loose` columns may be rounded or cut. With `by_value` a column that would not keep every value is taken all the
    same where each value can be proved: those that do not fit go into quarantine.
    """

    policy: SchemaPolicy
    loose: Collection[str] = ()
    by_value: bool = False

    def take(self, given: pa.Field, column: pa.Field) -> bool:
        """Whether a column that is no lossless match is taken."""
        if arrow.tag(column) is not None and arrow.tag(column) != arrow.tag(given):
            return False
        if given.name in self.loose:
            return castable(given.type, column.type, loose=True)
        proved = self.by_value and self.policy is not SchemaPolicy.FREEZE and loss(given, column) is None
        return proved and castable(given.type, column.type)


class Action(StrEnum):
    """What becomes of the table's column for one of the source's; `refuse`: nothing is loaded."""

    CREATE = "create"
    ADD = "add"
    WIDEN = "widen"
    KEEP = "keep"
    LEAVE_OUT = "leave_out"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Met:
    """A column of the source and the table's: what it becomes on its way, and what happens to the table's.

    `refusal` is why this column alone stops a load, where it is not its type.
    """

    given: pa.Field
    column: TargetColumn | None
    becomes: pa.Field
    action: Action
    refusal: Fault | None = None

    @property
    def words(self) -> str:
        native = "nothing" if self.column is None else self.column.native
        return f"{self.given.name}: {arrow.type_words(self.given.type)} into {native}"


@dataclass(slots=True)
class SchemaDifference:
    """How a source's columns differ from a table's, as a person reads it."""

    added: list[str] = field(default_factory=list)
    widened: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lossy: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.widened or self.missing or self.lossy)

    def __str__(self) -> str:
        parts = [f"+{name}" for name in self.added] + [f"-{name}" for name in self.missing]
        return ", ".join([*parts, *(f"~{words}" for words in (*self.widened, *self.lossy))])


def meet(given: pa.Schema, shape: TableShape | None, terms: Terms, target: Target) -> list[Met]:
    """Each of the source's columns with the table's; nothing is refused yet."""
    if shape is None:
        met = [_new(each, Action.CREATE, target) for each in given]
    else:
        met = [_meet(each, shape.column(each.name), terms, target) for each in given]
    return [_told_apart(each, given, shape) for each in met] if target.folds_case else met


def _told_apart(met: Met, given: pa.Schema, shape: TableShape | None) -> Met:
    """The same, refused where another column has its name in other letters."""
    name = str(met.given.name)
    known = () if shape is None else (column.name for column in shape.columns)
    others = (other for other in (*known, *given.names) if other != name and other.lower() == name.lower())
    other = next(others, None)
    if other is None or met.action is Action.LEAVE_OUT:
        return met
    words = f"Columns {name!r} and {other!r} differ in letter case alone, which is one name there; use columns.rename."
    return dataclasses.replace(met, action=Action.REFUSE, refusal=Fault(FaultCode.SCHEMA_CHANGED, words))


def write_plan(
    given: pa.Schema, shape: TableShape | None, terms: Terms, target: Target, *, replace: bool
) -> tuple[WritePlan, str | None]:
    """The plan, and a word on what was left out or added.

    Raises `Fault` SCHEMA_CHANGED (`freeze`, or a column of the table that needs a value and gets none), TYPE_LOSSY.
    """
    return settled(meet(given, shape, terms, target), shape, terms, replace=replace)


def settled(
    met: Sequence[Met], shape: TableShape | None, terms: Terms, *, replace: bool
) -> tuple[WritePlan, str | None]:
    """`write_plan` of columns that have met."""
    for each in met:
        if each.refusal is not None:
            raise each.refusal
    kept = pa.schema([each.becomes for each in met if each.action is not Action.LEAVE_OUT])
    if shape is None:
        return WritePlan(kept, create=True, replace=replace), None
    difference = _difference(met, shape)
    _judge(terms.policy, difference)
    _demand_values(met, shape)
    if not kept.names:
        raise Fault(FaultCode.SCHEMA_CHANGED, "The source has none of the table's columns.")
    plan = WritePlan(kept, add=_names(met, Action.ADD), widen=_names(met, Action.WIDEN), replace=replace)
    return plan, _word(terms.policy, difference)


def _new(given: pa.Field, action: Action, target: Target) -> Met:
    try:
        return Met(given, None, target.stored(given), action)
    except Fault as fault:
        return Met(given, None, given, Action.REFUSE, fault)


def _meet(given: pa.Field, column: TargetColumn | None, terms: Terms, target: Target) -> Met:
    if column is None:
        discard = terms.policy is SchemaPolicy.DISCARD
        return Met(given, None, given, Action.LEAVE_OUT) if discard else _new(given, Action.ADD, target)
    if not column.writable:
        words = f"Column {column.name!r} is computed by the target; leave it out with columns.exclude."
        return Met(given, column, given, Action.REFUSE, Fault(FaultCode.SCHEMA_CHANGED, words))
    kept = column.field if lossless(given, column.field) or _found(given, column.field) else None
    kept = kept or _as_made(given, column, target)
    if kept is not None:
        return Met(given, column, kept, Action.KEEP)
    if terms.policy is not SchemaPolicy.DISCARD and widens(column.field, given):
        return Met(given, column, target.stored(given), Action.WIDEN)
    if terms.take(given, column.field):
        return Met(given, column, column.field, Action.KEEP)
    return Met(given, column, given, Action.REFUSE)


def _as_made(given: pa.Field, column: TargetColumn, target: Target) -> pa.Field | None:
    """The field as a new column keeps it, where the table's is one like that: what made it may go on filling it."""
    try:
        own = target.stored(given)
    except Fault:
        return None
    same = own.type == column.field.type and arrow.tag(own) == arrow.tag(column.field)
    return own if same or target.native(own) == column.native else None


def _found(given: pa.Field, column: pa.Field) -> bool:
    """A type that was only found on the data gives way to the table's."""
    return arrow.FOUND in (given.metadata or {}) and adaptable(given, column)


def _names(met: Sequence[Met], action: Action) -> tuple[str, ...]:
    return tuple(str(each.given.name) for each in met if each.action is action)


def _difference(met: Sequence[Met], shape: TableShape) -> SchemaDifference:
    names = {each.given.name for each in met}
    return SchemaDifference(
        added=[*_names(met, Action.ADD), *_names(met, Action.LEAVE_OUT)],
        widened=[each.words for each in met if each.action is Action.WIDEN],
        missing=[column.name for column in shape.columns if column.writable and column.name not in names],
        lossy=[each.words for each in met if each.action is Action.REFUSE],
    )


def _judge(policy: SchemaPolicy, difference: SchemaDifference) -> None:
    if policy is SchemaPolicy.FREEZE and difference:
        raise Fault(
            FaultCode.SCHEMA_CHANGED, f"schemaPolicy is freeze, and source and table differ: {difference}"
        )
    if difference.lossy:
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"The table's column would not keep every value: {'; '.join(difference.lossy)}. Change the table's column, or "
            "say what is wanted with columns.cast.",
        )


def _demand_values(met: Sequence[Met], shape: TableShape) -> None:
    names = {each.given.name for each in met}
    needed = [column.name for column in shape.columns if not column.optional and column.name not in names]
    if needed:
        raise Fault(
            FaultCode.SCHEMA_CHANGED,
            f"The table's column {needed[0]!r} needs a value, and the source has none for it.",
        )


def _word(policy: SchemaPolicy, difference: SchemaDifference) -> str | None:
    if not difference.added:
        return None
    verb = "left out" if policy is SchemaPolicy.DISCARD else "added"
    return f"New columns {verb}: {', '.join(difference.added)}."

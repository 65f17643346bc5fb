"""What a load will do to its table, decided before a row is written: create, add, widen, leave out, or refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch.contract.load import SchemaPolicy, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement.types import adaptable, castable, loss, lossless, widens

if TYPE_CHECKING:
    from collections.abc import Collection

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


@dataclass(slots=True)
class SchemaDifference:
    """How a source's columns differ from a table's, as a person reads it."""

    added: list[str] = field(default_factory=list)
    widened: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    lossy: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.widened or self.missing or self.lossy)

    def __str__(self) -> str:
        parts = [f"+{name}" for name in self.added] + [f"-{name}" for name in self.missing]
        return ", ".join([*parts, *(f"~{words}" for words in (*self.widened.values(), *self.lossy))])


def write_plan(
    given: pa.Schema, shape: TableShape | None, terms: Terms, target: Target, *, replace: bool
) -> tuple[WritePlan, str | None]:
    """The plan, and a word on what was left out or added.

    Raises `Fault` SCHEMA_CHANGED (`freeze`, or a column of the table that needs a value and gets none), TYPE_LOSSY.
    """
    if shape is None:
        return WritePlan(
            pa.schema([target.stored(each) for each in given]), create=True, replace=replace
        ), None
    difference = SchemaDifference(missing=_missing(given, shape))
    policy = terms.policy
    fields = [_field(each, shape.column(each.name), target, difference, terms) for each in given]
    _judge(policy, difference)
    _demand_values(given, shape)
    kept = [
        each for each in fields if policy is not SchemaPolicy.DISCARD or each.name not in difference.added
    ]
    if not kept:
        raise Fault(FaultCode.SCHEMA_CHANGED, "The source has none of the table's columns.")
    plan = WritePlan(
        pa.schema(kept),
        add=tuple(difference.added) if policy is SchemaPolicy.EVOLVE else (),
        widen=tuple(difference.widened),
        replace=replace,
    )
    return plan, _word(policy, difference)


def _field(
    given: pa.Field,
    column: TargetColumn | None,
    target: Target,
    difference: SchemaDifference,
    terms: Terms,
) -> pa.Field:
    """What the column becomes in the batches that are written; notes how it differs."""
    if column is None:
        difference.added.append(given.name)
        return target.stored(given)
    if not column.writable:
        raise Fault(
            FaultCode.SCHEMA_CHANGED,
            f"Column {column.name!r} is computed by the target; leave it out with columns.exclude.",
        )
    if lossless(given, column.field):
        return column.field
    found = arrow.FOUND in (given.metadata or {})
    if found and adaptable(given, column.field):
        return column.field
    words = f"{given.name}: {arrow.type_words(given.type)} into {column.native}"
    if terms.policy is not SchemaPolicy.DISCARD and widens(column.field, given):
        difference.widened[given.name] = words
        return target.stored(given)
    if terms.take(given, column.field):
        return column.field
    difference.lossy.append(words)
    return given


def _missing(given: pa.Schema, shape: TableShape) -> list[str]:
    return [column.name for column in shape.columns if column.writable and column.name not in given.names]


def _judge(policy: SchemaPolicy, difference: SchemaDifference) -> None:
    if policy is SchemaPolicy.FREEZE and difference:
        raise Fault(
            FaultCode.SCHEMA_CHANGED, f"schemaPolicy is freeze, and source and table differ: {difference}"
        )
    if difference.lossy:
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"The table's column would not keep every value: {'; '.join(difference.lossy)}. Change the table's column, or say "
            "what is wanted with columns.cast.",
        )


def _demand_values(given: pa.Schema, shape: TableShape) -> None:
    needed = [
        column.name for column in shape.columns if not column.optional and column.name not in given.names
    ]
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

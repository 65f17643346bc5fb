"""A pipeline's `columns`: which columns go on, under which name, as which type, hashed or masked.

All names are the source's. The order is: choose, cast, hash, mask, rename; it is planned once on the schema and applied
batch by batch in Arrow.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement import types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Make: TypeAlias = "Callable[[pa.Array], pa.Array]"

MASK = "*"


@dataclass(frozen=True, slots=True)
class ColumnStep:
    """One column on its way: where it comes from, what it becomes, and the function that makes it so."""

    source: str
    field: pa.Field
    make: Make


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What becomes of each batch; `schema` is what comes out."""

    steps: tuple[ColumnStep, ...]
    schema: pa.Schema

    def apply(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """The batch with `schema`. `before`: rows that went before. Raises `Fault` TYPE_LOSSY naming the value."""
        arrays = [_made(step, batch.column(step.source), before) for step in self.steps]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def plan(columns: Mapping[str, Any], schema: pa.Schema, hash_key: bytes | None) -> ColumnPlan:
    """Plan `{include, exclude, rename, cast, hash, mask}` on a source's schema.

    Raises `Fault` OBJECT_MISSING for a column that is not there, naming the nearest; NOT_SUPPORTED for a cast to no type
    and for two columns of one name.
    """
    names = list(schema.names)
    for part in ("include", "exclude", "rename", "cast", "hash", "mask"):
        _check(columns.get(part) or (), names, part)
    steps = tuple(_step(columns, schema.field(name), hash_key) for name in _chosen(columns, names))
    out = pa.schema([step.field for step in steps])
    _check_once(out.names)
    return ColumnPlan(steps, out)


def _chosen(columns: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    include = columns.get("include")
    exclude = set(columns.get("exclude") or ())
    wanted = names if include is None else include
    return [name for name in dict.fromkeys(wanted) if name not in exclude]


def _check(wanted: Iterable[str], names: Sequence[str], part: str) -> None:
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise Fault(
                FaultCode.OBJECT_MISSING,
                f"columns.{part} names {name!r}, which the source does not have{hint}",
            )


def _check_once(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Fault(
            FaultCode.NOT_SUPPORTED, f"After columns.rename there are two columns named {twice[0]!r}."
        )


def _step(columns: Mapping[str, Any], field: pa.Field, hash_key: bytes | None) -> ColumnStep:
    name = str(field.name)
    out = field
    make: Make = _as_is
    if name in (columns.get("cast") or {}):
        out, make = _cast(field, columns["cast"][name])
    if name in (columns.get("hash") or ()):
        out, make = _text(out), _then(make, _hashing(_demanded(hash_key)))
    if name in (columns.get("mask") or {}):
        keep = (columns["mask"][name] or {}).get("keepLast", 0)
        out, make = _text(out), _then(make, _masking(int(keep)))
    return ColumnStep(name, out.with_name((columns.get("rename") or {}).get(name, name)), make)


def _as_is(array: pa.Array) -> pa.Array:
    return array


def _then(first: Make, second: Make) -> Make:
    return lambda array: second(first(array))


def _text(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string(), field.nullable)


def _cast(field: pa.Field, wanted: str | Mapping[str, Any]) -> tuple[pa.Field, Make]:
    words = wanted if isinstance(wanted, str) else str(wanted.get("type", ""))
    loss = not isinstance(wanted, str) and bool(wanted.get("allowLoss", False))
    type_ = arrow.parse_type(words)
    if type_ is None:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"columns.cast: {words!r} of {field.name!r} is no type; did you mean {arrow.nearest_type(words)!r}?",
        )
    out = pa.field(field.name, type_, field.nullable)
    return out, (lambda array: lossy(array, type_)) if loss else (lambda array: types.exact(array, type_))


def lossy(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """`array` as `type_`, rounded or cut where it has to be: the user said `allowLoss`."""
    plain = arrow.storage(array)
    if pa.types.is_decimal(type_) and pa.types.is_decimal(plain.type):
        return pc.round(plain, type_.scale).cast(type_)
    if pa.types.is_integer(type_) and pa.types.is_floating(plain.type):
        return pc.trunc(plain).cast(type_)
    return plain.cast(type_, safe=False)


def _demanded(key: bytes | None) -> bytes:
    if not key:
        raise Fault(
            FaultCode.SECRET_UNREADABLE, "columns.hash needs the tenant's hash key, which could not be read."
        )
    return key


def _hashing(key: bytes) -> Make:
    """HMAC-SHA-256 in hex of the value's text; each distinct value is hashed once a batch."""

    def digest(value: bytes) -> str:
        return hmac.new(key, value, hashlib.sha256).hexdigest()

    def make(array: pa.Array) -> pa.Array:
        texts = _bytes(array).dictionary_encode()
        digests = pa.array([digest(value) for value in texts.dictionary.to_pylist()], pa.string())
        return digests.take(texts.indices)

    return make


def _bytes(array: pa.Array) -> pa.Array:
    return arrow.cast(array, pa.string()).cast(pa.binary()) if not pa.types.is_binary(array.type) else array


def _masking(keep: int) -> Make:
    """Every character but the last `keep` becomes `*`; a text of `keep` characters or fewer is hidden whole."""

    def make(array: pa.Array) -> pa.Array:
        texts = arrow.cast(array, pa.string())
        hidden = pc.replace_substring_regex(texts, "(?s).", MASK)
        if not keep:
            return hidden
        lengths = pc.utf8_length(texts)
        tail = pc.utf8_slice_codeunits(texts, -keep)
        head = pc.utf8_slice_codeunits(hidden, 0, -keep)
        return pc.if_else(pc.greater(lengths, keep), pc.binary_join_element_wise(head, tail, ""), hidden)

    return make


def _made(step: ColumnStep, column: pa.Array, before: int) -> pa.Array:
    try:
        return step.make(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        at = arrow.first_misfit(column, step.field.type, lambda part, _: step.make(part)) or 0
    raise Fault(
        FaultCode.TYPE_LOSSY,
        f"Column {step.source!r}, row {before + at + 1}: {arrow.shown(column[at].as_py())} cannot become "
        f"{arrow.type_words(step.field.type)} without a change; columns.cast takes allowLoss.",
    )

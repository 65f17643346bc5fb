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

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement import misfits, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Make: TypeAlias = "Callable[[pa.Array], pa.Array]"

MASK = "*"


@dataclass(frozen=True, slots=True)
class ColumnStep:
    """One column on its way: where it comes from, what it becomes, and the function that makes it so.

    `cast` is the type that `columns.cast` asks for; `loose` says that values may be rounded or cut on the way, `hidden`
    that its values are hashed or masked and must not be seen beside the table either.
    """

    source: str
    field: pa.Field
    make: Make
    cast: pa.DataType | None = None
    loose: bool = False
    hidden: bool = False

    def made(self, column: pa.Array) -> tuple[pa.Array, pa.Array | None]:
        """The column as it becomes, NULL where a value is refused; and True at those."""
        return misfits.converted(column, self.make, self.cast or self.field.type, loose=self.loose)

    @property
    def unchanged(self) -> bool:
        """Whether every value goes on as it is."""
        return self.make is _as_is

    @property
    def reason(self) -> str:
        """Why a value is refused, after the value."""
        words = arrow.type_words(self.cast or self.field.type)
        if self.loose:
            return f"cannot become {words}"
        return f"cannot become {words} without a change; columns.cast takes allowLoss"


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What becomes of each batch; `schema` is what comes out."""

    steps: tuple[ColumnStep, ...]
    schema: pa.Schema

    @property
    def loose(self) -> frozenset[str]:
        """The columns, by their new names, that may be rounded or cut."""
        return frozenset(step.field.name for step in self.steps if step.loose)

    def source_of(self, name: str) -> str:
        """The source's name of a column that comes out."""
        return next((step.source for step in self.steps if step.field.name == name), name)

    def apply(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """The batch with `schema`. `before`: rows that went before. Raises `Fault` ROW_REFUSED naming the value."""
        made, found = self.judged(batch)
        if found:
            raise misfits.row_fault(batch, found[0], before)
        return made

    def judged(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[Misfit]]:
        """The batch with `schema`, NULL where a value cannot be made; and those values, by the source's names."""
        arrays, found = [], []
        for step in self.steps:
            array, bad = step.made(batch.column(step.source))
            arrays.append(array)
            if bad is not None:
                found.append(Misfit(step.source, bad, step.reason))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema), found

    def shown(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch as it was read, what is left out or hidden apart: to be looked at by whoever sees the target."""
        arrays = [
            step.made(batch.column(step.source))[0] if step.hidden else batch.column(step.source)
            for step in self.steps
        ]
        return pa.RecordBatch.from_arrays(arrays, names=[step.source for step in self.steps])


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
    out, cast, loose = field, None, False
    make: Make = _as_is
    hidden = name in (columns.get("hash") or ()) or name in (columns.get("mask") or {})
    if name in (columns.get("cast") or {}):
        out, make, loose = _cast(field, columns["cast"][name])
        cast = out.type
    if hidden:
        _demand_text(out)
    if name in (columns.get("hash") or ()):
        out, make = _text(out), _then(make, _hashing(_demanded(hash_key)))
    if name in (columns.get("mask") or {}):
        keep = (columns["mask"][name] or {}).get("keepLast", 0)
        out, make = _text(out), _then(make, _masking(int(keep)))
    new = (columns.get("rename") or {}).get(name, name)
    return ColumnStep(name, out.with_name(new), make, cast, loose, hidden)


def _as_is(array: pa.Array) -> pa.Array:
    return array


def _then(first: Make, second: Make) -> Make:
    return lambda array: second(first(array))


def _text(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string(), field.nullable)


def _cast(field: pa.Field, wanted: str | Mapping[str, Any]) -> tuple[pa.Field, Make, bool]:
    words = wanted if isinstance(wanted, str) else str(wanted.get("type", ""))
    loose = not isinstance(wanted, str) and bool(wanted.get("allowLoss", False))
    type_ = arrow.parse_type(words)
    if type_ is None:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"columns.cast: {words!r} of {field.name!r} is no type; did you mean {arrow.nearest_type(words)!r}?",
        )
    out = pa.field(field.name, type_, field.nullable)
    _demand_way(field, type_, loose=loose)
    if loose:
        return out, (lambda array: types.lossy(array, type_)), loose
    return out, (lambda array: types.exact(array, type_)), loose


def _demand_way(field: pa.Field, type_: pa.DataType, *, loose: bool) -> None:
    """Whether there is such a cast at all is known before any value is read."""
    given = arrow.type_words(field.type)
    if not types.castable(field.type, type_, loose=loose):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"columns.cast: {field.name!r} is {given}, which cannot become {arrow.type_words(type_)}.",
        )
    reason = types.loss(field, pa.field(field.name, type_))
    if reason and not loose:
        raise Fault(
            FaultCode.TYPE_LOSSY,
            f"columns.cast: {field.name!r} from {given} to {arrow.type_words(type_)} {reason}; "
            "say allowLoss where that is wanted.",
        )


def _demand_text(field: pa.Field) -> None:
    if not (types.castable(field.type, pa.string()) or pa.types.is_binary(field.type)):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"columns.hash and columns.mask take what has a text; {field.name!r} is {arrow.type_words(field.type)}.",
        )


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

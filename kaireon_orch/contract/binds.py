"""Values that stand beside a query's text: which Python types are taken, and their form on the pipe to the child."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID

from kaireon_orch.errors import FieldError, InvalidInput

Scalar: TypeAlias = bool | int | float | Decimal | str | bytes | dt.date | dt.time | dt.datetime | UUID | None
"""Numbers, texts, bytes, dates, times of day, moments with a zone or without, UUIDs; None is NULL."""

Value: TypeAlias = Scalar | list[Scalar]
"""A scalar, or a list of scalars of one type where the database has arrays."""

Params: TypeAlias = Sequence[Scalar | Sequence[Scalar]] | Mapping[str, Scalar | Sequence[Scalar]]
"""What `query` takes: values by position for `?`, or by name for `:name`."""


@dataclass(frozen=True, slots=True)
class Binds:
    """Values in their order; `names` is None where they go by position."""

    values: tuple[Value, ...]
    names: tuple[str, ...] | None = None

    def label(self, at: int) -> str:
        """How a message calls one of them."""
        return f"? number {at + 1}" if self.names is None else f":{self.names[at]}"

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {"names": self.names, "values": [_to_wire(value) for value in self.values]}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Binds:
        """Inverse of `to_wire`."""
        names = wire["names"]
        return cls(tuple(map(_from_wire, wire["values"])), None if names is None else tuple(names))


def binds_of(params: Params) -> Binds:
    """The values, plain and checked. Raises InvalidInput naming each that is of no type an SQL database has."""
    if isinstance(params, str | bytes) or not isinstance(params, Mapping | Sequence):
        raise InvalidInput("params are a list or tuple of values for ?, or a dict of values for :name.")
    if isinstance(params, Mapping):
        named = {str(name): value for name, value in params.items()}
        return Binds(_plain_all(named), tuple(named))
    return Binds(_plain_all({str(at): value for at, value in enumerate(params)}))


def _plain_all(given: Mapping[str, Any]) -> tuple[Value, ...]:
    plain: list[Value] = []
    faults: list[FieldError] = []
    for name, value in given.items():
        try:
            plain.append(_plain(value))
        except ValueError as error:
            faults.append(FieldError(f"params.{name}", str(error.args[0])))
    if faults:
        words = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        raise InvalidInput(f"A value cannot be given to a database: {words}.", faults)
    return tuple(plain)


def _plain(value: Any) -> Value:  # noqa: ANN401  whatever the caller has
    return _plain_list(value) if isinstance(value, list | tuple) else _scalar(value)


def _plain_list(value: Sequence[Any]) -> list[Scalar]:
    items = [_scalar(item) for item in value]
    kinds = {_kind(item) for item in items if item is not None}
    if len(kinds) > 1:
        raise ValueError(f"mixes {' and '.join(sorted(kinds))} in one list")
    return items


def _scalar(value: Any) -> Scalar:  # noqa: ANN401  whatever the caller has
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, dt.time) and value.tzinfo is not None:
        raise ValueError("is a time of day with a zone, which is no moment: give a datetime")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    for plain, _, read, write in _KINDS.values():
        if isinstance(value, plain):
            kept: Scalar = read(write(value))  # a subclass of the caller's own ends here
            return kept
    raise ValueError(f"is of the type {type(value).__name__}, which has no SQL; {_TAKEN}")


def _moment(value: dt.datetime) -> dt.datetime:
    """The same instant in UTC; a value of a subclass that tells more, or no moment at all, is refused."""
    try:
        plain = dt.datetime.fromisoformat(value.isoformat())
        utc = plain if plain.tzinfo is None else plain.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no moment within the years 1 to 9999") from None
    if getattr(value, "nanosecond", 0):
        raise ValueError("has nanoseconds, and SQL's times have six digits of a second")
    return utc


def _text(value: str) -> str:
    try:
        return value.encode().decode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate)") from None


_Kind = tuple[type[Any], str, Callable[[Any], Any], Callable[[Any], Any]]

_KINDS: Final[Mapping[str, _Kind]] = {
    "bool": (bool, "bool", bool, bool),
    "int": (int, "int", int, lambda value: str(int(value))),
    "float": (float, "float", float, lambda value: repr(float(value))),
    "decimal": (Decimal, "Decimal", Decimal, str),
    "str": (str, "str", str, str),
    "bytes": (bytes, "bytes", bytes.fromhex, bytes.hex),
    "datetime": (dt.datetime, "datetime", dt.datetime.fromisoformat, dt.datetime.isoformat),
    "date": (dt.date, "date", dt.date.fromisoformat, dt.date.isoformat),
    "time": (dt.time, "time", dt.time.fromisoformat, dt.time.isoformat),
    "uuid": (UUID, "UUID", UUID, str),
}
"""Name on the pipe → class, its name in messages, from JSON, to JSON. A class stands before those that it is a kind of."""

_TAKEN: Final = (
    f"give None, {', '.join(words for _, words, _, _ in _KINDS.values())} or a list of one of these"
)


def _kind(value: Scalar) -> str:
    return next(name for name, (plain, *_) in _KINDS.items() if isinstance(value, plain))


def _to_wire(value: Value) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, list):
        return [_to_wire(item) for item in value]
    if value is None:
        return None
    name = _kind(value)
    return {name: _KINDS[name][3](value)}


def _from_wire(wire: Any) -> Value:  # noqa: ANN401  JSON
    return [_read(item) for item in wire] if isinstance(wire, list) else _read(wire)


def _read(wire: Mapping[str, Any] | None) -> Scalar:
    if wire is None:
        return None
    ((name, told),) = wire.items()
    value: Scalar = _KINDS[name][2](told)
    return value

"""Values as each target's own client gives them, in the one form of `cases`."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import struct
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.torture.cases import Case

_FRACTION = re.compile(r"(\.\d*?)0+(?=$|[Z+-])")
_BC = re.compile(r"(\d+)(-\d\d-\d\d.*?) ?\(?BC\)?( .*)?")
_UTC = re.compile(r"(Z|[+-]00(:?00)?)$")


def canonical(raw: Any, kind: str, item: str | None = None) -> Any:
    """What a client gave, as text or as a Python value, in the form of its kind."""
    if raw is None:
        return None
    if kind == "list":
        items = json.loads(raw, parse_float=str, parse_int=str) if isinstance(raw, str) else raw
        return [canonical(each, item or "text") for each in items]
    return _FORMS.get(kind, str)(raw)


def _whole(raw: Any) -> Any:
    """A number without a fraction, also where its column is of numbers with one."""
    number = Decimal(str(raw))
    return int(number) if number == number.to_integral_value() else number


def _bytes(raw: Any) -> bytes:
    return raw if isinstance(raw, bytes) else bytes.fromhex(raw.removeprefix("\\x"))


def _uuid(raw: Any) -> str:
    return str(uuid.UUID(bytes=raw) if isinstance(raw, bytes) else uuid.UUID(str(raw)))


def _truth(raw: Any) -> bool:
    return {"true": True, "false": False, "1": True, "0": False}[str(raw).lower()]


def _local(raw: Any) -> str:
    return _moment(str(raw), zoned=False)


def _zoned(raw: Any) -> str:
    return _moment(str(raw), zoned=True)


def _date(raw: Any) -> str:
    return _astronomical(str(raw))


def _decimal(raw: Any) -> Decimal:
    return Decimal(str(raw))


def _moment(text: str, *, zoned: bool) -> str:
    plain = _astronomical(text).replace(" ", "T", 1)
    if zoned:
        plain = _UTC.sub("", plain) + "Z"
    return re.sub(r"\.(?=$|Z)", "", _FRACTION.sub(r"\1", plain))


def _astronomical(text: str) -> str:
    """Years BC, which people count without a year 0, as years before 1."""
    found = _BC.fullmatch(text)
    if found is None:
        return text
    year = 1 - int(found[1])
    rest = found[2] + (found[3] or "")
    return f"{year:05d}{rest}" if year else f"0000{rest}"


def _day(days: int | None) -> str | None:
    """Days since 1970 in the proleptic Gregorian calendar, whose 400 years have 146,097 days."""
    if days is None:
        return None
    eras, rest = divmod(days + 719_162, 146_097)
    day = dt.date.fromordinal(rest + 1)
    year = day.year + 400 * eras
    return f"{year:05d}{day:-%m-%d}" if year < 0 else f"{year:04d}{day:-%m-%d}"


def _moment_of(ticks: int | None, unit: str, zone: str) -> str | None:
    if ticks is None:
        return None
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    seconds, rest = divmod(ticks, 10**digits)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    fraction = f".{rest:0{digits}d}".rstrip("0") if rest else ""
    return f"{_day(days)}T{clock}{fraction}{zone}"


def same(found: Any, meant: Any, case: Case, target: str) -> bool:
    """Whether a canonical value is the meaning. PostgreSQL's jsonb keeps what a document says, not how it is written."""
    if isinstance(meant, list):
        return (
            isinstance(found, list)
            and len(found) == len(meant)
            and all(_same(*pair) for pair in zip(found, meant, strict=True))
        )
    if case.kind == "json" and target == "postgresql":
        return bool(found == meant or _document(found) == _document(meant))
    return _same(found, meant)


def _same(found: Any, meant: Any) -> bool:
    if isinstance(meant, Decimal) and isinstance(found, Decimal) and meant.is_nan():
        return found.is_nan()
    if isinstance(meant, float) and isinstance(found, float):
        return (math.isnan(meant) and math.isnan(found)) or struct.pack("d", found) == struct.pack("d", meant)
    return type(found) is type(meant) and bool(found == meant)


def _document(text: str | None) -> Any:
    if text is None:
        return None
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def narrow(value: float) -> float:
    """The float32 nearest to a Python float, as a Python float."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def of_arrow(column: pa.ChunkedArray, case: Case) -> list[Any]:
    """A column that a Parquet or Delta reader gave."""
    type_ = column.type
    if isinstance(type_, pa.BaseExtensionType):
        column, type_ = pa.chunked_array([chunk.storage for chunk in column.chunks]), type_.storage_type
    if pa.types.is_date32(type_):
        return [_day(days) for days in column.cast(pa.int32()).to_pylist()]
    if pa.types.is_timestamp(type_):
        ticks = column.cast(pa.timestamp(type_.unit)).cast(pa.int64()).to_pylist()
        return [_moment_of(each, type_.unit, "" if type_.tz is None else "Z") for each in ticks]
    if pa.types.is_duration(type_):
        column = column.cast(pa.int64())
    if pa.types.is_time(type_):
        column = column.cast(pa.string())
    if pa.types.is_list(type_) and pa.types.is_temporal(type_.value_type):
        column = (
            column.cast(pa.list_(pa.timestamp(type_.value_type.unit)))
            if pa.types.is_timestamp(type_.value_type)
            else column
        )
        column = column.cast(pa.list_(pa.string()))
    if pa.types.is_float16(type_):
        column = column.cast(pa.float32())
    return [canonical(value, case.kind, case.item) for value in column.to_pylist()]


_FORMS: Final[dict[str, Callable[[Any], Any]]] = {
    "bool": _truth,
    "int": _whole,
    "float": float,
    "decimal": _decimal,
    "bytes": _bytes,
    "uuid": _uuid,
    "date": _date,
    "time": _local,
    "timestamp": _local,
    "timestamptz": _zoned,
}

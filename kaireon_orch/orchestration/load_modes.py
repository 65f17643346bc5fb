"""How rows meet those that are there, as job authors write it: `ko.Upsert(key="id")`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """All rows are added."""

    load_mode: ClassVar[str] = "append"

    def fields(self) -> dict[str, Any]:
        """The mode's part of a pipeline's object."""
        return {"loadMode": self.load_mode}


@dataclass(frozen=True, slots=True)
class Truncate:
    """The rows replace all that were there, in one transaction; no rows replace nothing unless `allow_empty`."""

    load_mode: ClassVar[str] = "truncate"
    allow_empty: bool = False

    def fields(self) -> dict[str, Any]:
        """The mode's part of a pipeline's object."""
        return {"loadMode": self.load_mode, "allowEmpty": self.allow_empty}


@dataclass(frozen=True, slots=True)
class BlueGreen:
    """A new table is built beside and swapped in; no rows swap nothing unless `allow_empty`."""

    load_mode: ClassVar[str] = "blue_green"
    allow_empty: bool = False

    def fields(self) -> dict[str, Any]:
        """The mode's part of a pipeline's object."""
        return {"loadMode": self.load_mode, "allowEmpty": self.allow_empty}


@dataclass(frozen=True, slots=True)
class Upsert:
    """Rows replace those of the same key. Of several of one key the last holds, or the greatest `cursor`."""

    load_mode: ClassVar[str] = "upsert"
    key: Key

    def fields(self) -> dict[str, Any]:
        """The mode's part of a pipeline's object."""
        return {"loadMode": self.load_mode, "primaryKey": columns(self.key)}


@dataclass(frozen=True, slots=True)
class Incremental:
    """Rows past the watermark are read; with a key they replace those of the same key."""

    load_mode: ClassVar[str] = "incremental_watermark"
    key: Key = ()

    def fields(self) -> dict[str, Any]:
        """The mode's part of a pipeline's object."""
        return {"loadMode": self.load_mode, "primaryKey": columns(self.key)}


@dataclass(frozen=True, slots=True)
class Scd2:
    """Rows become versions by key; a vanished key's version is closed, or kept open."""

    load_mode: ClassVar[str] = "scd2"
    key: Key
    deletes: Literal["close", "keep"] = "close"

    def fields(self) -> dict[str, Any]:
        """The mode's part of a pipeline's object."""
        return {"loadMode": self.load_mode, "primaryKey": columns(self.key), "deletes": self.deletes}


Mode = Append | Truncate | BlueGreen | Upsert | Incremental | Scd2

_KEYLESS: dict[str, type[Append | Truncate | BlueGreen | Incremental]] = {
    each.load_mode: each for each in (Append, Truncate, BlueGreen, Incremental)
}
_KEYED: dict[str, type[Upsert | Scd2]] = {each.load_mode: each for each in (Upsert, Scd2)}


def mode_of(mode: Mode | str, key: str | Sequence[str] | None = None) -> Mode:
    """A mode by its name in the API, with the key that some need. Raises `Fault` NOT_SUPPORTED."""
    if not isinstance(mode, str):
        return mode
    if mode in _KEYED and key:
        return _KEYED[mode](tuple(columns(key)))
    if mode in _KEYLESS:
        return Incremental(tuple(columns(key))) if mode == Incremental.load_mode and key else _KEYLESS[mode]()
    known = ", ".join(sorted({*_KEYED, *_KEYLESS}))
    words = (
        f"The mode {mode} needs a key." if mode in _KEYED else f"There is no mode {mode}; there are {known}."
    )
    raise Fault(FaultCode.NOT_SUPPORTED, words)


def columns(key: str | Sequence[str]) -> list[str]:
    """The columns of a key, which may be written as one name."""
    return [key] if isinstance(key, str) else list(key)

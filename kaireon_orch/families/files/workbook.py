"""An Excel workbook (.xlsx, .xlsb, .xls, .ods), opened with caps on what it may swell to."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, WorksheetNotFound

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE_BYTES: Final = 256 << 20
MAX_UNPACKED_BYTES: Final = 1 << 30
"""A sheet is held in memory whole, as the format demands; these bound what that can be."""

_CORNER: Final = re.compile(r"([A-Za-z]{1,3})(\d{0,7})")


@dataclass(frozen=True, slots=True)
class Area:
    """Cells from a corner to one after another, counted from 0; the end is excluded, None where it is open."""

    row: int = 0
    column: int = 0
    end_row: int | None = None
    end_column: int | None = None


EVERYTHING: Final = Area()


def opened(stream: BinaryIO, name: str) -> CalamineWorkbook:
    """The workbook in a seekable stream. Raises `Fault` BAD_DATA for what is none, has a password or swells."""
    _check_size(stream, name)
    try:
        return CalamineWorkbook.from_filelike(stream)
    except PasswordError:
        raise Fault(FaultCode.BAD_DATA, f"{name} is protected by a password; save it without one.") from None
    except (CalamineError, ValueError, OSError):
        raise Fault(FaultCode.BAD_DATA, f"{name} is no Excel workbook, or is damaged.") from None


def sheet_of(workbook: CalamineWorkbook, wanted: str | None, name: str) -> CalamineSheet:
    """The sheet of that name, or the first one. Raises `Fault` OBJECT_MISSING listing those that there are."""
    if not workbook.sheet_names:
        raise Fault(FaultCode.OBJECT_MISSING, f"{name} has no sheet.")
    try:
        return workbook.get_sheet_by_name(wanted or workbook.sheet_names[0])
    except WorksheetNotFound:
        listed = ", ".join(workbook.sheet_names[:10])
        raise Fault(FaultCode.OBJECT_MISSING, f"{name} has no sheet {wanted!r}; it has: {listed}") from None
    except (CalamineError, ValueError):
        raise Fault(FaultCode.BAD_DATA, f"{name} has a damaged sheet.") from None


def parse_area(text: str | None) -> Area:
    """`A1:F500`, `B:D`, `A2` (one cell); nothing for everything. Raises `Fault` BAD_DATA."""
    if not text:
        return EVERYTHING
    first, _, last = text.partition(":")
    row, column = _corner(first)
    end_row, end_column = _corner(last or first)
    if column is None or end_column is None or end_column < column or (end_row or row or 0) < (row or 0):
        raise Fault(FaultCode.BAD_DATA, f"{text!r} is no range of cells.")
    return Area(row or 0, column, None if end_row is None else end_row + 1, end_column + 1)


def cells(sheet: CalamineSheet, area: Area) -> Iterator[list[Any]]:
    """The rows of the area from its first one, each as wide as the area or the sheet."""
    width = sheet.end[1] + 1 if sheet.end is not None else 0
    end = width if area.end_column is None else area.end_column
    for number, row in enumerate(sheet.iter_rows()):
        if area.end_row is not None and number >= area.end_row:
            return
        if number >= area.row:
            wide = row[area.column : end]
            yield wide + [""] * (end - area.column - len(wide))


def _corner(text: str) -> tuple[int | None, int | None]:
    found = _CORNER.fullmatch(text)
    if found is None or found[2] == "0":
        return None, None
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return (int(found[2]) - 1 if found[2] else None), column - 1


def _check_size(stream: BinaryIO, name: str) -> None:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > MAX_FILE_BYTES:
        raise Fault(FaultCode.BAD_DATA, f"{name} is larger than {MAX_FILE_BYTES >> 20} MiB; save it as CSV.")
    if zipfile.is_zipfile(stream):
        _check_members(stream, name)
    stream.seek(0)


def _check_members(stream: BinaryIO, name: str) -> None:
    """Unpacked once for its size: the sizes that an archive states may be wrong, and zipfile holds them to it."""
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
                raise Fault(FaultCode.BAD_DATA, f"{name} swells to more than {MAX_UNPACKED_BYTES >> 20} MiB.")
            for info in infos:
                with archive.open(info) as member:
                    while member.read(1 << 20):
                        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Fault(FaultCode.BAD_DATA, f"{name} is no Excel workbook, or is damaged.") from None

"""Read sheets of Excel workbooks from a folder or a URL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.contract.source import Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import workbook
from kaireon_orch.families.files.declared import declared_types
from kaireon_orch.families.files.excel_set import SheetFile, SheetSet
from kaireon_orch.families.files.file_source import FileSource, stream
from kaireon_orch.families.files.seekable import seekable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kaireon_orch.connectors.excel.spec import ExcelConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.files.places import Place


def open_source(opening: Opening[ExcelConfig]) -> ExcelFiles:
    """The connector's opened end; opens no file yet."""
    return ExcelFiles(opening)


class ExcelFiles(FileSource):
    """An Excel connector as a source; each sheet of the first workbook is a stream."""

    def __init__(self, opening: Opening[ExcelConfig]) -> None:
        super().__init__(opening, self._sheets)
        self._config = opening.config
        self._folder = opening.folder

    def streams(self) -> Iterator[Stream]:
        """The sheets, in the workbook's order; one whose header is none has no columns."""
        set_ = self._sheets(None, self._origin.places(None)[:1])
        for name in set_.files[0].sheet_names():
            yield _described(name, replace(set_, files=[replace(set_.files[0], sheet=name)], types={}))

    def _sheets(self, source: SourceModel | None, places: Sequence[Place]) -> SheetSet:
        config = self._config
        sheet = getattr(source, "sheet", None) or config.sheet
        area = workbook.parse_area(getattr(source, "cell_range", None) or config.cell_range)
        member = getattr(source, "member", None)
        files = [
            SheetFile(
                _opened(place, self._folder, member), place.name, sheet, area, config.header, config.skip_rows
            )
            for place in places
        ]
        return SheetSet(files, declared_types(config.types))


def _described(name: str, sheet: SheetSet) -> Stream:
    try:
        return stream(name, sheet)
    except Fault as fault:
        if fault.fault is not FaultCode.BAD_DATA:
            raise
    return Stream(name, None, ())


def _opened(place: Place, folder: str, member: str | None) -> Callable[[], BinaryIO]:
    """A workbook is itself a zip archive, so nothing is unpacked unless a member is named."""
    return lambda: seekable(place, folder, member, "auto" if member else "none")

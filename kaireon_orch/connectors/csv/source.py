"""Read CSV files from a folder or a URL: found or declared types, packed or not, one member of an archive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.families.files import csv_dialect
from kaireon_orch.families.files.csv_dialect import Dialect
from kaireon_orch.families.files.csv_reader import CsvFile
from kaireon_orch.families.files.csv_set import CsvSet
from kaireon_orch.families.files.declared import declared_types
from kaireon_orch.families.files.file_source import FileSource
from kaireon_orch.families.files.open import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from kaireon_orch.connectors.csv.spec import CsvConfig
    from kaireon_orch.contract.format_models import CsvOptions
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.files.places import Place


def open_source(opening: Opening[CsvConfig]) -> FileSource:
    """The connector's opened end; opens no file yet."""

    def rows(source: SourceModel | None, places: Sequence[Place]) -> CsvSet:
        options = _options(opening.config, getattr(source, "format_options", None))
        member = getattr(source, "member", None) or opening.config.member
        types = declared_types(options.types)
        return CsvSet([_file(options, member, place, types) for place in places], types)

    return FileSource(opening, rows)


def _options(config: CsvOptions, of_source: CsvOptions | None) -> CsvOptions:
    """The connector's options with those that the pipeline's source sets."""
    if of_source is None:
        return config
    return config.model_copy(update=of_source.model_dump(include=of_source.model_fields_set))


def _file(options: CsvOptions, member: str | None, place: Place, types: Mapping[str, pa.DataType]) -> CsvFile:
    def opened() -> BinaryIO:
        return unpacked(place.open(), options.compression, member)

    dialect = Dialect(
        delimiter=options.delimiter or ",",
        quote_char=options.quote_char,
        escape_char=options.escape_char,
        encoding=options.encoding,
        header=options.header,
        skip_rows=options.skip_rows,
        null_values=options.null_values,
        types=types,
    )
    return CsvFile(opened, dialect if options.delimiter else _sniffed(opened, dialect), place.name)


def _sniffed(opened: Callable[[], BinaryIO], dialect: Dialect) -> Dialect:
    with opened() as stream:
        head = stream.read(csv_dialect.SNIFFED_BYTES)
    return replace(dialect, delimiter=csv_dialect.found_delimiter(head, dialect))

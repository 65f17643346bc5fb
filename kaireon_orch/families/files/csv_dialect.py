"""How a delimited text file is written: its options as pyarrow wants them, its delimiter where none is given."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyarrow import csv as pa_csv

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BLOCK_BYTES: Final = 1 << 20
LARGE_BLOCK_BYTES: Final = 16 << 20
"""A row must fit into a block, and pyarrow reads up to 32 blocks ahead: large ones only for files that need them."""

SNIFFED_BYTES: Final = 64 << 10
DELIMITERS: Final = (",", ";", "\t", "|")
TRUE_VALUES: Final = ("true", "True", "TRUE")
FALSE_VALUES: Final = ("false", "False", "FALSE")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The options of one file; `types` are declared Arrow types by column."""

    delimiter: str = ","
    quote_char: str = '"'
    escape_char: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    skip_rows: int = 0
    null_values: tuple[str, ...] = ("",)
    types: Mapping[str, pa.DataType] = field(default_factory=dict)

    def read_options(self, block: int, names: Sequence[str] | None = None) -> pa_csv.ReadOptions:
        """With `names` the header row, where there is one, is skipped as a row."""
        past_header = names is not None and self.header
        return pa_csv.ReadOptions(
            block_size=block,
            skip_rows=self.skip_rows,
            skip_rows_after_names=1 if past_header else 0,
            column_names=None if names is None else list(names),
            autogenerate_column_names=names is None and not self.header,
            encoding=codec(self.encoding),
            use_threads=False,
        )

    def parse_options(
        self, columns: int, on_invalid: Callable[[pa_csv.InvalidRow], str]
    ) -> pa_csv.ParseOptions:
        """A line break inside quotes belongs to its field; an empty line is a row only where there is one column."""
        try:
            return pa_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char=self.quote_char or False,
                double_quote=self.escape_char is None,
                escape_char=self.escape_char or False,
                newlines_in_values=True,
                ignore_empty_lines=columns != 1,
                invalid_row_handler=on_invalid,
            )
        except (ValueError, TypeError):
            raise Fault(
                FaultCode.BAD_DATA, "delimiter, quoteChar and escapeChar must be one ASCII character each."
            ) from None

    def convert_options(self, types: Mapping[str, pa.DataType]) -> pa_csv.ConvertOptions:
        """An unquoted NULL text is NULL, in text columns too; a quoted empty string stays a string."""
        return pa_csv.ConvertOptions(
            column_types=dict(types),
            null_values=list(self.null_values),
            true_values=[*TRUE_VALUES, "1"],
            false_values=[*FALSE_VALUES, "0"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )


def codec(name: str) -> str:
    """The codec's normal name, so that `UTF8` gets the fast path. Raises `Fault` BAD_DATA for an unknown one."""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        raise Fault(FaultCode.BAD_DATA, f"There is no character encoding {name!r}.") from None
    return "utf8" if found in {"utf-8", "utf-8-sig"} else found


def found_delimiter(head: bytes, dialect: Dialect) -> str:
    """The delimiter that cuts the sample's lines into the same number of fields, the most of them; `,` by default."""
    text = head.decode(codec(dialect.encoding), errors="replace").removeprefix("\ufeff")
    lines = text.splitlines(keepends=True)[dialect.skip_rows :]
    whole = lines[:-1] if len(lines) > 1 and len(head) >= SNIFFED_BYTES else lines
    return max(DELIMITERS, key=lambda delimiter: _agreement(whole, delimiter, dialect.quote_char))


def _agreement(lines: Sequence[str], delimiter: str, quote: str) -> tuple[float, int]:
    rows = csv.reader(
        io.StringIO("".join(lines)),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    try:
        widths = Counter(len(row) for row in rows if row)
    except csv.Error:
        return (0.0, 0)
    if not widths:
        return (0.0, 0)
    width, count = widths.most_common(1)[0]
    return (count / widths.total() if width > 1 else 0.0, width)

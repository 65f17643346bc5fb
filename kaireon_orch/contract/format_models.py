"""How files are to be understood: the options of the shared format readers, for file types and object stores alike."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from kaireon_orch.contract.fields import Name, Pattern, Text
from kaireon_orch.contract.spec import SourceModel, SpecModel

FORMATS: Final = ("csv", "json", "jsonl", "parquet", "avro", "excel")

Format = Annotated[
    Literal["csv", "json", "jsonl", "parquet", "avro", "excel"],
    Field(title="Format", description="What the files hold. Not given: told by each file's ending."),
]
Compression = Annotated[
    Literal["auto", "none", "gzip", "bz2", "zstd", "xz", "zip"],
    Field(title="Compression", description="`auto` tells it by the file's first bytes."),
]
Member = Annotated[
    str,
    Field(
        title="Member",
        description="Name of the file inside an archive that holds several.",
        max_length=1024,
        examples=["orders.csv"],
    ),
]
ColumnTypes = Annotated[
    dict[Name, Annotated[str, Field(max_length=200)]],
    Field(
        title="Column types",
        description="Arrow type by column, for columns whose type should not be told from the sample.",
        max_length=10_000,
        examples=[{"zip": "string", "amount": "decimal128(12,2)"}],
    ),
]
RecordsPath = Annotated[
    str,
    Field(
        title="Records path",
        description="Dot-separated way to the list of records inside one JSON document.",
        max_length=1024,
        examples=["data.items"],
    ),
]
Sheet = Annotated[
    str, Field(title="Sheet", description="Name of the worksheet. Not given: the first one.", max_length=255)
]
CellRange = Annotated[
    str,
    Field(
        title="Range",
        description="Cells to read, in A1 notation. Not given: everything that is filled.",
        max_length=64,
        pattern=r"^([A-Za-z]{1,3}\d{0,7}(:[A-Za-z]{1,3}\d{0,7})?)?$",
        examples=["A1:F500"],
    ),
]


class CsvOptions(SpecModel):
    """Delimited text."""

    delimiter: str | None = Field(
        default=None,
        title="Delimiter",
        description="The one character between fields. Not given: found on the sample.",
        min_length=1,
        max_length=1,
        examples=[",", ";", "\t"],
    )
    quote_char: str = Field(
        default='"',
        title="Quote character",
        description="Encloses fields that hold the delimiter; empty: fields are never quoted.",
        max_length=1,
    )
    escape_char: str | None = Field(
        default=None,
        title="Escape character",
        description="Stands before a quote inside a quoted field. Not given: quotes are doubled.",
        min_length=1,
        max_length=1,
        examples=["\\"],
    )
    encoding: str = Field(
        default="utf-8",
        title="Encoding",
        description="Character encoding by its usual name; a byte order mark is skipped.",
        max_length=40,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        examples=["utf-8", "windows-1252"],
    )
    header: bool = Field(default=True, title="Header", description="Whether the first row names the columns.")
    skip_rows: int = Field(
        default=0,
        title="Rows to skip",
        description="Lines before the header, or before the data.",
        ge=0,
        le=1_000_000,
    )
    null_values: tuple[Text, ...] = Field(
        default=("",),
        title="NULL values",
        description="Unquoted texts that mean NULL. A quoted empty string stays a string.",
        max_length=100,
        strict=False,
    )
    types: ColumnTypes | None = None
    compression: Compression = "auto"


class FormatOptions(CsvOptions):
    """Options of every format in one place; each reader looks at its own."""

    records_path: RecordsPath | None = None
    sheet: Sheet | None = None
    cell_range: CellRange | None = None


class PatternSource(SourceModel):
    """Which files below the connector's path a pipeline reads."""

    pattern: Pattern | None = None
    member: Member | None = None


class FilesSource(PatternSource):
    """Which files of a store a pipeline reads, and how they are to be understood."""

    format: Format | None = None
    format_options: FormatOptions | None = Field(
        default=None,
        title="Format options",
        description="How to understand the files; each format looks at its own.",
    )

"""Open a DuckDB file with everything switched off that reaches beyond it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import duckdb

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPEN_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
MEMORY: Final = "1GB"
LOAD_MEMORY: Final = "128MB"
"""DuckDB fills what it may use before it writes anything out: little, so that a large load needs no more than a small."""

LARGE_MEMORY: Final = "4GB"
"""For a load that cannot be committed within `LOAD_MEMORY`: very wide tables, very long values."""

_SMALL_VECTOR: Final = 32 << 20
_LARGE_VECTOR: Final = 256 << 20
"""Bytes of as many rows as DuckDB holds at once; it needs them three times over to write them."""

_CONFIG: Final[dict[str, Any]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}


def load_memory(vector_bytes: int) -> str:
    """The least memory in which rows can be written of which DuckDB holds `vector_bytes` at once."""
    if vector_bytes <= _SMALL_VECTOR:
        return LOAD_MEMORY
    return MEMORY if vector_bytes <= _LARGE_VECTOR else LARGE_MEMORY


def connect(path: Path, *, read_only: bool, folder: str, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A connection; waits while another process holds the file.

    Whatever spills goes into `folder`. Raises `Fault` OBJECT_MISSING, BAD_DATA, TABLE_BUSY, FILE_NOT_ALLOWED.
    """
    _refuse_linked_log(path)
    if not path.exists() and read_only:
        raise Fault(FaultCode.OBJECT_MISSING, "The DuckDB file does not exist.")
    deadline = time.monotonic() + OPEN_SECONDS
    config = {**_CONFIG, "temp_directory": folder, "memory_limit": memory, "threads": _threads(memory)}
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.IOException:
            _judge(path, deadline)
        except duckdb.Error as error:
            raise fault(error) from None
        else:
            _settle(connection, lock=read_only)
            return connection


def _refuse_linked_log(path: Path) -> None:
    """DuckDB would follow a link in the place of its write-ahead log, and write to wherever that leads."""
    if path.with_name(f"{path.name}.wal").is_symlink():
        raise Fault(FaultCode.FILE_NOT_ALLOWED, "The DuckDB file's write-ahead log is a link.")


def _threads(memory: str) -> str:
    """Each thread holds row groups of its own."""
    return "1" if memory == LOAD_MEMORY else "2"


def _judge(path: Path, deadline: float) -> None:
    """DuckDB has one exception for a foreign lock and a foreign file; the file's own mark tells them apart."""
    if path.exists() and path.stat().st_size and not _is_duckdb(path):
        raise Fault(FaultCode.BAD_DATA, "The file is no DuckDB database.") from None
    if time.monotonic() > deadline:
        raise Fault(FaultCode.TABLE_BUSY, "Another program has the DuckDB file open for writing.") from None
    time.sleep(_POLL_SECONDS)


def _is_duckdb(path: Path) -> bool:
    """DuckDB's storage format: the magic bytes `DUCK` follow an 8-byte checksum."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def _settle(connection: duckdb.DuckDBPyConnection, *, lock: bool) -> None:
    """UTC, exact Arrow types; and no more settings where a tenant's query may run."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET arrow_lossless_conversion = true")
    connection.execute("SET enable_progress_bar = false")
    _find_loads(connection)
    if lock:
        connection.execute("SET lock_configuration = true")


def _find_loads(connection: duckdb.DuckDBPyConnection) -> None:
    """A name without a schema is found in `main`, and else in `public`, where loads go that name none."""
    loads = connection.execute(
        "SELECT 1 FROM duckdb_schemas() WHERE schema_name = 'public' AND database_name = current_database()"
    ).fetchone()
    if loads is not None:
        connection.execute("SET search_path = 'main,public'")


_FAULTS: Final[tuple[tuple[type[duckdb.Error], FaultCode, str], ...]] = (
    (
        duckdb.ConstraintException,
        FaultCode.ROW_REFUSED,
        "A row breaks a constraint of the table (key, NOT NULL or check).",
    ),
    (duckdb.ConversionException, FaultCode.BAD_DATA, "A value could not be converted to its column's type."),
    (duckdb.OutOfRangeException, FaultCode.BAD_DATA, "A value is out of the range of its type."),
    (
        duckdb.CatalogException,
        FaultCode.OBJECT_MISSING,
        "A table or function that was asked for does not exist.",
    ),
    (
        duckdb.BinderException,
        FaultCode.OBJECT_MISSING,
        "A column that was asked for does not exist, or types do not match.",
    ),
    (duckdb.ParserException, FaultCode.NOT_SUPPORTED, "The query is not understood: check its syntax."),
    (
        duckdb.PermissionException,
        FaultCode.NOT_PERMITTED,
        "Files, extensions and settings are out of a query's reach.",
    ),
    (
        duckdb.InvalidInputException,
        FaultCode.BAD_DATA,
        "A function in the query was given what it does not take, or would have written.",
    ),
    (
        duckdb.ConnectionException,
        FaultCode.TABLE_BUSY,
        "This process has the DuckDB file open in another mode; close that connection first.",
    ),
    (duckdb.TransactionException, FaultCode.TABLE_BUSY, "Another transaction was in the way; try again."),
    (
        duckdb.OutOfMemoryException,
        FaultCode.TARGET_REFUSED,
        "DuckDB needs more memory than it may use.",
    ),
    (
        duckdb.IOException,
        FaultCode.TARGET_REFUSED,
        "The DuckDB file cannot be read or written: check disk space and rights.",
    ),
)


def fault(error: duckdb.Error) -> Fault:
    """DuckDB's exception as a fault, by its class."""
    for kind, code, words in _FAULTS:
        if isinstance(error, kind):
            return Fault(code, words)
    return Fault(FaultCode.UNEXPECTED, "DuckDB failed in an unexpected way.")


@contextmanager
def faults() -> Iterator[None]:
    """Turn what DuckDB raises inside into faults."""
    try:
        yield
    except duckdb.Error as error:
        raise fault(error) from None

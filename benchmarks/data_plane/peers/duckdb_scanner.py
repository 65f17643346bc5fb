"""DuckDB's scanner of PostgreSQL writes a Parquet file: `DSN FILE`. It is not exact: wide decimals become doubles."""

import sys
from pathlib import Path

import duckdb
import duckdb_extension_postgres_scanner as scanner
from clock import timed

dsn, file = sys.argv[1:]
extension = next(Path(scanner.__file__).parent.glob("extensions/*/*.duckdb_extension"))
with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
    connection.execute(f"LOAD '{extension}'")
    connection.execute("SET TimeZone = 'UTC'")
    with timed():
        connection.execute(f"ATTACH '{dsn}' AS source (TYPE postgres, READ_ONLY)")
        connection.execute(f"COPY source.public.rows TO '{file}' (FORMAT parquet, COMPRESSION zstd)")

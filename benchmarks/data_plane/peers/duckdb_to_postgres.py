"""DuckDB reads a Parquet file, ADBC ingests its batches: `FILE URL TABLE`."""

import sys

import adbc_driver_postgresql.dbapi
import duckdb
from clock import timed

BATCH_ROWS = 122_880
file, url, table = sys.argv[1:]
with timed(), duckdb.connect() as reader, adbc_driver_postgresql.dbapi.connect(url) as target:
    reader.execute("SET TimeZone = 'UTC'")
    rows = reader.sql(f"FROM read_parquet('{file}')").to_arrow_reader(BATCH_ROWS)
    with target.cursor() as cursor:
        cursor.adbc_ingest(table, rows, mode="create")
    target.commit()

"""DuckDB's own COPY of a CSV file into a new table of known types: `FILE DATABASE COLUMNS`."""

import sys

import duckdb
from clock import timed

file, database, columns = sys.argv[1:]
with timed(), duckdb.connect(database) as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE loaded ({columns})")
    connection.execute(f"COPY loaded FROM '{file}' (FORMAT csv, HEADER)")

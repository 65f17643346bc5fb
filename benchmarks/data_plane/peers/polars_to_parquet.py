"""Polars reads a table of PostgreSQL and writes a Parquet file: `URL FILE ENGINE`, the engine `adbc` or `connectorx`."""

import sys

import polars as pl
from clock import timed

url, file, engine = sys.argv[1:]
with timed():
    pl.read_database_uri("SELECT * FROM rows", url, engine=engine).write_parquet(file)

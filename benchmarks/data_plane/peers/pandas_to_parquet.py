"""pandas reads a table of PostgreSQL and writes a Parquet file: `URL FILE`."""

import sys

import pandas as pd
import sqlalchemy
from clock import timed

url, file = sys.argv[1:]
with timed():
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    pd.read_sql("SELECT * FROM rows", engine, dtype_backend="pyarrow").to_parquet(file)

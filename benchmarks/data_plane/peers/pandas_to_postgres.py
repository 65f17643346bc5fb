"""pandas reads a CSV file in chunks and appends them by COPY, the fastest way that its manual shows: `FILE URL TABLE`."""

import csv
import io
import sys

import pandas as pd
import sqlalchemy
from clock import timed

CHUNK = 100_000
MOMENTS = ["born", "created_at", "updated_at"]


def by_copy(table, connection, keys, rows):  # noqa: ANN001, ANN201  the signature that pandas calls
    """Insert the rows by COPY."""
    names = ", ".join(f'"{key}"' for key in keys)
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT csv)") as copy,
    ):
        copy.write(text.getvalue())


file, url, name = sys.argv[1:]
with timed():
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for chunk in pd.read_csv(file, chunksize=CHUNK, dtype_backend="pyarrow", parse_dates=MOMENTS):
            chunk.to_sql(name, connection, if_exists="append", index=False, method=by_copy)

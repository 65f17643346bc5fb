"""dlt loads into PostgreSQL: `SOURCE URL SCHEMA FOLDER`, the source a Parquet file, or a table by `table:URL`.

Arrow batches all the way and CSV as the load's format, which were the fastest that it offers here.
"""

import sys
from collections.abc import Iterator

import dlt
import pyarrow.parquet as pq
from clock import timed
from dlt.sources.sql_database import sql_table

BATCH_ROWS = 100_000
source, url, schema, folder = sys.argv[1:]


@dlt.resource(name="loaded")
def file_rows() -> Iterator[object]:
    yield from pq.ParquetFile(source).iter_batches(BATCH_ROWS)


with timed():
    if source.startswith("table:"):
        rows = sql_table(
            source.removeprefix("table:").replace("postgresql://", "postgresql+psycopg2://"),
            table="rows",
            backend="pyarrow",
            chunk_size=BATCH_ROWS,
            reflection_level="full_with_precision",
        ).with_name("loaded")
    else:
        rows = file_rows()
    pipeline = dlt.pipeline(
        "bench", destination=dlt.destinations.postgres(url), dataset_name=schema, pipelines_dir=folder
    )
    pipeline.run(rows, loader_file_format="csv", write_disposition="append").raise_on_failed_jobs()

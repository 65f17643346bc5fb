"""The rows that every case moves: about 220 bytes in 12 columns of mixed types, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("account", pa.int32()),
        ("kind", pa.int16()),
        ("price", pa.decimal128(12, 2)),
        ("ratio", pa.float64()),
        ("active", pa.bool_()),
        ("born", pa.date32()),
        ("created_at", pa.timestamp("us")),
        ("updated_at", pa.timestamp("us", "UTC")),
        ("code", pa.string()),
        ("name", pa.string()),
        ("note", pa.string()),
    ]
)
BATCH: Final = 100_000
WORDS: Final = (
    "harbour",
    "lantern",
    "copper",
    "meadow",
    "quiet",
    "signal",
    "winter",
    "marble",
    "river",
    "basket",
    "orange",
    "thunder",
    "velvet",
    "garden",
    "paper",
    '"quoted"',
    "comma,",
    "naïve",
    "Köln",
    "東京",
    "ladder",
    "window",
)
MICROSECONDS_2020: Final = 1_577_836_800_000_000
FIVE_YEARS: Final = 5 * 365 * 86_400_000_000
NULL_EVERY: Final = 20
"""One in so many accounts and notes is NULL."""


def batches(rows: int, seed: int) -> Iterator[pa.RecordBatch]:
    """`rows` rows with the ids from 1 on."""
    for first in range(0, rows, BATCH):
        yield _batch(first, min(BATCH, rows - first), np.random.default_rng([seed, first]))


def _batch(first: int, rows: int, random: np.random.Generator) -> pa.RecordBatch:
    empty = random.integers(0, NULL_EVERY, rows) == 0
    moments = MICROSECONDS_2020 + random.integers(0, FIVE_YEARS, (2, rows))
    columns = [
        pa.array(np.arange(first + 1, first + rows + 1)),
        pa.array(random.integers(1, 100_000, rows, dtype=np.int32), mask=empty),
        pa.array(random.integers(0, 12, rows, dtype=np.int16)),
        _prices(random.integers(0, 10**9, rows)),
        pa.array(np.round(random.random(rows), 12)),
        pa.array(random.integers(0, 2, rows).astype(bool)),
        pa.array(random.integers(-9_000, 18_000, rows, dtype=np.int32)).cast(pa.date32()),
        pa.array(moments[0]).cast(pa.timestamp("us")),
        pa.array(moments[1]).cast(pa.timestamp("us", "UTC")),
        _codes(random.bytes(16 * rows)),
        _sentences(random, 2, 500).take(pa.array(random.integers(0, 500, rows))),
        _sentences(random, 9, 2_000).take(pa.array(random.integers(0, 2_000, rows), mask=empty)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _prices(cents: np.ndarray) -> pa.Array:
    """Cents as decimals, by the layout that decimal128 has: the number, then its sign's 64 bits."""
    words = np.zeros((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    return pa.Array.from_buffers(pa.decimal128(12, 2), len(cents), [None, pa.py_buffer(words)])


def _codes(random: bytes) -> pa.Array:
    """32 hexadecimal digits a row, of 16 bytes each."""
    rows = len(random) // 16
    offsets = np.arange(0, 32 * rows + 1, 32, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(random.hex().encode())]
    return pa.Array.from_buffers(pa.string(), rows, buffers)


def _sentences(random: np.random.Generator, words: int, count: int) -> pa.Array:
    picked = random.integers(0, len(WORDS), (count, words))
    return pa.array([" ".join(WORDS[word] for word in line) for line in picked], pa.string())

"""The clock of a peer's script: it starts when the imports are done, so that they do not count."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def timed() -> Iterator[None]:
    """Say how many seconds the block took, as the last line on stdout."""
    began = time.perf_counter()
    yield
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)

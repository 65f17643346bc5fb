"""What the configurations of MySQL and of its relatives share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

ZeroDates = Annotated[
    Literal["error", "null"],
    Field(
        title="Zero dates",
        description="What becomes of `0000-00-00`, which is no date: `error` ends the run and names the row (default), `null` reads it as NULL.",
    ),
]
ConsistentSnapshot = Annotated[
    bool,
    Field(
        title="Consistent snapshot",
        description=(
            "Read a table as of one moment, over one connection: slower. Not given: large tables are read in ranges of "
            "their key, which see changes that are made meanwhile."
        ),
    ),
]

"""Rejected rows of a load, in a table of files beside: `<table>__rejects`."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from kaireon_orch.connectors.parquet.state import manifest_of
from kaireon_orch.contract.load import REJECTS_SCHEMA
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.manifest import Manifest
from kaireon_orch.families.files.parts import PartWriter

if TYPE_CHECKING:
    from kaireon_orch.connectors.parquet.state import NextState
    from kaireon_orch.contract.load import LedgerEntry, Rejects


def with_rejects(waiting: NextState, rejects: Rejects, entry: LedgerEntry) -> Manifest:
    """The next state of the table of rejects: its files, and the rejected rows of the load.

    Raises `Fault` TARGET_REFUSED for a table of that name that keeps something else.
    """
    present = manifest_of(waiting.place) or Manifest(REJECTS_SCHEMA)
    if present.schema != REJECTS_SCHEMA:
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"The table {waiting.place.name} has other columns than those of rejected rows.",
        )
    writer = PartWriter(waiting.make(), f"part-{uuid.uuid4().hex}", REJECTS_SCHEMA)
    try:
        for batch in rejects.batches():
            writer.write(batch)
        parts = (*present.parts, *writer.finish())
    finally:
        writer.abort()
    waiting.keep(present.parts)
    of = replace(
        entry, table=waiting.place.name, rows=rejects.rows, mode="append", checkpoint=None, figures={}
    )
    return Manifest(REJECTS_SCHEMA, parts, present.loads).after(of)

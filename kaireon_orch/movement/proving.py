"""`verify`: a load is committed only once the target has shown that it holds what was given to it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kaireon_orch.contract.proof import Proving
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.load import WritePlan
    from kaireon_orch.contract.target import Load
    from kaireon_orch.families.witness import RowWitness


@contextmanager
def witnessed(load: Load, plan: WritePlan, folder: str | None) -> Iterator[RowWitness]:
    """A witness of the load, which the load knows of; `folder` takes what memory does not hold.

    Raises `Fault` NOT_SUPPORTED for a target that shows nothing before it commits.
    """
    if not isinstance(load, Proving):
        raise Fault(FaultCode.NOT_SUPPORTED, "This target cannot prove what it holds: run without verify.")
    from kaireon_orch.families.witness import RowWitness  # noqa: PLC0415  its engine takes its time to load

    key = plan.key if plan.merges or plan.versions else ()
    spill = folder or tempfile.gettempdir()
    witness = RowWitness(plan.schema, spill, load.forms(plan), key, plan.cursor if key else None)
    load.prove(witness)
    try:
        yield witness
    finally:
        witness.close()

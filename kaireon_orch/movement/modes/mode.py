"""What a load mode says about a load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mode:
    """How rows meet those that are there.

    `replaces`: every earlier row is gone once the load is committed. `guards_empty`: a load of no rows changes nothing,
    unless the pipeline says `allowEmpty`. `keyed`: it does not go without a primary key. `resumes`: it reads on from
    where the last load ended. `needs_all`: a part of the source would be taken for the whole, so no cap may cut it.
    """

    replaces: bool = False
    guards_empty: bool = False
    keyed: bool = False
    resumes: bool = False
    needs_all: bool = False

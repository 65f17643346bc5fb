"""What a load mode says about a load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mode:
    """How rows meet those that are there.

    `replaces`: every earlier row is gone once the load is committed. `guards_empty`: a load of no rows changes nothing,
    unless the pipeline says `allowEmpty`.
    """

    replaces: bool = False
    guards_empty: bool = False

"""What a type's test module declares about the type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Case:
    """A type under test: `credentials` holds one complete, planted set for each of its auth methods.

    `refused` are configurations that the form must refuse, each by its one field.
    """

    type: str
    credentials: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refused: tuple[Mapping[str, Any], ...] = ()

"""Records to YAML: the same registry gives the same bytes."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from kaireon_orch.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from yaml.nodes import ScalarNode

WIDTH = 110


_BREAKS = frozenset("\x85\u2028\u2029")
"""Line breaks to YAML, after which its writer would indent, and so change the text, unless it escapes them."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, and no anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> ScalarNode:
    style = '"' if _BREAKS.intersection(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


@dataclass(slots=True)
class Export:
    """The records of one kind, in their order, and what must be said about them."""

    kind: str
    records: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, record: dict[str, Any], notes: Iterable[str] = ()) -> None:
        """Take one more record."""
        self.records.append(record)
        self.notes += [f"{name}: {note}" for note in notes]

    def text(self) -> str:
        """YAML, fields in the order of the record."""
        return yaml.dump(
            {self.kind: self.records}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH
        )

    def save(self, folder: Path) -> Path:
        """Write `<kind>.yaml` below the folder, whole or not at all. Raises `InvalidInput`."""
        path = folder / f"{self.kind}.yaml"
        draft = folder / f".{self.kind}.{secrets.token_hex(4)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(self.text(), encoding="utf-8")
            os.replace(draft, path)  # noqa: PTH105  atomic, as the name says
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from None
        return path

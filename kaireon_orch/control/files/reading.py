"""YAML files to records, strictly: duplicate keys, anchors and tags are refused, and every fault names its line.

A document holds `connectors:` and `pipelines:`, lists both, or is one record by itself. Scalars are read as YAML 1.2's
core schema has them, so that `no`, `010` and `2026-01-01` stay the texts that they are in JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from kaireon_orch.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from yaml.nodes import Node

Kind = Literal["connector", "pipeline"]

SUFFIXES = frozenset({".yaml", ".yml"})
LARGEST = 4 * 1024 * 1024  # bytes of one file
LISTS: Mapping[str, Kind] = {"connectors": "connector", "pipelines": "pipeline"}
ONLY_PIPELINES_HAVE = frozenset({"connector", "targetConnector", "loadMode", "source"})

_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file; `lines` are line numbers by the dotted path of a field, the record's own under ``""``."""

    kind: Kind
    file: str
    value: dict[str, Any]
    lines: Mapping[str, int]

    @property
    def name(self) -> str:
        name = self.value.get("name")
        return name if isinstance(name, str) else "(no name)"

    @property
    def place(self) -> str:
        return f"{self.file}:{self.lines['']}"

    def at(self, fault: FieldError) -> FieldError:
        """The fault with file and line before its field."""
        path = fault.field
        while path not in self.lines:
            path = path.rpartition(".")[0]
        return FieldError(f"{self.file}:{self.lines[path]} {fault.field}", fault.message)


class _Refused(Exception):
    """A node that is not to be; becomes a `FieldError`."""

    def __init__(self, node: Node, words: str) -> None:
        super().__init__(words)
        self.line = node.start_mark.line + 1
        self.words = words


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, without anchors."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  pyyaml's own, written by `add_implicit_resolver`

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Refuse what stands for another node: it hides what is written, and grows without bounds."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # pyyaml's stubs
            raise yaml.composer.ComposerError(None, None, "anchors are not read: write the value out", mark)
        return super().compose_node(parent, index)


for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)


def read(place: Path) -> list[Record]:
    """The records of a file, or of all YAML files below a folder, in the order of their paths.

    Raises `InvalidInput` naming file and line of everything that cannot be read.
    """
    records: list[Record] = []
    faults: list[FieldError] = []
    for path in _paths(place):
        name = path.name if place.is_file() else path.relative_to(place).as_posix()
        try:
            records += _records(name, _text(path))
        except _Refused as refused:
            faults.append(FieldError(f"{name}:{refused.line}", refused.words))
        except yaml.MarkedYAMLError as error:
            faults.append(_unreadable(name, error))
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
            faults.append(FieldError(name, "is no YAML in UTF-8 that can be read"))
        except OSError as error:
            faults.append(FieldError(name, f"cannot be read: {error.strerror}"))
    if faults:
        raise InvalidInput("The files cannot be read.", faults)
    return records


def demand_distinct(records: list[Record]) -> None:
    """Refuse a name that stands twice; names are what tells records apart."""
    first: dict[tuple[Kind, str], Record] = {}
    faults = [
        record.at(FieldError("name", f"{record.name!r} stands at {known.place} already"))
        for record in records
        if (known := first.setdefault((record.kind, record.name), record)) is not record
    ]
    if faults:
        raise InvalidInput("The files name some records twice.", faults)


def _paths(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = sorted(
        path
        for path in place.rglob("*")
        if path.suffix in SUFFIXES and not any(part.startswith(".") for part in path.relative_to(place).parts)
    )
    if not found:
        raise InvalidInput(f"There is no YAML file (*.yaml, *.yml) below {place}.")
    return found


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("too large")
    return content.decode("utf-8-sig")


def _records(file: str, text: str) -> Iterator[Record]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            for kind, part, lines in _parts(node):
                yield Record(kind, file, loader.construct_document(part), lines)
    finally:
        loader.dispose()


def _parts(node: Node | None) -> Iterator[tuple[Kind, MappingNode, dict[str, int]]]:
    """The records of one document, each with its lines."""
    if node is None or (isinstance(node, ScalarNode) and node.tag == f"{_TAG}null"):
        return
    whole = _mapping(node, "takes connectors: and pipelines:, or the fields of one record")
    keys = {key.value: value for key, value in whole.value}
    if not LISTS.keys() & keys.keys():
        kind: Kind = "pipeline" if ONLY_PIPELINES_HAVE & keys.keys() else "connector"
        yield kind, whole, dict(_lines(whole))
        return
    _refuse_doubles(whole)
    for key, value in whole.value:
        if key.value not in LISTS:
            raise _Refused(key, f"{key.value} is not known here; a file has connectors and pipelines")
        if not isinstance(value, SequenceNode):
            raise _Refused(value, f"{key.value} takes a list")
        for each in value.value:
            part = _mapping(each, f"{key.value} takes a list of records")
            yield LISTS[key.value], part, dict(_lines(part))


def _mapping(node: Node, words: str) -> MappingNode:
    if isinstance(node, MappingNode):
        return node
    raise _Refused(node, words)


def _lines(node: Node, path: str = "", line: int | None = None) -> Iterator[tuple[str, int]]:
    """The line of every field; on the way, what JSON does not have is refused."""
    if node.tag not in _TAGS:
        raise _Refused(node, f"the tag {node.tag.removeprefix(_TAG)} is not read")
    yield path, (line or node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        _refuse_doubles(node)
        for key, value in node.value:
            yield from _lines(value, f"{path}.{key.value}".lstrip("."), key.start_mark.line + 1)
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, f"{path}.{index}")


def _refuse_doubles(node: MappingNode) -> None:
    seen = set()
    for key, _value in node.value:
        if key.tag != f"{_TAG}str":
            raise _Refused(key, "the name of a field must be a text; put it in quotes")
        if key.value in seen:
            raise _Refused(key, f"{key.value} stands twice")
        seen.add(key.value)


def _unreadable(name: str, error: yaml.MarkedYAMLError) -> FieldError:
    mark = error.problem_mark or error.context_mark
    line = f":{mark.line + 1}" if mark else ""
    anchors = isinstance(error, yaml.composer.ComposerError)
    words = "anchors are not read: write the value out" if anchors else "is no valid YAML here"
    return FieldError(f"{name}{line}", words)

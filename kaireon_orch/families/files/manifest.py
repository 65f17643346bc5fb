"""What a folder of Parquet files remembers in `_manifest.json`: its columns, its files, and the loads that made them."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kaireon_orch.contract.load import LedgerEntry
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files.parts import Part

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "_manifest.json"
KEPT_LOADS: Final = 10_000
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """One committed state of a table; `loads` from the oldest to the newest, the last of each pipeline always."""

    schema: pa.Schema
    parts: tuple[Part, ...] = ()
    loads: tuple[LedgerEntry, ...] = ()

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    def entry(self, load_id: str) -> LedgerEntry | None:
        return next((entry for entry in reversed(self.loads) if entry.load_id == load_id), None)

    def last(self, pipeline_id: str, table: str) -> LedgerEntry | None:
        entries = (entry for entry in reversed(self.loads) if entry.pipeline_id == pipeline_id)
        return next((entry for entry in entries if entry.table == table), None)

    def after(self, entry: LedgerEntry) -> Manifest:
        """The same with one more load; the oldest are forgotten where a later one of the pipeline is known."""
        loads = (*self.loads, entry)
        newest = {each.pipeline_id: each.load_id for each in loads}
        kept = loads[-KEPT_LOADS:]
        old = [each for each in loads[:-KEPT_LOADS] if newest[each.pipeline_id] == each.load_id]
        return replace(self, loads=(*old, *kept))

    def to_json(self) -> str:
        document = {
            "format": _FORMAT,
            "rows": self.rows,
            "columns": [{"name": each.name, "type": arrow.type_words(each.type)} for each in self.schema],
            "parts": [asdict(part) for part in self.parts],
            "loads": [asdict(entry) for entry in self.loads],
            "schema": base64.b64encode(self.schema.serialize().to_pybytes()).decode("ascii"),
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_manifest(folder: Path) -> Manifest | None:
    """The folder's manifest; None where there is none. Raises `Fault` BAD_DATA for what is none of ours."""
    try:
        document = json.loads((folder / NAME).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _damaged() from None
    try:
        return _manifest(document)
    except (KeyError, TypeError, ValueError, pa.ArrowException, OSError):
        raise _damaged() from None


def _manifest(document: dict[str, Any]) -> Manifest:
    if document["format"] != _FORMAT:
        raise ValueError("another format")
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(document["schema"])))
    parts = tuple(Part(**part) for part in document["parts"])
    return Manifest(schema, parts, tuple(LedgerEntry(**entry) for entry in document["loads"]))


def _damaged() -> Fault:
    return Fault(FaultCode.BAD_DATA, f"The target's {NAME} is damaged or of another version.")

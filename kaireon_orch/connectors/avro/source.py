"""Read Avro container files from a folder or a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.families.files.avro_reader import AvroFile
from kaireon_orch.families.files.file_source import FileSource
from kaireon_orch.families.files.open import unpacked
from kaireon_orch.families.files.typed_set import TypedSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kaireon_orch.connectors.avro.spec import AvroConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.files.places import Place


def open_source(opening: Opening[AvroConfig]) -> FileSource:
    """The connector's opened end; opens no file yet."""

    def rows(source: SourceModel | None, places: Sequence[Place]) -> TypedSet:
        member = getattr(source, "member", None)
        return TypedSet([AvroFile(_opened(place, member), place.name) for place in places])

    return FileSource(opening, rows)


def _opened(place: Place, member: str | None) -> Callable[[], BinaryIO]:
    return lambda: unpacked(place.open(), "auto", member)

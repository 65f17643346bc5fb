"""Read JSON documents and JSON Lines from a folder or a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.families.files.declared import declared_types
from kaireon_orch.families.files.file_source import FileSource
from kaireon_orch.families.files.json_reader import JsonFile
from kaireon_orch.families.files.json_set import JsonSet
from kaireon_orch.families.files.open import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kaireon_orch.connectors.json.spec import JsonConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.files.places import Place


def open_source(opening: Opening[JsonConfig]) -> FileSource:
    """The connector's opened end; opens no file yet."""
    config = opening.config

    def rows(source: SourceModel | None, places: Sequence[Place]) -> JsonSet:
        path = getattr(source, "records_path", None) or config.records_path
        member = getattr(source, "member", None) or config.member
        keys = tuple(path.split(".")) if path else ()
        return JsonSet(
            [
                JsonFile(
                    _opened(place, config.compression, member),
                    place.name,
                    config.layout,
                    keys,
                    config.encoding,
                )
                for place in places
            ],
            declared_types(config.types),
        )

    return FileSource(opening, rows)


def _opened(place: Place, compression: str, member: str | None) -> Callable[[], BinaryIO]:
    return lambda: unpacked(place.open(), compression, member)

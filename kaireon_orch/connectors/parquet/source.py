"""Read Parquet files from a folder or a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.families.files.file_source import FileSource
from kaireon_orch.families.files.parquet_reader import ParquetData
from kaireon_orch.families.files.partitions import partition_columns
from kaireon_orch.families.files.places import LocalFile
from kaireon_orch.families.files.seekable import seekable
from kaireon_orch.families.files.typed_set import TypedSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from kaireon_orch.connectors.parquet.spec import ParquetConfig
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.families.files.places import Place


def open_source(opening: Opening[ParquetConfig]) -> FileSource:
    """The connector's opened end; opens no file yet."""

    def rows(source: SourceModel | None, places: Sequence[Place]) -> TypedSet:
        member = getattr(source, "member", None)
        given = _partitions(places) if opening.config.hive_partitions else [{} for _ in places]
        return TypedSet(
            [
                ParquetData(
                    _opened(place, opening.folder, member), place.name, opening.config.columns, constants
                )
                for place, constants in zip(places, given, strict=True)
            ]
        )

    return FileSource(opening, rows)


def _partitions(places: Sequence[Place]) -> Sequence[Mapping[str, pa.Scalar]]:
    return partition_columns([place.path if isinstance(place, LocalFile) else "" for place in places])


def _opened(place: Place, folder: str, member: str | None) -> Callable[[], BinaryIO]:
    return lambda: seekable(place, folder, member)

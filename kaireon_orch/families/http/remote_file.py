"""A file behind a URL as the readers of files see it: kept on disk as it is fetched, no further than it is read."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, ClassVar, cast
from urllib.parse import unquote

from kaireon_orch.families.http.client import Credentials, HttpClient
from kaireon_orch.families.http.download import Download
from kaireon_orch.families.http.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.door import Door


class RemoteFile:
    """`families.files.places.Place` for a URL; fetched once, at the first `open`.

    `headers` are credentials: they go to the URL's own origin alone. With a `reserve` (seconds of the deadline that are
    the caller's) the file is a sample, `cut` at its last line break where time is too short for the whole.
    """

    step: ClassVar[str] = "request"
    reached: ClassVar[str] = "The server answers."

    def __init__(
        self, door: Door, url: str, folder: str, *, headers: Mapping[str, str], reserve: float = 0.0
    ) -> None:
        self._url = parse_url(url)
        self._folder = folder
        self._sample = reserve > 0
        self._open = ExitStack()
        credentials = Credentials(self._url.origin, headers)
        self._client = HttpClient(door, credentials=credentials, public_plain=True, reserve=reserve)
        self._open.callback(self._client.close)
        self._download: Download | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(unquote(self._url.path)).stem or self._url.host

    @property
    def cut(self) -> bool:
        return self._download is not None and self._download.cut

    def check(self) -> None:
        self._client.probe(self._url)

    def open(self) -> BinaryIO:
        if self._download is None:
            response = self._open.enter_context(self._client.get(self._url))
            self._download = Download(response.chunks(), self._folder, sample=self._sample)
            self._open.callback(self._download.close)
        return cast("BinaryIO", self._download.open())

    def close(self) -> None:
        self._open.close()

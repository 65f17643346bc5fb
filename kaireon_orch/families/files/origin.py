"""Which files a connector means: one below the allowed roots, those that match a glob, or one behind a URL."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol, cast

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.places import LocalFile

if TYPE_CHECKING:
    from kaireon_orch.contract.auth_models import BearerTokenAuth
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.files.places import Place

_BEARER = "bearer_token"


class Located(Protocol):
    """A configuration that says where the files are."""

    @property
    def path(self) -> str | None: ...

    @property
    def url(self) -> str | None: ...


class FileOrigin:
    """The files of one connector. `logs_in` tells, once a URL was opened, whether credentials are sent to it."""

    def __init__(self, opening: Opening[Any]) -> None:
        self._opening = opening
        self._config = cast("Located", opening.config)
        self._places = ExitStack()
        self.logs_in = False

    @property
    def wants_login(self) -> bool:
        return self._opening.auth_method == _BEARER

    def places(self, pattern: str | None, *, reserve: float = 0.0) -> list[Place]:
        """The files, in the order of their paths; at least one. `reserve`: see `RemoteFile`.

        Raises `Fault` OBJECT_MISSING where none matches, MISSING_FIELDS, BAD_DATA for a pattern below a URL.
        """
        if self._config.path is None and self._config.url is not None:
            return [self._remote(self._config.url, pattern, reserve)]
        path = below(self._config.path, pattern)
        if path is None:
            raise Fault(FaultCode.MISSING_FIELDS, "The connector needs a path or a URL.")
        if not is_pattern(path):
            return [LocalFile(self._opening.door, path)]
        paths = self._opening.door.list_files(path)
        if not paths:
            raise Fault(FaultCode.OBJECT_MISSING, f"No file matches {path!r}.")
        return [LocalFile(self._opening.door, each) for each in paths]

    def close(self) -> None:
        self._places.close()

    def _remote(self, url: str, pattern: str | None, reserve: float) -> Place:
        if pattern is not None:
            raise Fault(FaultCode.BAD_DATA, "A pattern names files below a path; this connector reads a URL.")
        # A path needs no HTTP client, and its import takes longer than most files.
        from kaireon_orch.families.http.remote_file import RemoteFile  # noqa: PLC0415  lazy on purpose
        from kaireon_orch.families.http.url import without_userinfo  # noqa: PLC0415  lazy on purpose

        opening = self._opening
        bare, basic = without_userinfo(url)
        login = self._bearer() or basic
        self.logs_in = login is not None
        headers = {"Authorization": login} if login else {}
        place = RemoteFile(opening.door, bare, opening.folder, headers=headers, reserve=reserve)
        self._places.callback(place.close)
        return place

    def _bearer(self) -> str | None:
        auth = cast("BearerTokenAuth | None", self._opening.auth)
        if not self.wants_login or auth is None or auth.token is None:
            return None
        return f"Bearer {auth.token.get_secret_value()}"


def is_pattern(path: str) -> bool:
    """Whether a path is a glob."""
    return any(character in path for character in "*?[")


def below(path: str | None, pattern: str | None) -> str | None:
    """The pipeline's pattern: below the connector's path where that is a folder, instead of it where it is a file."""
    if (
        path is None
        or pattern is None
        or pattern.startswith("/")
        or is_pattern(path)
        or PurePath(path).suffix
    ):
        return pattern or path
    return str(PurePath(path, pattern))

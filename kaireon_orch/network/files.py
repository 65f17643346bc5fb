"""Files below the allowed roots, opened component by component without following links.

A path is taken as typed: `..`, links, devices, FIFOs and everything outside the roots are refused. A relative path is
looked for below each root in turn. The roots themselves are the operator's and may be links.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

MAX_LISTED = 100_000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MAGIC = frozenset("*?[")


def open_file(roots: Sequence[str], path: str) -> BinaryIO:
    """A regular file, for reading; `Fault` FILE_NOT_ALLOWED, OBJECT_MISSING or NOT_PERMITTED."""
    for root, parts in _below(roots, path):
        try:
            return os.fdopen(_open_regular(root, parts, path), "rb")
        except FileNotFoundError:
            continue
        except PermissionError:
            raise _not_permitted(path) from None
        except OSError:
            raise not_allowed(path) from None
    raise _missing(path)


def check_path(roots: Sequence[str], path: str, *, missing_ok: bool = False) -> Path:
    """The real path of a regular file below the roots, for a library that opens by name.

    With `missing_ok` a file that does not exist yet in an existing folder passes too: a target that makes it.
    """
    try:
        with open_file(roots, path) as file:
            return _real_path(roots, path, os.fstat(file.fileno()))
    except Fault as fault:
        if fault.fault is not FaultCode.OBJECT_MISSING or not missing_ok:
            raise
    return _future_path(roots, path)


def exact_path(path: str) -> Path:
    """The operator's own file, which may not exist yet; its folder's links are his."""
    real = Path(path).resolve()
    if real.exists() and not real.is_file():
        raise not_allowed(path)
    return real


def open_exact(path: str) -> BinaryIO:
    """The operator's own file, for reading; `Fault` OBJECT_MISSING, NOT_PERMITTED, FILE_NOT_ALLOWED."""
    try:
        return exact_path(path).open("rb")
    except FileNotFoundError:
        raise _missing(path) from None
    except PermissionError:
        raise _not_permitted(path) from None


def is_owned(path: str, roots: Sequence[str], exact: Sequence[str], closed: Sequence[str] = ()) -> bool:
    """Whether `path` leads to what belongs to the operator alone.

    That is one of the files `exact` or what stands beside it for it (`warehouse.duckdb.wal`), or anything in a folder
    of `closed` that no root inside of it opens again.
    """
    if "\0" in path:
        return False  # no path at all, and refused as such
    try:
        candidates = [_real(str(place)) for place in (path, *(Path(root) / path for root in roots))]
    except OSError:
        return True  # a link was swapped while it was read
    owned = {_real(file) for file in exact}
    return any(_is_beside(place, owned) or _is_closed(place, roots, closed) for place in candidates)


def _is_beside(place: Path, owned: Collection[Path]) -> bool:
    return any(
        place.parent == file.parent and (place.name == file.name or place.name.startswith(f"{file.name}."))
        for file in owned
    )


def _is_closed(place: Path, roots: Sequence[str], closed: Sequence[str]) -> bool:
    shut = [folder for folder in map(_real, closed) if place.is_relative_to(folder)]
    opened = [root for root in map(_real, roots) if place.is_relative_to(root)]
    return any(not any(root.is_relative_to(folder) and root != folder for root in opened) for folder in shut)


def _real(path: str) -> Path:
    """Where links lead, as far as they lead anywhere: not `Path.resolve`, which raises for a loop of them."""
    return Path(os.path.realpath(path))


def list_files(roots: Sequence[str], pattern: str) -> list[str]:
    """Paths of the regular files that match a glob, sorted; `**` stands for any number of folders.

    Links are passed over, and so are names that begin with a dot unless the pattern's part does. At most 100,000.
    """
    found: list[str] = []
    for root, parts in _below(roots, pattern):
        if not Path(root).is_dir():
            continue
        with _folder(os.open(root, _FOLDER)) as top:
            for names in _matches(top, parts):
                found.append(str(Path(root, *names)))
                if len(found) > MAX_LISTED:
                    raise Fault(
                        FaultCode.BAD_DATA, f"{pattern} matches more than {MAX_LISTED} files; narrow it"
                    )
    return sorted(set(found))


def not_allowed(path: str) -> Fault:
    return Fault(
        FaultCode.FILE_NOT_ALLOWED,
        f"{_shown(path)} is not a plain file below an allowed folder; the operator sets these in KAIREON_FILE_ROOTS",
    )


def _below(roots: Sequence[str], path: str) -> list[tuple[str, tuple[str, ...]]]:
    """(root, components below it) for each root that `path` may mean."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or "://" in path or ".." in pure.parts:
        raise not_allowed(path)
    if not pure.is_absolute():
        places = [(root, pure.parts) for root in roots]
    else:
        places = [(root, inside) for root in roots if (inside := _inside(pure, root))]
    if not places or not pure.parts:
        raise not_allowed(path)
    return places


def _inside(path: PurePosixPath, root: str) -> tuple[str, ...] | None:
    for spelling in (PurePosixPath(root), PurePosixPath(os.path.realpath(root))):
        if path.is_relative_to(spelling):
            return path.relative_to(spelling).parts or None
    return None


def _open_regular(root: str, parts: Sequence[str], path: str) -> int:
    *folders, name = parts
    with _folder(os.open(root, _FOLDER)) as top, _descend(top, folders) as parent:
        # Looked at before it is opened: opening a device can do something.
        if not stat.S_ISREG(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise not_allowed(path)
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    if stat.S_ISREG(os.fstat(opened).st_mode):
        return opened
    os.close(opened)
    raise not_allowed(path)


@contextmanager
def _descend(top: int, folders: Sequence[str]) -> Iterator[int]:
    current = os.dup(top)
    try:
        for name in folders:
            below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


@contextmanager
def _folder(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _real_path(roots: Sequence[str], path: str, opened: os.stat_result) -> Path:
    for root, parts in _below(roots, path):
        real = Path(os.path.realpath(root), *parts)
        try:
            if os.path.samestat(os.lstat(real), opened):
                return real
        except FileNotFoundError:
            continue
    raise not_allowed(path)


def _future_path(roots: Sequence[str], path: str) -> Path:
    for root, parts in _below(roots, path):
        try:
            with _folder(os.open(root, _FOLDER)) as top, _descend(top, parts[:-1]):
                return Path(os.path.realpath(root), *parts)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise (_not_permitted(path) if error.errno == errno.EACCES else not_allowed(path)) from None
    raise _missing(path)


def _matches(folder: int, parts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _matches(folder, rest or ("*",))
        for name, below in _subfolders(folder, "*"):
            yield from ((name, *tail) for tail in _matches(below, parts))
    elif rest:
        for name, below in _subfolders(folder, first):
            yield from ((name, *tail) for tail in _matches(below, rest))
    else:
        yield from (
            (entry.name,) for entry in _entries(folder, first) if entry.is_file(follow_symlinks=False)
        )


def _subfolders(folder: int, pattern: str) -> Iterator[tuple[str, int]]:
    for entry in _entries(folder, pattern):
        if entry.is_dir(follow_symlinks=False):
            with _folder(os.open(entry.name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)) as below:
                yield entry.name, below


def _entries(folder: int, pattern: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(
            (entry for entry in entries if _fits(entry.name, pattern)), key=lambda entry: entry.name
        )


def _fits(name: str, pattern: str) -> bool:
    if not _MAGIC.intersection(pattern):
        return name == pattern
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))


def _missing(path: str) -> Fault:
    return Fault(FaultCode.OBJECT_MISSING, f"there is no file {_shown(path)}; check its name and folder")


def _not_permitted(path: str) -> Fault:
    return Fault(
        FaultCode.NOT_PERMITTED, f"the service may not read {_shown(path)}; the operator can grant it"
    )


def _shown(path: str) -> str:
    return "".join(char for char in path if char.isprintable())[:300] or "the path"

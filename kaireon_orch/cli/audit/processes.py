"""Command lines and environments of this user's processes (Linux): both are there for whoever may look at /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kaireon_orch.cli.audit.search import Area, Search

PROC = Path("/proc")
OURS = b"KAIREON_"
HOMES = (b"KAIREON_HOME", b"DAGSTER_HOME")


def look_at_processes(search: Search, area: Area, homes: Collection[Path], meant: Collection[str]) -> None:
    """Search the processes that work on one of `homes`, and what they have started.

    Settings (`KAIREON_…`) and the variables of `meant` are where the operator put secrets, so they are no finding.
    """
    if not PROC.is_dir():
        area.notes.append("this system has no /proc")
        return
    for place in _ours(homes):
        shown = f"process {place.name} {_name(place)}"
        for content in _read(place / "cmdline"):
            search.look(area, f"{shown} command line", (content.replace(b"\0", b" "),), "command lines")
        if variables := list(_variables(place)):
            _look_at_variables(search, area, shown, variables, meant)


def _ours(homes: Collection[Path]) -> list[Path]:
    """Those that say so in their environment or on their command line, and their descendants."""
    children: dict[str, list[Path]] = defaultdict(list)
    found = []
    for place in sorted(PROC.glob("[0-9]*")):
        children[_parent(place)].append(place)
        if _works_on(place, homes):
            found.append(place)
    for place in found:  # it grows by the children of what is in it
        found += [child for child in children[place.name] if child not in found]
    return found


def _works_on(place: Path, homes: Collection[Path]) -> bool:
    told = [variable.partition(b"=") for variable in _variables(place)]
    named = {value for name, _, value in told if name in HOMES}
    line = b"".join(_read(place / "cmdline"))
    return any(
        os.fsencode(home) in named or (b"kaireon" in line and _started_beside(place, home)) for home in homes
    )


def _started_beside(place: Path, home: Path) -> bool:
    """Whether the process was started in the folder whose `.kaireon` is the home, as without a setting."""
    try:
        return (place / "cwd").readlink() / home.name == home
    except OSError:
        return False


def _parent(place: Path) -> str:
    fields = b"".join(_read(place / "stat")).rpartition(b")")[2].split()
    return fields[1].decode() if len(fields) > 1 else ""


def _look_at_variables(
    search: Search, area: Area, shown: str, variables: list[bytes], meant: Collection[str]
) -> None:
    area.places["environments"] += 1
    expected = {name.encode() for name in meant}
    for variable in variables:
        name, _, value = variable.partition(b"=")
        if name not in expected and not name.startswith(OURS):
            search.look(area, f"{shown} variable {name.decode(errors='replace')}", (value,))


def _variables(place: Path) -> Iterator[bytes]:
    for content in _read(place / "environ"):
        yield from (variable for variable in content.split(b"\0") if variable)


def _read(path: Path) -> tuple[bytes, ...]:
    """The file's content; nothing of a process that has ended or is somebody else's."""
    try:
        return (path.read_bytes(),)
    except OSError:
        return ()


def _name(place: Path) -> str:
    return next((content.decode(errors="replace").strip() for content in _read(place / "comm")), "?")

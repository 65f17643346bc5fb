"""The one door to the rooms of the types: which there are, what they declare, and their opened ends.

A folder `connectors/<type>/` with a `spec.py` is a type; there is no list beside it. Other people's packages add theirs
by an entry point of the group `kaireon_orch.connectors`: its name is the type, its value the package that holds
`spec.py`, `source.py` and `target.py`. Nothing here imports more than the one module that it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from importlib import metadata, resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kaireon_orch.errors import Fault, FaultCode, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from kaireon_orch.contract.source import Opening, Source
    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.contract.target import Target

GROUP = "kaireon_orch.connectors"
_ROOMS = Path(__file__).parent / "connectors"


@cache
def _rooms() -> Mapping[str, str]:
    """Type → package. A folder of ours goes before an entry point of the same name."""
    outside = {point.name: point.value for point in metadata.entry_points(group=GROUP)}
    ours = {spec.parent.name: f"{GROUP}.{spec.parent.name}" for spec in _ROOMS.glob("*/spec.py")}
    return outside | ours


def types() -> tuple[str, ...]:
    """Every type's slug, sorted."""
    return tuple(sorted(_rooms()))


def nearest(name: str, n: int = 3) -> list[str]:
    """At most `n` types whose slugs look like `name`, the likeliest first; empty where none does."""
    spelled = name.strip().lower().replace("-", "_").replace(" ", "_")
    whole = [slug for slug in types() if slug.endswith(f"_{spelled}")]
    starting = [slug for slug in types() if spelled and slug.startswith(spelled)]
    similar = difflib.get_close_matches(spelled, types(), n=n, cutoff=0.5)
    return list(dict.fromkeys(whole + starting + similar))[:n]


@cache
def spec(type_: str) -> ConnectorSpec:
    """What the type declares; imports its `spec.py` and nothing else of it. Raises NotFound naming the nearest."""
    return cast("ConnectorSpec", importlib.import_module(f"{_room(type_)}.spec").SPEC)


def notes(type_: str) -> str:
    """The hand-written part of the type's page, Markdown; empty where the room has none."""
    page = resources.files(_room(type_)).joinpath("notes.md")
    return page.read_text(encoding="utf-8") if page.is_file() else ""


def built(type_: str) -> bool:
    """Whether the type can be probed and read: its room has a `source.py`. Imports none of it."""
    return _has(type_, "source")


def source(type_: str) -> Callable[[Opening[Any]], Source]:
    """The room's `open_source`. Raises Fault NOT_BUILT without a reader, NOT_READY without its driver."""
    return cast("Callable[[Opening[Any]], Source]", _end(type_, "source").open_source)


def target(type_: str) -> Callable[[Opening[Any]], Target]:
    """The room's `open_target`. Raises Fault NOT_BUILT without a loader, NOT_READY without its driver."""
    return cast("Callable[[Opening[Any]], Target]", _end(type_, "target").open_target)


def client(type_: str) -> Callable[[Opening[Any]], Any]:
    """The room's `open_client`: the vendor's own client, logged in, for a job's author; it has a `close`.

    Raises as `client_module`.
    """
    return cast("Callable[[Opening[Any]], Any]", client_module(type_).open_client)


def client_module(type_: str) -> ModuleType:
    """The room's `client`: `open_client`, and what else the type hands out to the author of a job.

    Raises Fault NOT_SUPPORTED where the room has none, NOT_READY without its driver.
    """
    if not _has(type_, "client"):
        of = spec(type_)
        raise Fault(FaultCode.NOT_SUPPORTED, f"{of.label} has no client to hand out; use read() instead.")
    return _end(type_, "client")


def _room(type_: str) -> str:
    try:
        return _rooms()[type_]
    except KeyError:
        raise NotFound(_unknown(type_)) from None


def _unknown(type_: str) -> str:
    shown = type_ if len(type_) <= 60 and type_.isprintable() else "of that name"  # noqa: PLR2004  a slug's length
    near = nearest(type_)
    hint = f"did you mean {' or '.join(near)}?" if near else "GET /connector-types lists all."
    return f"There is no connector type {shown}; {hint}"


def _has(type_: str, end: str) -> bool:
    return util.find_spec(f"{_room(type_)}.{end}") is not None


def _end(type_: str, end: str) -> ModuleType:
    if not _has(type_, end):
        raise _not_built(spec(type_), end)
    try:
        return importlib.import_module(f"{_room(type_)}.{end}")
    except ImportError as error:
        if _own(error, _room(type_)):
            raise
        raise _not_ready(spec(type_)) from None


def _own(error: ImportError, room: str) -> bool:
    """Whether what could not be imported is a module of ours: a fault of this code, not a missing driver."""
    package = (error.name or "").partition(".")[0]
    return package in {"kaireon_orch", room.partition(".")[0]}


def _not_built(of: ConnectorSpec, end: str) -> Fault:
    what = "Reading from" if end == "source" else "Loading into"
    return Fault(FaultCode.NOT_BUILT, f"{what} {of.label} is not built yet; nothing was contacted.")


def _not_ready(of: ConnectorSpec) -> Fault:
    remedy = (
        f"install it with: pip install 'kaireon-orch[{of.extra}]'" if of.extra else "see the type's page."
    )
    return Fault(FaultCode.NOT_READY, f"The driver of {of.label} is not installed here; {remedy}")

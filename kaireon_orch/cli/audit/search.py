"""One search: what is looked for, where it was found, and how much was looked at, so that silence proves something."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kaireon_orch.cli.audit.api_keys import LONGEST_KEY, KeyForm
from kaireon_orch.cli.audit.matching import Matcher
from kaireon_orch.cli.audit.unpacking import bodies
from kaireon_orch.control.secret_inventory import Owner
from kaireon_orch.control.spellings import SHORTEST, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DEEPEST = 3  # bodies within bodies
MOST_FINDINGS = 1000
HIDDEN = "(a name that holds a secret)"
COMPRESSED = ", compressed"
Needles = dict[bytes, list[tuple[Owner, str]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Where one secret stands, whose it is and how it is written; never the secret itself, nor what is around it."""

    area: str
    where: str
    tenant: str
    connector: str
    field: str
    spelling: str


@dataclass(slots=True)
class Area:
    """What was searched of one kind of place. `notes` say what was not there to be searched, `faults` what could not be."""

    name: str
    places: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    bodies: int = 0
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sought:
    """The secrets in all their spellings. `short` ones are not looked for: they stand everywhere by chance."""

    needles: Needles = field(default_factory=lambda: defaultdict(list))
    secrets: int = 0
    short: int = 0

    def add(self, owner: Owner, value: str) -> None:
        """Look for `value`, of at least `SHORTEST` bytes."""
        if len(value.encode("utf-8", "surrogatepass")) < SHORTEST:
            self.short += 1
            return
        self.secrets += 1
        for spelled, name in spellings(value).items():
            self.needles[spelled].append((owner, name))


class Search:
    """Looks through streams for what is sought, and for API keys, which `whose_key` knows by their hash."""

    def __init__(self, sought: Sought, whose_key: Callable[[str], Owner | None]) -> None:
        self._matcher = Matcher(sought.needles)
        self._keys = KeyForm(whose_key)
        self._overlap = max(self._matcher.longest, LONGEST_KEY) - 1
        self.areas: dict[str, Area] = {}
        self.findings: dict[Finding, None] = {}
        self.more = 0

    def area(self, name: str) -> Area:
        """The area of that name, made at its first use."""
        return self.areas.setdefault(name, Area(name))

    def look(self, area: Area, where: str, pieces: Iterable[bytes], kind: str | None = None) -> None:
        """Search one place; `kind` names what is counted (files, rows, answers)."""
        if kind is not None:
            area.places[kind] += 1
        for owner, spelling in self._hits(area, pieces):
            self._note(
                Finding(
                    area=area.name,
                    where=self._shown(where),
                    tenant=owner.tenant,
                    connector=self._shown(owner.connector),
                    field=self._shown(owner.field),
                    spelling=spelling,
                )
            )

    def holds(self, area: Area, pieces: Iterable[bytes]) -> bool:
        """Whether there is anything; where, `look` tells."""
        return bool(list(self._hits(area, pieces)))

    def _shown(self, name: str) -> str:
        """A file's, a row's or a connector's name may hold the secret itself."""
        return HIDDEN if any(self._in(name.encode(errors="replace"))) else name

    def _hits(self, area: Area, pieces: Iterable[bytes], depth: int = 0) -> Iterator[tuple[Owner, str]]:
        """Each hit in the pieces, across their borders, and in what is compressed in one of them."""
        tail = b""
        for piece in pieces:
            area.bytes += len(piece)
            data = tail + piece
            yield from (hit for end, hit in self._in(data) if end > len(tail))
            tail = data[-self._overlap :]
            if depth < DEEPEST:
                yield from self._in_bodies(area, piece, depth + 1)

    def _in(self, data: bytes) -> Iterator[tuple[int, tuple[Owner, str]]]:
        """Each hit, with where it ends."""
        for end, meanings in self._matcher.found(data):
            yield from ((end, meaning) for meaning in meanings)
        yield from self._keys.found(data)

    def _in_bodies(self, area: Area, piece: bytes, depth: int) -> Iterator[tuple[Owner, str]]:
        for body in bodies(piece):
            area.bodies += 1
            for owner, spelling in self._hits(area, body, depth):
                yield owner, f"{spelling.removesuffix(COMPRESSED)}{COMPRESSED}"

    def _note(self, finding: Finding) -> None:
        if finding in self.findings:
            return
        if len(self.findings) < MOST_FINDINGS:
            self.findings[finding] = None
        else:
            self.more += 1

    def told(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "findings": [asdict(each) for each in self.findings],
            "moreFindings": self.more,
            "searched": [
                {
                    "area": area.name,
                    **area.places,
                    "bytes": area.bytes,
                    "compressedBodies": area.bodies,
                    "notes": area.notes,
                    "faults": area.faults,
                }
                for area in self.areas.values()
            ],
        }

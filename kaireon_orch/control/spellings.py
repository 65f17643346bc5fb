"""The ways in which programs write a text: whoever looks for a secret looks for each of them."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

CLEAR = "clear"
SHORTEST = 6  # bytes; what is shorter stands everywhere by chance
NESTED = 3  # JSON inside JSON inside JSON: a message in an event in a run's tags


def spellings(text: str, shortest: int = SHORTEST) -> dict[bytes, str]:
    """Each spelling of at least `shortest` bytes, with what it is called; the plainest name where two are the same."""
    found: dict[bytes, str] = {}
    for name, spelled in _spelled(text):
        if len(spelled) >= shortest:
            found.setdefault(spelled, name)
    return found


def _spelled(text: str) -> Iterator[tuple[str, bytes]]:
    raw = text.encode("utf-8", "surrogatepass")
    yield CLEAR, raw
    yield from (("url", spelled.encode()) for spelled in _urls(raw))
    yield from (("json", spelled.encode("utf-8", "surrogatepass")) for spelled in _quoted(text))
    yield "html", html.escape(text).encode("utf-8", "surrogatepass")
    yield from (("hex", spelled.encode()) for spelled in (raw.hex(), raw.hex().upper()))
    yield from (("base64", spelled) for spelled in _base64(raw))


def _urls(raw: bytes) -> Iterator[str]:
    """Percent-encoded, as a whole and with `/` left alone, in both cases of hexadecimal digits."""
    for spelled in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield spelled
        yield _lower_escapes(spelled)


def _lower_escapes(spelled: str) -> str:
    first, *rest = spelled.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _quoted(text: str) -> Iterator[str]:
    """As JSON and Python quote it, and that quoted again."""
    layer = {
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        repr(text.encode("utf-8", "surrogatepass"))[2:-1],
    }
    for _ in range(NESTED):
        yield from layer
        layer = {json.dumps(each, ensure_ascii=False)[1:-1] for each in layer}


def _base64(raw: bytes) -> Iterator[bytes]:
    """What of it is the same whatever stands before and behind it, at each of the three alignments."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            whole = encode(b"\0" * before + raw)
            first = -(-before * 8 // 6)  # characters that hold a bit of what stands before
            yield whole[first : (before + len(raw)) * 8 // 6]

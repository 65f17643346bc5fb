"""Request bodies, read strictly: what a lenient JSON reader would let through is a 400 that says what it was.

Refused: more than 1 MiB (413, counted while it streams), another media type (415), bytes that are not UTF-8,
NaN and Infinity, numbers out of range, names given twice, NUL characters, lone surrogates, nesting deeper than 20.
"""

import json
import math
from collections import Counter
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from api.problems import PayloadTooLarge, UnsupportedMediaType
from kaireon_orch.errors import FieldError, InvalidInput

LIMIT_BYTES = 1024 * 1024
MAX_DEPTH = 20

Json = dict[str, Any]


async def read_object(request: Request) -> Json:
    """The body as a JSON object.

    Raises:
        InvalidInput, PayloadTooLarge, UnsupportedMediaType: see the module.
    """
    raw = await _read(request)
    if not raw.strip():
        raise InvalidInput("a JSON object is expected as the request's body; it is empty")
    return parse(raw)


async def read_optional(request: Request) -> Json:
    """Like `read_object`; no body at all is an empty object."""
    raw = await _read(request)
    return parse(raw) if raw.strip() else {}


Body = Annotated[Json, Depends(read_object)]
OptionalBody = Annotated[Json, Depends(read_optional)]


def parse(raw: bytes) -> Json:
    """One JSON object, strictly."""
    value = _decode(raw)
    if not isinstance(value, dict):
        raise InvalidInput("a JSON object is expected as the request's body")
    _inspect(value, "", 1)
    return value


async def _read(request: Request) -> bytes:
    _check_length(request.headers.get("content-length"))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT_BYTES:
            raise _too_large()
    if body:
        _check_media_type(request.headers.get("content-type"))
    return bytes(body)


def _check_length(declared: str | None) -> None:
    if declared is not None and declared.isdecimal() and int(declared) > LIMIT_BYTES:
        raise _too_large()


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"a request's body may have at most {LIMIT_BYTES} bytes")


def _check_media_type(given: str | None) -> None:
    """JSON, any `…+json`, or none said; only UTF-8 (RFC 8259, section 8.1)."""
    if given is None:
        return
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType("send the body as application/json")
    charsets = [
        part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")
    ]
    if any(charset not in {"utf-8", "utf8", "us-ascii"} for charset in charsets):
        raise UnsupportedMediaType("send the body as application/json in UTF-8")


def _decode(raw: bytes) -> Any:  # noqa: ANN401  JSON is any value
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_a_number, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise InvalidInput("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(f"malformed JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # an integer with more digits than Python converts
        raise InvalidInput("the body holds a number that is out of range") from None


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    names = dict(pairs)
    if len(names) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise InvalidInput(
            "a name is given twice in one object", [FieldError(_printable(twice), "given twice")]
        )
    return names


def _not_a_number(word: str) -> NoReturn:
    raise InvalidInput(f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidInput("the body holds a number that is out of range")
    return number


def _inspect(value: object, path: str, depth: int) -> None:
    """Refuse texts that no registry can store, and depth; `path` is dotted, as the client wrote it."""
    if isinstance(value, str):
        _check_text(value, path)
        return
    if not isinstance(value, dict | list):
        return
    if depth > MAX_DEPTH:
        raise _too_deep()
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(name, str):
            _check_text(name, path)
        _inspect(item, f"{path}.{name}" if path else str(name), depth + 1)


def _check_text(text: str, path: str) -> None:
    if "\x00" in text:
        raise InvalidInput("NUL characters cannot be stored", [FieldError(path, "holds a NUL character")])
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput("a text is not Unicode", [FieldError(path, "holds half of a surrogate pair")])


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\x00", "?")[:200]


def _too_deep() -> InvalidInput:
    return InvalidInput(f"objects and lists may be nested {MAX_DEPTH} deep at most")

"""References to the operator's own secrets, `${env:NAME}`: written in the operator's files, kept as they are, resolved late.

They mean something only where a value came from a file that the operator applied; the same text in a value that came
over REST is an ordinary literal, so that no tenant reads the operator's environment.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from kaireon_orch.control.secrets import step
from kaireon_orch.errors import FieldError, SecretUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REFERENCE = re.compile(r"\$\{(?P<scheme>[a-z]+):(?P<name>[^}]*)\}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OURS = "KAIREON_"


def find(document: Any, pointer: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401  any JSON value
    """JSON pointer and text of every value that holds a reference."""
    match document:
        case str() if REFERENCE.search(document):
            yield pointer, document
        case dict():
            for name, part in document.items():
                yield from find(part, step(pointer, name))
        case list():
            for index, part in enumerate(document):
                yield from find(part, step(pointer, index))


def faults(found: Iterable[tuple[str, str]]) -> list[FieldError]:
    """The references that can never be resolved."""
    return [
        FieldError(pointer.strip("/").replace("/", "."), "takes ${env:NAME}, and no setting of Kaireon's own")
        for pointer, text in found
        if not all(_resolvable(reference) for reference in REFERENCE.finditer(text))
    ]


def resolve(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text with its references replaced; `SecretUnreadable` where one is not set in this process."""
    return REFERENCE.sub(lambda reference: _value(reference, environment), text)


def _value(reference: re.Match[str], environment: Mapping[str, str]) -> str:
    name = reference["name"]
    if not _resolvable(reference) or name not in environment:
        raise SecretUnreadable(
            f"The reference {reference[0]} is not set in this process; set it and start again."
        )
    return environment[name]


def _resolvable(reference: re.Match[str]) -> bool:
    name = reference["name"]
    return reference["scheme"] == "env" and bool(VARIABLE.fullmatch(name)) and not name.startswith(OURS)

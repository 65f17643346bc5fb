"""References to the operator's own secrets: written in the operator's files, kept as they are, resolved late.

    ${env:NAME}                 a variable of the process that tests or runs; never a setting of ours
    ${file:/run/secrets/name}   a mounted file, without the line's end that editors put there
    ${aws:secret-id#key}        a secret of AWS Secrets Manager; with `#key`, one value of its JSON object

`$${` is how a file writes a plain `${`. They mean something only where a value came from a file that the operator
applied; the same text in a value that came over REST is an ordinary literal, so that no tenant reads what is the
operator's.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import references_aws, references_files
from kaireon_orch.control.secrets import parts, step
from kaireon_orch.errors import FieldError, SecretUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

REFERENCE = re.compile(r"(?<!\$)\$\{(?P<scheme>[a-z]+):(?P<name>[^}]*)\}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OURS = "KAIREON_"
TAKES = "takes ${env:NAME}, ${file:/path} or ${aws:secret-id#key}, and no setting of Kaireon's own"

_OPEN, _ESCAPED = "${", "$${"
_PARTS = re.compile(rf"{re.escape(_ESCAPED)}|{REFERENCE.pattern}")


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
        FieldError(field_of(pointer), TAKES)
        for pointer, text in found
        if not all(_resolvable(reference) for reference in REFERENCE.finditer(text))
    ]


def field_of(pointer: str) -> str:
    """A pointer below `/config` and `/auth` as the path that a caller knows."""
    under, *rest = parts(pointer)
    return ".".join(["authConfig" if under == "auth" else under, *rest])


def variables(text: str) -> list[str]:
    """The names of the environment's variables that a text refers to."""
    return [found["name"] for found in REFERENCE.finditer(text) if found["scheme"] == "env"]


def escaped(text: str) -> str:
    """The text as a file writes it, so that it is read as it is and not as a reference."""
    return text.replace(_OPEN, _ESCAPED)


def unescaped(text: str) -> str:
    """Inverse of `escaped`."""
    return text.replace(_ESCAPED, _OPEN)


class Resolver:
    """Resolves the references of one connector; what it has fetched it keeps for as long as it lives itself.

    Args:
        home: the folder of ours, from which no file is read.
        environment: the variables that `${env:…}` sees.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._files = references_files.Files(home)
        self._secrets = references_aws.Secrets()

    def resolve(self, text: str) -> str:
        """The text with its references replaced.

        Raises `SecretUnreadable` where one has no value here, `Unavailable` where its store is out of reach.
        """
        return _PARTS.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        if found["scheme"] is None:
            return _OPEN
        if not _resolvable(found):
            raise SecretUnreadable(f"The reference {found[0]} cannot be resolved: it {TAKES}.")
        match found["scheme"]:
            case "file":
                return self._files.read(found["name"])
            case "aws":
                return self._secrets.value(found["name"])
        return self._variable(found["name"])

    def _variable(self, name: str) -> str:
        if name in self._environment:
            return self._environment[name]
        raise SecretUnreadable(
            f"The reference ${{env:{name}}} is not set in this process; set it and start again."
        )


def _resolvable(reference: re.Match[str]) -> bool:
    name = reference["name"]
    match reference["scheme"]:
        case "env":
            return bool(VARIABLE.fullmatch(name)) and not name.upper().startswith(OURS)
        case "file":
            return references_files.is_path(name)
        case "aws":
            return references_aws.is_name(name)
    return False

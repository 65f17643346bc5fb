"""House rules that no linter knows, as small checks of the syntax tree. `python tools/house_rules.py` lists breaches.

tenant-scope   A statement over a tenant's table is made by `store/scoped.py`, so that no query forgets whose rows it
               may see. A module that must see all tenants stands in `ALL_TENANTS` with its reason.
secret-opened  `get_secret_value` stands only where a secret is used, so that a reader can check every place.
driver-words   The text of a caught exception goes into no message of ours: drivers put DSNs and values into it.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TENANT_TABLES = {"ApiKey", "AuditEntry", "Connector", "Pipeline", "PipelineVersion", "Run"}
STATEMENTS = {"select", "update", "delete"}
ALL_TENANTS = {
    "kaireon_orch/store/scoped.py": "the builder itself",
    "kaireon_orch/control/lineage.py": "as in pinned.py; a system is one tenant's",
    "kaireon_orch/control/pinned.py": "Dagster's definitions serve every tenant",
    "kaireon_orch/control/triggers.py": "Dagster's schedules and sensors serve every tenant",
    "kaireon_orch/control/keys.py": "a presented key says which tenant it belongs to",
    "kaireon_orch/control/run_records.py": "a run knows itself by its own id",
    "kaireon_orch/control/secret_inventory.py": "the operator's search for leaks knows every tenant's secrets",
    "kaireon_orch/control/figures.py": "the operator's monitoring counts over all tenants and names none",
}
SECRET_ROOMS = (
    "kaireon_orch/settings/",
    "kaireon_orch/vault.py",
    "kaireon_orch/control/keys.py",
    "kaireon_orch/control/secret_inventory.py",
    "kaireon_orch/control/references_aws.py",  # AWS's own call has that name
    "kaireon_orch/families/",
    "kaireon_orch/contract/",
)
SECRET_FILES = {"client.py", "source.py", "target.py"}


@dataclass(frozen=True, slots=True)
class Breach:
    rule: str
    place: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.rule}: {self.words}"


def breaches(root: Path = ROOT) -> Iterator[Breach]:
    """Every breach below `kaireon_orch/` and `api/` of `root`."""
    for folder in ("kaireon_orch", "api"):
        for path in sorted((root / folder).rglob("*.py")):
            place = path.relative_to(root).as_posix()
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from tenant_scope(place, tree)
            yield from secret_opened(place, tree)
            yield from driver_words(place, tree)


def tenant_scope(place: str, tree: ast.AST) -> Iterator[Breach]:
    if place in ALL_TENANTS or "/migrations/" in place:
        return
    for call in _calls(tree):
        if _name(call.func) in STATEMENTS and _tables(call) and not _tenant_named(call, tree):
            yield Breach(
                "tenant-scope", place, call.lineno, "build the statement with kaireon_orch.store.scoped"
            )


def secret_opened(place: str, tree: ast.AST) -> Iterator[Breach]:
    if place.startswith(SECRET_ROOMS) or (
        place.startswith("kaireon_orch/connectors/") and Path(place).name in SECRET_FILES
    ):
        return
    for call in _calls(tree):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get_secret_value":
            yield Breach(
                "secret-opened", place, call.lineno, "hand the SecretStr on to the room that uses it"
            )


def driver_words(place: str, tree: ast.AST) -> Iterator[Breach]:
    for handler in ast.walk(tree):
        if isinstance(handler, ast.ExceptHandler) and handler.name:
            for node in ast.walk(handler):
                if _spells(node, handler.name):
                    yield Breach(
                        "driver-words",
                        place,
                        node.lineno,
                        f"say it in our own words, not in {handler.name}'s",
                    )


def _spells(node: ast.AST, name: str) -> bool:
    """Whether `node` turns the caught exception itself into text."""
    if isinstance(node, ast.FormattedValue):
        return isinstance(node.value, ast.Name) and node.value.id == name
    if isinstance(node, ast.Call) and _name(node.func) in {"str", "repr"}:
        return any(isinstance(argument, ast.Name) and argument.id == name for argument in node.args)
    return False


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _tables(call: ast.Call) -> set[str]:
    return {
        node.id
        for argument in call.args
        for node in ast.walk(argument)
        if isinstance(node, ast.Name) and node.id in TENANT_TABLES
    }


def _tenant_named(call: ast.Call, tree: ast.AST) -> bool:
    """Whether the expression around `call` compares `<Table>.tenant`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and call in set(ast.walk(node)) and node is not call:
            for part in ast.walk(node):
                if (
                    isinstance(part, ast.Compare)
                    and isinstance(part.left, ast.Attribute)
                    and part.left.attr == "tenant"
                ):
                    return True
    return False


def main() -> int:
    found = list(breaches())
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

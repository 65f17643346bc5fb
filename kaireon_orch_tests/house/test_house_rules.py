"""The house rules find what they are for, and the house keeps them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house_rules", ROOT / "tools" / "house_rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_house_keeps_its_rules(rules: ModuleType) -> None:
    assert [str(breach) for breach in rules.breaches(ROOT)] == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("tenant-scope", "session.scalars(select(Connector).where(Connector.id == wanted))"),
        ("tenant-scope", "session.execute(delete(Pipeline))"),
        ("secret-opened", "password = auth.password.get_secret_value()"),
        ("driver-words", "try:\n    go()\nexcept OSError as error:\n    raise Fault(f'failed: {error}')"),
        ("driver-words", "try:\n    go()\nexcept OSError as error:\n    raise Fault(str(error))"),
    ],
)
def test_a_breach_is_found(rules: ModuleType, tmp_path: Path, rule: str, code: str) -> None:
    room = tmp_path / "kaireon_orch" / "control"
    room.mkdir(parents=True)
    (room / "example.py").write_text(code + "\n", encoding="utf-8")
    assert [breach.rule for breach in rules.breaches(tmp_path)] == [rule]


@pytest.mark.parametrize(
    "code",
    [
        "session.scalars(select(Connector.id).where(Connector.tenant == tenant))",
        "try:\n    go()\nexcept ApiError as error:\n    raise Fault(f'status {error.status}')",
        "select([pipe], [], [], 1.0)",
    ],
)
def test_what_is_fine_is_left_alone(rules: ModuleType, tmp_path: Path, code: str) -> None:
    room = tmp_path / "kaireon_orch" / "control"
    room.mkdir(parents=True)
    (room / "example.py").write_text(code + "\n", encoding="utf-8")
    assert list(rules.breaches(tmp_path)) == []

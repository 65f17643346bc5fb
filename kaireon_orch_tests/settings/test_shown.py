"""What `kaireon settings` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch.settings import Row, load, rows, without_password

if TYPE_CHECKING:
    from pathlib import Path


def _row(name: str, found: list[Row]) -> Row:
    return next(row for row in found if row.name == name)


def test_value_source_and_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("KAIREON_TENANT=acme\n")
    monkeypatch.setenv("KAIREON_TEST_RATE_LIMIT", "7/8")
    found = rows(load(tmp_path / "home"))
    assert _row("KAIREON_TENANT", found) == ("KAIREON_TENANT", "acme", ".env", "default")
    assert _row("KAIREON_TEST_RATE_LIMIT", found) == ("KAIREON_TEST_RATE_LIMIT", "7/8", "env", "100/60")
    assert _row("KAIREON_API_PORT", found) == ("KAIREON_API_PORT", "8000", "default", "8000")
    assert _row("KAIREON_HOME", found) == ("KAIREON_HOME", str(tmp_path / "home"), "argument", ".kaireon")


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAIREON_DATABASE_URL", "postgresql+psycopg://u:hunter2@db:5432/k?sslpassword=hunter2")
    monkeypatch.setenv("KAIREON_WAREHOUSE_URL", "postgresql+psycopg://u:hunter2@db/w")
    monkeypatch.setenv("KAIREON_REDIS_URL", "redis://:hunter2@cache/0")
    monkeypatch.setenv("KAIREON_API_KEY_PEPPER", "hunter2")
    settings = load(tmp_path / "home")
    shown = rows(settings)
    assert "hunter2" not in str(shown)
    assert settings.encryption_keys[0][1].get_secret_value() not in str(shown)
    assert _row("KAIREON_ENCRYPTION_KEYS", shown)[1:3] == ("k1:************", "file")
    assert _row("KAIREON_API_KEY_PEPPER", shown)[1:3] == ("************", "env")
    assert _row("KAIREON_WAREHOUSE_URL", shown).value == "postgresql+psycopg://u:************@db/w"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////home/x/registry.db", "sqlite:////home/x/registry.db"),
        ("postgresql://db/x", "postgresql://db/x"),
        ("postgresql://u:a%40b@[::1]:5432/x", "postgresql://u:************@[::1]:5432/x"),
        (
            "postgresql://u@db/x?password=p&application_name=a",
            "postgresql://u@db/x?password=************&application_name=a",
        ),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown

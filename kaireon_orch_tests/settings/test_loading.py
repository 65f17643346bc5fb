"""Settings come from the environment and `.env`, and a mistake is named before anything starts."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kaireon_orch.errors import SettingsError
from kaireon_orch.settings import Rate, Settings, load

KEY = base64.b64encode(bytes(32)).decode()
GIVEN = {
    "KAIREON_HOME": "elsewhere",
    "KAIREON_DATABASE_URL": "postgresql+psycopg://u:p@db/k",
    "KAIREON_WAREHOUSE_URL": "postgresql+psycopg://u:p@db/w",
    "KAIREON_ENCRYPTION_KEYS": f"new:{KEY},old:{KEY}",
    "KAIREON_EGRESS_ALLOW": "10.0.0.0/8, db.internal:5432",
    "KAIREON_FILE_ROOTS": "/data,/more",
    "KAIREON_PROBE_TIMEOUT_SECONDS": "3",
    "KAIREON_TEST_RATE_LIMIT": "5/1",
    "KAIREON_BREAKER_FAILURES": "2",
    "KAIREON_BREAKER_RESET_SECONDS": "7",
    "KAIREON_REDIS_URL": "redis://cache:6379/0",
    "KAIREON_DAGSTER_URL": "http://dagster:3000/",
    "KAIREON_API_HOST": "10.0.0.1",
    "KAIREON_API_PORT": "8080",
    "KAIREON_API_DOCS": "ON",
    "KAIREON_API_KEY_PEPPER": "salt of the earth",
    "KAIREON_TENANT": "acme",
    "KAIREON_CODE_SERVER": "code:4000",
    "KAIREON_LOG_FORMAT": "json",
    "KAIREON_LOG_LEVEL": "debug",
    "KAIREON_NAT64_PREFIXES": "2001:db8:64::/96",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory and none of our names in the environment."""
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_empty_folder_is_a_working_set_up(bare: Path) -> None:
    settings = load()
    assert settings.home == bare / ".kaireon"
    assert settings.home.stat().st_mode & 0o777 == 0o700
    assert settings.registry_url == f"sqlite:///{bare}/.kaireon/registry.db"
    assert settings.warehouse_url == f"duckdb:///{bare}/.kaireon/warehouse.duckdb"
    assert settings.file_roots == (bare / ".kaireon" / "files",)
    assert (settings.probe_timeout_seconds, settings.test_rate_limit) == (10, Rate(100, 60))
    assert (settings.breaker_failures, settings.breaker_reset_seconds) == (5, 60)
    assert (settings.api_host, settings.api_port, settings.dagster_url) == (
        "127.0.0.1",
        8000,
        "http://127.0.0.1:3000",
    )
    assert (settings.tenant, settings.code_server, settings.redis_url) == ("default", None, None)


def test_every_setting_of_the_contract_can_be_given(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert settings.home == bare / "elsewhere"
    assert settings.registry_url == GIVEN["KAIREON_DATABASE_URL"]
    assert settings.warehouse_url == GIVEN["KAIREON_WAREHOUSE_URL"]
    assert settings.key_material() == (("new", bytes(32)), ("old", bytes(32)))
    assert settings.egress_allow == ("10.0.0.0/8", "db.internal:5432")
    assert settings.file_roots == (Path("/data"), Path("/more"))
    assert settings.test_rate_limit == Rate(5, 1)
    assert settings.dagster_url == "http://dagster:3000"
    assert settings.pepper.get_secret_value() == "salt of the earth"
    assert (settings.api_docs, settings.tenant, settings.log_level) == ("on", "acme", "debug")
    assert settings.nat64_prefixes == ("2001:db8:64::/96",)


def test_the_environment_goes_before_dotenv(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    (bare / ".env").write_text("KAIREON_API_PORT=8001\nKAIREON_TENANT=acme\nOTHER=x\n")
    monkeypatch.setenv("KAIREON_API_PORT", "8002")
    settings = load()
    assert (settings.api_port, settings.tenant) == (8002, "acme")


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    monkeypatch.setenv("KAIREON_API_PORT", "8002")
    monkeypatch.setenv("KAIREON_WAREHOUSE_URL", "duckdb:////elsewhere.duckdb")
    settings = load(bare / "given", api_port=8003, warehouse_url="duckdb:////here.duckdb")
    assert (settings.home, settings.api_port) == (bare / "given", 8003)
    assert settings.warehouse_url == "duckdb:////here.duckdb"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("KAIREON_API_PROT", "KAIREON_API_PORT"),
        ("KAIREON_ENCRYPTION_KEY", "KAIREON_ENCRYPTION_KEYS"),
        ("KAIREON_DB_URL", "KAIREON_REDIS_URL"),
        ("kaireon_tenat", "KAIREON_TENANT"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, nearest: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"{name.upper()} is not a setting; the nearest is {nearest}"):
        load()


def test_an_unknown_name_in_dotenv_is_an_error_too(bare: Path) -> None:
    (bare / ".env").write_text("KAIREON_HOEM=x\n")
    with pytest.raises(SettingsError, match="nearest is KAIREON_HOME"):
        load()


def test_what_kubernetes_injects_for_services_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    injected = {
        "KAIREON_SERVICE_HOST": "10.0.0.1",
        "KAIREON_SERVICE_PORT": "80",
        "KAIREON_SERVICE_PORT_HTTP": "80",
        "KAIREON_PORT": "tcp://10.0.0.1:80",
        "KAIREON_PORT_80_TCP": "tcp://10.0.0.1:80",
        "KAIREON_PORT_80_TCP_PROTO": "tcp",
        "KAIREON_PORT_80_TCP_ADDR": "10.0.0.1",
        "KAIREON_API_PORT": "tcp://10.0.0.2:8000",
        "KAIREON_API_PORT_8000_TCP_PORT": "8000",
        "KAIREON_CODE_SERVER_SERVICE_HOST": "10.0.0.3",
    }
    for name, value in injected.items():
        monkeypatch.setenv(name, value)
    assert load().api_port == 8000


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("KAIREON_API_PORT", "70000", "KAIREON_API_PORT: .*65535"),
        ("KAIREON_API_PORT", "http", "KAIREON_API_PORT: .*integer"),
        (
            "KAIREON_EGRESS_ALLOW",
            "10.0.0.0/8,0.0.0.0/0",
            "KAIREON_EGRESS_ALLOW: 0.0.0.0/0 would allow every address",
        ),
        ("KAIREON_EGRESS_ALLOW", "::/0", "would allow every address"),
        ("KAIREON_EGRESS_ALLOW", "*", "would allow every address"),
        ("KAIREON_TEST_RATE_LIMIT", "100", "KAIREON_TEST_RATE_LIMIT: takes calls/seconds"),
        ("KAIREON_TEST_RATE_LIMIT", "0/60", "takes calls/seconds"),
        ("KAIREON_ENCRYPTION_KEYS", "k1:c2hvcnQ=", "KAIREON_ENCRYPTION_KEYS: takes id:base64 of 32 bytes"),
        ("KAIREON_ENCRYPTION_KEYS", f"a:{KEY},a:{KEY}", "each id once"),
        ("KAIREON_TENANT", "Not A Tenant", "KAIREON_TENANT: "),
        ("KAIREON_API_DOCS", "maybe", "KAIREON_API_DOCS: .*'auto', 'on' or 'off'"),
        ("KAIREON_CODE_SERVER", "nowhere", "KAIREON_CODE_SERVER: takes host:port"),
        ("KAIREON_NAT64_PREFIXES", "10.0.0.0/8", "KAIREON_NAT64_PREFIXES: "),
    ],
)
def test_a_value_that_cannot_be_used_names_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=says):
        load()


@pytest.mark.parametrize(
    "name", ["KAIREON_DATABASE_URL", "KAIREON_WAREHOUSE_URL", "KAIREON_REDIS_URL", "KAIREON_ENCRYPTION_KEYS"]
)
def test_a_refused_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "oracle://scott:hunter2-tiger@db/x")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_secret_in_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIREON_DATABASE_URL", "postgresql+psycopg://u:hunter2@db/k")
    monkeypatch.setenv("KAIREON_API_KEY_PEPPER", "hunter2")
    settings = load()
    keys = settings.encryption_keys[0][1].get_secret_value()
    assert settings.pepper.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)
    assert keys not in repr(settings) + str(settings.encryption_keys)


@pytest.mark.parametrize(
    ("docs", "host", "served"),
    [
        ("auto", "127.0.0.1", True),
        ("auto", "localhost", True),
        ("auto", "::1", True),
        ("auto", "10.0.0.1", False),
        ("on", "10.0.0.1", True),
        ("off", "127.0.0.1", False),
    ],
)
def test_docs_are_served_on_loopback_only_unless_said(docs: str, host: str, served: bool) -> None:
    assert load(api_docs=docs, api_host=host).serves_docs is served


def test_settings_cannot_be_changed() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.api_port = 1  # type: ignore[misc]
    assert set(GIVEN) == {
        f"KAIREON_{field.removeprefix('given_').upper()}" for field in Settings.model_fields
    }

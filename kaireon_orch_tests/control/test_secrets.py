"""What is a secret by its nature, found in any config, shown masked, and put back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaireon_orch import catalogue
from kaireon_orch.control import patching, secrets
from kaireon_orch.control.contents import Content
from kaireon_orch.vault import MASK

SHORT, LONG = MASK, f"ca{MASK}ry"

keys = st.sampled_from(["host", "password", "a/b~c", "apiKey", "url", "tokens", "note"])
leaves = st.sampled_from(["canary", "https://u:canary@h/?token=canary&a=b", "plain", 5, True, None])
configs = st.dictionaries(
    keys,
    st.recursive(leaves, lambda part: st.lists(part, max_size=3) | st.dictionaries(keys, part, max_size=3)),
)


@given(configs)
def test_splitting_and_joining_changes_nothing(config: dict[str, Any]) -> None:
    split = secrets.split(config, None)
    assert secrets.join(split.shown, split.hidden) == config


@given(configs)
def test_what_is_shown_sent_back_is_what_is_stored(config: dict[str, Any]) -> None:
    stored = _without_nulls(config)
    shown = secrets.split(stored, None).shown
    before = Content("unknown_type", "none", stored, {})
    assert patching.patched(before, config=shown).content == before


def _without_nulls(document: Any) -> Any:
    """As a creation leaves it: merge patches store no null outside lists."""
    if isinstance(document, dict):
        return {name: _without_nulls(part) for name, part in document.items() if part is not None}
    return document


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "dbPassword",
        "PASS_PHRASE",
        "client-secret",
        "apiKey",
        "api_key",
        "private key",
        "accessToken",
        "secretAccessKey",
        "accountKey",
        "credentials",
        "Authorization",
    ],
)
def test_names_that_tell(name: str) -> None:
    assert secrets.split({name: "canary"}, None).shown == {name: LONG}


@pytest.mark.parametrize("name", ["accessKeyId", "access_key_id", "host", "username", "key", "keyspace"])
def test_names_that_do_not(name: str) -> None:
    assert secrets.split({name: "canary"}, None).hidden == {}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://canary:canary@h/p?a=b", f"https://{LONG}:{LONG}@h/p?a=b"),
        ("https://canary@h", f"https://{LONG}@h"),
        ("https://:pw@h", f"https://:{SHORT}@h"),
        ("postgresql://u:canary@h:5432/d", f"postgresql://{SHORT}:{LONG}@h:5432/d"),
        ("https://h/?api_key=canary&page=2&sig=canary#f", f"https://h/?api_key={LONG}&page=2&sig={LONG}#f"),
        ("https://h/?ACCESS_TOKEN=canary", f"https://h/?ACCESS_TOKEN={LONG}"),
        ("https://h/?X-Amz-Signature=canary", f"https://h/?X-Amz-Signature={LONG}"),
        ("https://h/@canary?q=a@b", "https://h/@canary?q=a@b"),
        ("a@b.example.com", "a@b.example.com"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert secrets.split({"url": url}, None).shown == {"url": shown}


def test_connection_strings() -> None:
    dsn = {"connectionString": "AccountName=a;AccountKey=canary"}
    assert secrets.split(dsn, None).shown == {"connectionString": f"Ac{MASK}ry"}
    mongo = {"connectionString": "mongodb://u:canary@h1,h2/db?replicaSet=r"}
    assert secrets.split(mongo, None).shown == {
        "connectionString": f"mongodb://{SHORT}:{LONG}@h1,h2/db?replicaSet=r"
    }


def test_a_type_knows_its_own_fields_better_than_their_names() -> None:
    model = catalogue.spec("rest_api").config
    config = {"tokenUrl": "https://h/token", "pagination": {"kind": "cursor", "cursorPath": "next_token"}}
    assert secrets.split(config, model).hidden == {}


def test_a_declared_secret_in_config_is_hidden() -> None:
    model = catalogue.spec("hubspot").config
    assert secrets.split({"apiKey": "canary"}, model).shown == {"apiKey": LONG}


@pytest.mark.parametrize(
    ("patch", "pointer", "touched"),
    [
        ({"a": {"b": 1}}, "/a/b", True),
        ({"a": None}, "/a/b", True),
        ({"a": [1]}, "/a/0", True),
        ({"a": {"c": 1}}, "/a/b", False),
        ({}, "/a", False),
        ({"x/y": {"~": 1}}, "/x~1y/~0", True),
    ],
)
def test_what_a_patch_touches(patch: dict[str, Any], pointer: str, touched: bool) -> None:
    assert secrets.touches(patch, pointer) is touched

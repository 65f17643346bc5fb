"""Sealing: bound to its place, by key, and seen through by nobody; masks."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaireon_orch.errors import SecretUnreadable, SettingsError
from kaireon_orch.vault import MASK, Vault, key_id, mask, mask_all

OLD, NEW = ("k1", os.urandom(32)), ("k2", os.urandom(32))
SECRET = {"auth": {"password": "canary-pw"}}

documents = st.dictionaries(
    st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
)


@given(documents)
def test_what_was_sealed_opens_in_its_place(document: dict[str, object]) -> None:
    vault = Vault([OLD])
    assert (
        vault.open("acme", "conn_1", "secrets", vault.seal("acme", "conn_1", "secrets", document)) == document
    )


@pytest.mark.parametrize(
    "place",
    [
        ("other", "conn_1", "secrets"),
        ("acme", "conn_2", "secrets"),
        ("acme", "conn_1", "other"),
        ("acmeconn_1", "", "secrets"),
    ],
)
def test_a_blob_that_was_moved_does_not_open(place: tuple[str, str, str]) -> None:
    vault = Vault([OLD])
    blob = vault.seal("acme", "conn_1", "secrets", SECRET)
    with pytest.raises(SecretUnreadable):
        vault.open(*place, blob)


def test_every_altered_byte_is_noticed() -> None:
    vault = Vault([OLD])
    blob = vault.seal("acme", "conn_1", "secrets", SECRET)
    for index in range(len(blob)):
        altered = bytearray(blob)
        altered[index] ^= 1
        with pytest.raises(SecretUnreadable):
            vault.open("acme", "conn_1", "secrets", bytes(altered))


def test_every_shortened_blob_is_noticed() -> None:
    vault = Vault([OLD])
    blob = vault.seal("acme", "conn_1", "secrets", SECRET)
    for length in range(len(blob)):
        with pytest.raises(SecretUnreadable):
            vault.open("acme", "conn_1", "secrets", blob[:length])


def test_the_first_key_seals_and_every_key_opens() -> None:
    before = Vault([OLD]).seal("acme", "conn_1", "secrets", SECRET)
    vault = Vault([NEW, OLD])
    after = vault.seal("acme", "conn_1", "secrets", SECRET)
    assert (key_id(before), key_id(after)) == ("k1", "k2")
    assert vault.open("acme", "conn_1", "secrets", before) == SECRET
    with pytest.raises(SecretUnreadable, match="KAIREON_ENCRYPTION_KEYS"):
        Vault([OLD]).open("acme", "conn_1", "secrets", after)


def test_the_same_secret_never_looks_the_same() -> None:
    vault = Vault([OLD])
    assert vault.seal("a", "b", "c", SECRET) != vault.seal("a", "b", "c", SECRET)


def test_neither_blob_nor_repr_shows_anything() -> None:
    vault = Vault([OLD])
    assert b"canary-pw" not in vault.seal("acme", "conn_1", "secrets", SECRET)
    assert OLD[1].hex() not in repr(vault)


@pytest.mark.parametrize("keys", [[], [("k1", b"short")]])
def test_unusable_keys_are_a_settings_error(keys: list[tuple[str, bytes]]) -> None:
    with pytest.raises(SettingsError, match="KAIREON_ENCRYPTION_KEYS"):
        Vault(keys)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("AKIAIOSFODNN7EXAMPLE", f"AK{MASK}LE"), ("abcde", f"ab{MASK}de"), ("abcd", MASK), ("", MASK)],
)
def test_two_characters_at_each_end_stay(secret: str, shown: str) -> None:
    assert mask(secret) == shown


@given(st.text(min_size=5), st.text(min_size=5))
def test_a_masks_length_tells_nothing(one: str, other: str) -> None:
    assert len(mask(one)) == len(mask(other))


def test_every_leaf_is_masked_and_the_shape_stays() -> None:
    document = {"a": "hunter2222", "b": {"c": 42, "d": [True, None]}}
    assert mask_all(document) == {"a": f"hu{MASK}22", "b": {"c": MASK, "d": [MASK, None]}}

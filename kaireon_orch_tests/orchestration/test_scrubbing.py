"""Known secrets are taken out of text, records, streams and events, and nothing that is no secret is changed."""

from __future__ import annotations

import io
import logging
import pickle
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
import pytest
from dagster_shared.error import SerializableErrorInfo

from kaireon_orch.control.opened import open_connector
from kaireon_orch.orchestration import internals_scrubbing, scrubbing
from kaireon_orch.orchestration.known_secrets import KnownSecrets
from kaireon_orch.orchestration.scrubbed_streams import ScrubbedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.orchestration.conftest import Desk

SECRET = 'Avocet-/+"%ü-19'


@pytest.fixture
def known() -> KnownSecrets:
    found = KnownSecrets()
    found.add([SECRET])
    return found


@pytest.fixture
def begun(desk: Desk) -> Iterator[None]:
    """A connector opened in this process; what that replaces is put back."""
    shop = desk.connector(
        "shop",
        "postgresql",
        {"host": "db.example.com"},
        authMethod="password",
        authConfig={"username": "u", "password": SECRET},
    )
    before = (sys.stdout, sys.stderr, logging.getLogRecordFactory())
    scrubbing.open_known(desk.registry, "default", shop.id)
    yield
    sys.stdout, sys.stderr = before[:2]
    logging.setLogRecordFactory(before[2])


def test_a_secret_goes_whole_in_each_spelling(known: KnownSecrets) -> None:
    told = f"clear {SECRET}, repr {[SECRET]!r}, hex {SECRET.encode().hex()}, url Avocet-%2F%2B%22%25%C3%BC-19"
    assert known.scrub(told) == "clear {0}, repr ['{0}'], hex {0}, url {0}".format("*" * 12)


def test_a_short_secret_and_other_text_stay(known: KnownSecrets) -> None:
    known.add(["abc"])
    assert known.scrub("abc and Avocet") == "abc and Avocet"


def test_a_longer_secret_that_begins_with_a_shorter_one_goes_whole() -> None:
    known = KnownSecrets()
    known.add(["tern-1", "tern-1-and-more"])
    assert known.scrub("tern-1-and-more") == "*" * 12


def test_what_knows_secrets_tells_none_of_them(known: KnownSecrets) -> None:
    assert SECRET not in repr(known)
    copied = pickle.loads(pickle.dumps(known))  # noqa: S301  our own
    assert copied.scrub(SECRET) == SECRET


@pytest.mark.parametrize("write", ["write", "writelines", "buffer", "print"])
def test_each_way_of_writing_to_a_stream_is_scrubbed(known: KnownSecrets, write: str) -> None:
    raw = io.BytesIO()
    stream = ScrubbedStream(io.TextIOWrapper(raw, encoding="utf-8", write_through=True), known)
    text = f"it is {SECRET}.\n"
    match write:
        case "write":
            assert stream.write(text) == len(text)
        case "writelines":
            stream.writelines([text])
        case "buffer":
            assert stream.buffer.write(text.encode()) == len(text.encode())
        case _:
            print("it is", SECRET + ".", file=cast("Any", stream))
    assert raw.getvalue().decode() == f"it is {'*' * 12}.\n"


def test_a_log_record_is_scrubbed_with_its_arguments_and_its_traceback(
    begun: None, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("scrubbed")
    logger.warning("with %s and %d", {"it": SECRET}, 7)
    try:
        int(SECRET)
    except ValueError:
        logger.exception("failed")
    assert SECRET not in caplog.text
    assert "and 7" in caplog.text
    assert "ValueError: invalid literal" in caplog.text


def test_a_record_that_cannot_be_formatted_breaks_nothing(begun: None) -> None:
    record = logging.getLogRecordFactory()("n", logging.INFO, "p", 1, "%d", ("no number",), None)
    assert record.args == ("no number",)


def test_an_error_s_causes_notes_and_group_are_scrubbed(begun: None) -> None:
    import traceback  # noqa: PLC0415  this test alone

    cause = ValueError(SECRET)
    cause.add_note(f"noted {SECRET}")
    error = ExceptionGroup(f"many {SECRET}", [KeyError(SECRET)])
    error.__cause__ = cause
    told = SerializableErrorInfo.from_traceback(traceback.TracebackException.from_exception(error))
    assert SECRET not in told.to_string()
    assert "noted" in told.to_string()


def test_an_event_keeps_what_it_is_about_and_loses_the_secret(known: KnownSecrets) -> None:
    known.add(["orders"])
    materialized = dg.AssetMaterialization(["pipelines", "orders"], metadata={"dsn": f"x {SECRET} orders"})
    clean = internals_scrubbing.scrubbed(materialized, known)
    assert clean.asset_key == dg.AssetKey(["pipelines", "orders"])
    assert clean.metadata["dsn"].value == "x {0} {0}".format("*" * 12)


def test_an_event_without_secrets_is_the_very_same(known: KnownSecrets) -> None:
    materialized = dg.AssetMaterialization("birds", metadata={"rows": 3})
    assert internals_scrubbing.scrubbed(materialized, known) is materialized


def test_what_cannot_be_serialised_passes_and_is_said(
    known: KnownSecrets, caplog: pytest.LogCaptureFixture
) -> None:
    thing = object()
    assert internals_scrubbing.scrubbed(thing, known) is thing
    assert "could not be looked through" in caplog.text


def test_what_dagster_must_have_for_this_is_there() -> None:
    assert callable(dg.DagsterInstance.handle_new_event)
    assert callable(dg.DagsterEvent.step_failure_event)
    assert callable(SerializableErrorInfo.from_traceback)


def test_hooks_are_set_once(begun: None) -> None:
    scrubbing.begin()
    hooks = (dg.DagsterInstance.handle_new_event, logging.getLogRecordFactory(), sys.stdout)
    scrubbing.begin()
    assert (dg.DagsterInstance.handle_new_event, logging.getLogRecordFactory(), sys.stdout) == hooks


def test_an_opened_connector_shows_nothing_unless_it_is_taken_apart(desk: Desk) -> None:
    shop = desk.connector("shop", "hubspot", {}, authMethod="bearer_token", authConfig={"token": SECRET})
    opened = open_connector(desk.registry, "default", shop.id)
    shown = (repr(opened), str(opened), f"{opened}", f"{opened!r}", str([opened]))
    assert not any(SECRET in each for each in shown)
    assert SECRET in str(asdict(opened))  # what the scrubber is for

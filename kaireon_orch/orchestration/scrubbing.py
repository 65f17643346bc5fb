"""Known secrets are taken out of what user code says before anybody keeps it: errors, events, log records, output.

It begins where a connector is opened in a process of Dagster's, whatever its executor and its dagster.yaml are.
"""

from __future__ import annotations

import io
import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import secret_values
from kaireon_orch.control.opened import open_connector
from kaireon_orch.orchestration import internals_scrubbing
from kaireon_orch.orchestration.known_secrets import KNOWN
from kaireon_orch.orchestration.scrubbed_streams import ScrubbedStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry


def open_known(registry: Registry, tenant: str, connector_id: str) -> OpenedConnector:
    """`open_connector` for user code: its secrets are scrubbed from now on. Raises NotFound, SecretUnreadable."""
    opened = open_connector(registry, tenant, connector_id)
    know(opened)
    return opened


def know(opened: OpenedConnector, more: Mapping[str, Any] | None = None) -> None:
    """Scrub the secrets of an opened connector, and `more` credentials that were made of them."""
    method = opened.spec.auth_method(opened.auth_method)
    model = method.model if method else None
    auth = {**(opened.auth or {}), **(more or {})}
    found = secret_values.of_connector(opened.spec.config, model, opened.config_complete, auth)
    KNOWN.add(each.value for each in found)
    begin()


def begin() -> None:
    """Scrub from now on; safe to repeat, as it must be where somebody has put streams of his own in place."""
    internals_scrubbing.scrub_errors(KNOWN)
    internals_scrubbing.scrub_events(KNOWN)
    internals_scrubbing.scrub_failures(KNOWN)
    if not isinstance(logging.getLogRecordFactory(), _ScrubbedRecords):
        logging.setLogRecordFactory(_ScrubbedRecords(logging.getLogRecordFactory()))
    sys.stdout = _scrubbed(sys.stdout)
    sys.stderr = _scrubbed(sys.stderr)


def _scrubbed(stream: Any) -> Any:  # noqa: ANN401  whatever stands for a stream there
    """A process's own output; a notebook's cells and what tests put in its place stay as they are."""
    return ScrubbedStream(stream, KNOWN) if isinstance(stream, io.TextIOWrapper) else stream


class _ScrubbedRecords:
    """Makes log records without known secrets, whoever logs and whichever handler writes."""

    def __init__(self, make: Any) -> None:  # noqa: ANN401  as logging has it
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401  as logging has it
        record: logging.LogRecord = self._make(*args, **kwargs)
        with suppress(Exception):  # a record that cannot be formatted is its handler's to complain about
            _scrub_record(record)
        return record


def _scrub_record(record: logging.LogRecord) -> None:
    message = record.getMessage()
    if KNOWN.hold(message):
        record.msg, record.args = KNOWN.scrub(message), ()
    if record.exc_info and KNOWN.hold(told := "".join(_traceback(record.exc_info))):
        record.exc_info, record.exc_text = None, KNOWN.scrub(told).rstrip("\n")


def _traceback(error: Any) -> Iterator[str]:  # noqa: ANN401  what logging calls exc_info
    if isinstance(error, tuple) and error[1] is not None:
        yield from traceback.format_exception(*error)

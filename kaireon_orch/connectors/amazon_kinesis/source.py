"""Describe a Kinesis data stream: the connection test of a type whose reading is still to come."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from kaireon_orch.contract.source import Check, Opening, Reading, ReadRequest, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.aws import errors, session
from kaireon_orch.families.http import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient

    from kaireon_orch.connectors.amazon_kinesis.spec import KinesisConfig

# Faults that AWS answers only to those whose credentials it has accepted.
_LOGGED_IN: Final = frozenset({FaultCode.NOT_PERMITTED, FaultCode.OBJECT_MISSING})
_NOT_IN_USE: Final[Mapping[str, tuple[FaultCode, str]]] = {
    "CREATING": (FaultCode.BUSY, "The stream is still being created; try again in a minute."),
    "DELETING": (FaultCode.OBJECT_MISSING, "The stream is being deleted."),
}


def open_source(opening: Opening[KinesisConfig]) -> KinesisStream:
    """The connector's opened end; contacts nothing yet."""
    return KinesisStream(opening)


class KinesisStream:
    """A Kinesis connector as a source."""

    def __init__(self, opening: Opening[KinesisConfig]) -> None:
        self._opening = opening

    def probe(self) -> Iterator[Check]:
        """Reach the endpoint, then describe the stream, which proves key, right and name in one call."""
        lap = _Lap()
        with closing(self._client()) as client:
            yield from self._steps(client, lap)

    def streams(self) -> Iterator[Stream]:
        """Not before reading is built."""
        _coming_soon()

    def read(self, request: ReadRequest) -> Reading:  # noqa: ARG002  the contract's signature
        """Not before reading is built."""
        _coming_soon()

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  the contract's signature
        """Nothing was read."""

    def close(self) -> None:
        """Each call closes its own connection."""

    def _client(self) -> BaseClient:
        config = self._opening.config
        return session.client(
            "kinesis",
            region=config.region,
            endpoint=config.endpoint,
            auth=self._opening.auth,
            door=self._opening.door,
        )

    def _steps(self, client: BaseClient, lap: _Lap) -> Iterator[Check]:
        peer = endpoint.resolve(client.meta.endpoint_url, self._opening.door)
        yield Check("resolve", ok=True, message=f"{peer.host} may be reached.", latency_ms=lap())
        self._opening.door.dial(peer.host, peer.port).close()
        yield Check("connect", ok=True, message="The endpoint answers.", latency_ms=lap())
        if self._opening.auth is None:
            yield Check("login", ok=None, message="The login was not tried: no credentials.", latency_ms=0)
            return
        yield from self._described(client, lap)

    def _described(self, client: BaseClient, lap: _Lap) -> Iterator[Check]:
        accepted = "AWS accepted the credentials."
        try:
            summary = _summary(client, self._opening.config.stream_name)
        except Fault as fault:
            if fault.fault in _LOGGED_IN:
                yield Check("login", ok=True, message=accepted, latency_ms=lap())
            raise
        yield Check("login", ok=True, message=accepted, latency_ms=lap())
        found = f"The stream is there; open shards: {_open_shards(summary)}."
        yield Check("object", ok=True, message=found, latency_ms=lap())


class _Lap:
    """Milliseconds since the last call."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self) -> int:
        now = time.monotonic()
        passed, self._since = now - self._since, now
        return round(passed * 1000)


def _summary(client: BaseClient, name: str | None) -> Mapping[str, Any]:
    """The stream in Kinesis' words, with a state and a number of shards in the shape that they must have."""
    with errors.translated():
        answer = client.describe_stream_summary(StreamName=name)
    match answer:
        case {"StreamDescriptionSummary": {"StreamStatus": str(), "OpenShardCount": int()} as summary}:
            return cast("Mapping[str, Any]", summary)
    raise Fault(FaultCode.UNEXPECTED, "The endpoint did not describe the stream; check that it is Kinesis.")


def _open_shards(summary: Mapping[str, Any]) -> int:
    """How many shards can be read, of a stream that is in use."""
    problem = _NOT_IN_USE.get(summary["StreamStatus"])
    if problem is not None:
        raise Fault(*problem)
    return int(summary["OpenShardCount"])


def _coming_soon() -> NoReturn:
    raise Fault(FaultCode.NOT_SUPPORTED, "Amazon Kinesis is coming soon: its records cannot be read yet.")

"""A job as its module sees it, and the child's end of the pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from kaireon_orch.network import frames

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from kaireon_orch.network.dial import ChildDoor


@dataclass(frozen=True, slots=True)
class Channel:
    """Frames to the parent; any thread may send."""

    pipe: socket.socket
    _lock: Lock = field(default_factory=Lock)

    def send(self, document: Mapping[str, Any]) -> None:
        self._send(frames.encode_json(document))

    def send_arrow(self, stream: bytes) -> None:
        self._send(frames.encode(frames.ARROW, stream))

    def _send(self, whole: bytes) -> None:
        with self._lock:
            self.pipe.sendall(whole)


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its payload, the only ways out, and a folder of its own that vanishes afterwards."""

    payload: dict[str, Any]
    door: ChildDoor
    folder: str
    channel: Channel
    canceled: Event = field(default_factory=Event)

    def emit(self, event: Mapping[str, Any]) -> None:
        """Tell the parent something on the way."""
        self.channel.send({"event": event})

    def send_batches(self, stream: bytes) -> None:
        """Hand the parent one Arrow IPC stream; it lands in `JobResult.batches`."""
        self.channel.send_arrow(stream)

    def cancelled(self) -> bool:
        """Whether the parent asked to stop; whatever is not in order 2 s later is killed."""
        return self.canceled.is_set()

"""A job as its module sees it, and the child's end of the pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network import frames

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from kaireon_orch.network.dial import ChildDoor

LOOK_UP_SECONDS: Final = 0.2


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
    _handed: SimpleQueue[bytes | None] = field(default_factory=SimpleQueue)

    def emit(self, event: Mapping[str, Any]) -> None:
        """Tell the parent something on the way."""
        self.channel.send({"event": event})

    def send_batches(self, stream: bytes) -> None:
        """Hand the parent one Arrow IPC stream; it lands in `JobResult.batches`."""
        self.channel.send_arrow(stream)

    def cancelled(self) -> bool:
        """Whether the parent asked to stop; whatever is not in order 2 s later is killed."""
        return self.canceled.is_set()

    def hear(self, frame: frames.Frame) -> None:
        """Take a frame that the parent sent after the first."""
        if frame.kind == frames.ARROW:
            self._handed.put(frame.body)
        elif "end" in (document := frame.document()):
            self._handed.put(None)
        elif "cancel" in document:
            self.canceled.set()

    def handed(self) -> bytes | None:
        """Ask the parent for its next Arrow IPC stream and wait for it; None after the last. Raises CANCELED."""
        self.channel.send({"want": True})
        while not self.cancelled():
            try:
                return self._handed.get(timeout=LOOK_UP_SECONDS)
            except Empty:
                continue
        raise Fault(FaultCode.CANCELED, "it was canceled")

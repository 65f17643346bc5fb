"""A reader of the target, at it all the time: it sees the state before a load or the state after it, and no other."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Rows = Sequence[tuple[Any, ...]]

PAUSE = 0.03


@dataclass
class Onlooker:
    """Reads in a thread of its own while `sees` is entered; what it should not have seen is raised at the exit."""

    look: Callable[[], Rows]
    looks: int = 0
    _wrong: list[str] = field(default_factory=list)
    _states: tuple[Rows, Rows] | None = None
    _seen_after: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    @contextmanager
    def sees(self, before: Rows, after: Rows) -> Iterator[None]:
        """What may be seen meanwhile; once the state after was, the one before no more."""
        self._expect((sorted(before), sorted(after)))
        try:
            yield
        finally:
            self._expect(None)
        assert not self._wrong, self._wrong

    def _expect(self, states: tuple[Rows, Rows] | None) -> None:
        with self._lock:
            self._states, self._seen_after = states, False

    def _watch(self) -> None:
        while not self._over.is_set():
            with self._lock:
                if self._states is not None:
                    self._judge(*self._states)
            time.sleep(PAUSE)

    def _judge(self, before: Rows, after: Rows) -> None:
        try:
            rows = sorted(self.look())
        except Exception as error:  # noqa: BLE001  a reader that fails is a finding, told at the exit
            self._wrong.append(f"the reader failed: {error!r}")
            return
        self.looks += 1
        if rows not in (before, after):
            self._wrong.append(
                f"{len(rows)} rows, neither the {len(before)} before nor the {len(after)} after"
            )
        elif self._seen_after and rows != after:
            self._wrong.append("the state after was seen, and then the one before")
        self._seen_after = rows == after

"""`python -m kaireon_orch.orchestration.run_server`: one warm process that forks a worker for each run.

It has imported what runs need, and has no thread, no database and no channel open when it forks: each worker opens its
own. New code is noticed within a second; the server then becomes a new process on the same socket, and keeps its number.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.network import template
from kaireon_orch.orchestration import internals
from kaireon_orch.orchestration.run_workers import Workers, fingerprint

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

LOG = logging.getLogger("kaireon.run_server")

TICK_SECONDS = 1.0
ANSWER_SECONDS = 5.0
STOP_SECONDS = 10.0
LONGEST_REQUEST = 1 << 20
ASKED = frozenset({"run", "instance", "python"})

# All that a run imports, so that its worker imports nothing.
WARM = (
    "alembic.command",
    "alembic.config",
    "dagster._core.definitions.repository_definition.repository_data_builder",
    "dagster._core.execution.api",
    "dagster._core.execution.plan.active",
    "dagster._core.executor.in_process",
    "dagster._core.instance.factory",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.storage.sqlite_storage",
    "dagster._core.system_config.composite_descent",
    "dagster._grpc.impl",
    "dagster._utils.test.definitions",
    "kaireon_orch.definitions",
    "kaireon_orch.orchestration.run_worker",
    "sqlalchemy.dialects.sqlite",
    "upath.implementations.local",
)
WARM_WHERE_INSTALLED = ("dagster_postgres", "sqlalchemy.dialects.postgresql.psycopg2")


class Server:
    """Answers launchers on `listener`; `code` is the fingerprint of what it has imported."""

    def __init__(self, workers: Workers, listener: socket.socket, held: template.Held) -> None:
        self._workers = workers
        self._template = held
        self._listener = listener
        self._code = fingerprint()
        self._pids = workers.living()
        self._stopped = False

    def serve(self) -> None:
        """Until a signal ends it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._stopped:
            if select.select([self._listener], [], [], TICK_SECONDS)[0]:
                self._answer()
            self._reap()
            self._template.keep()
            if fingerprint() != self._code:
                self._renew()
        self._end_workers()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopped = True

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(ANSWER_SECONDS)
            with contextlib.suppress(OSError, ValueError):
                request = json.loads(_line(connection))
                if isinstance(request, dict) and request.keys() >= ASKED:
                    connection.sendall(json.dumps(self._start(request, connection)).encode() + b"\n")

    def _start(self, request: dict[str, Any], connection: socket.socket) -> dict[str, Any]:
        run_id = str(request["run"])
        if self._workers.pid(run_id) is not None:
            return {"ok": True}  # its answer got lost
        if request["python"] != sys.executable:
            return {"ok": False, "why": "it was made for another Python"}
        pid = os.fork()
        if pid == 0:
            _become_worker(request, (self._listener, connection))
        self._pids[pid] = run_id
        self._workers.note(run_id, pid)
        return {"ok": True}

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, status)

    def _ended(self, pid: int, status: int) -> None:
        """Forget a worker that ended in order; of another one the note tells whoever asks after its run."""
        self._template.ended(pid)
        run_id = self._pids.pop(pid, None)
        if run_id is not None and status == 0:
            self._workers.forget(run_id)

    def _renew(self) -> None:
        """Become a process with the new code: same number, same socket, same children, whose notes stay."""
        LOG.info("The code has changed: the run server starts anew.")
        os.set_inheritable(self._listener.fileno(), True)
        command = [sys.executable, "-m", __spec__.name, str(self._listener.fileno())]
        os.execv(sys.executable, command)  # noqa: S606  no shell is wanted

    def _end_workers(self) -> None:
        """Their runs are canceled in order."""
        self._template.close()
        for run_id in self._pids.values():
            self._workers.interrupt(run_id)
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
        with contextlib.suppress(ChildProcessError):
            while True:
                self._ended(*os.wait())


def _become_worker(request: dict[str, Any], inherited: tuple[socket.socket, ...]) -> None:
    """Run the run in this fork, and end with it."""
    status = 1
    try:
        for each in inherited:
            each.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        work = import_module("kaireon_orch.orchestration.run_worker").work
        work(str(request["run"]), str(request["instance"]))
        status = 0
    except BaseException as error:  # noqa: BLE001  the fork's outermost frame; an error's own words may hold anything
        LOG.error("The worker of run %s met an unexpected %s.", request["run"], type(error).__name__)  # noqa: TRY400  as above
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _line(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n") and len(received) < LONGEST_REQUEST:
        piece = connection.recv(1 << 16)
        if not piece:
            break
        received += piece
    return received


def warm_up() -> None:
    """Import and read what runs need. A thread would not survive the fork, so none may be there."""
    for name in WARM:
        import_module(name)
    for name in WARM_WHERE_INSTALLED:
        with contextlib.suppress(ImportError):
            import_module(name)
    for type_ in catalogue.types():
        if catalogue.built(type_):
            catalogue.spec(type_)
    internals.read_schema_once()
    internals.mirror_no_output()
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        raise RuntimeError(f"The run server must fork, and has threads: {names}")
    gc.collect()
    gc.freeze()


def listening(path: Path) -> socket.socket:
    """A socket that only its folder's owner reaches; what a dead server left there is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(128)
    return listener


def main() -> None:
    """Serve on a new socket, or on the one whose descriptor is given."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    LOG.setLevel(logging.INFO)
    workers = Workers.here()
    held = template.Held()
    warm_up()
    held.await_ready()
    given = sys.argv[1:]
    listener = socket.socket(fileno=int(given[0])) if given else listening(workers.socket)
    os.set_inheritable(listener.fileno(), False)
    LOG.info("Ready for runs.")
    Server(workers, listener, held).serve()


if __name__ == "__main__":
    main()

"""The guarded child's life: what it is born with, and all the ways in which it ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kaireon_orch
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import JobResult, run_job
from kaireon_orch.network.environment import environment
from kaireon_orch.network.guard import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = "kaireon_orch_tests.network.jobs"

pytestmark = pytest.mark.usefixtures("birth")
PLANTED = {
    "PGPASSWORD": "canary",
    "PGSERVICE": "canary",
    "AWS_ACCESS_KEY_ID": "canary",
    "AWS_PROFILE": "canary",
    "GOOGLE_APPLICATION_CREDENTIALS": "canary",
    "AZURE_CLIENT_SECRET": "canary",
    "HTTPS_PROXY": "http://canary",
    "https_proxy": "http://canary",
    "SSH_AUTH_SOCK": "canary",
    "KRB5_CONFIG": "canary",
    "NETRC": "canary",
    "KAIREON_ENCRYPTION_KEYS": "canary",
    "KAIREON_DATABASE_URL": "canary",
    "LD_PRELOAD": "",
    "PYTHONSTARTUP": "canary",
}


def child(do: str, *, deadline: float = 20, **settings: Any) -> JobResult:
    return run_job("trial", {"do": do}, policy=Policy(), deadline=deadline, module=JOBS, **settings)


def fault_of(do: str, **settings: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        child(do, **settings)
    return caught.value


def gone(pid: int) -> bool:
    """Whether the process ends within five seconds."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except OSError as error:
            return error.errno == errno.ESRCH
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_job_gives_events_batches_and_a_result() -> None:
    events: list[dict[str, Any]] = []
    words = {"text": "ünï\ud800", "number": 2**60, "nothing": None, "long": "x" * 3_000_000}
    done = run_job(
        "trial",
        {"do": "echo", "words": words},
        policy=Policy(),
        deadline=20,
        on_event=events.append,
        module=JOBS,
    )
    assert done.result == {"words": words, "judged": True}
    assert (events, done.batches) == ([{"seen": words}], [b"arrow"])


def test_batches_can_be_taken_one_by_one() -> None:
    taken: list[bytes] = []
    payload = {"do": "echo", "words": ""}
    done = run_job("trial", payload, policy=Policy(), deadline=20, on_batch=taken.append, module=JOBS)
    assert (taken, done.batches) == ([b"arrow"], [])


def test_nothing_of_the_operator_is_in_the_childs_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    facts = child("facts").result
    assert set(facts["environment"]) <= {
        *("PATH", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "HOME", "PYTHONPATH", "LC_CTYPE"),
        *("AWS_EC2_METADATA_DISABLED", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION"),
    }
    assert "canary" not in str(facts)
    assert facts["home"] == []
    assert facts["environment"]["AWS_EC2_METADATA_DISABLED"] == "true"


def test_the_allow_list_passes_what_a_child_needs(tmp_path: Path) -> None:
    outer = {"PATH": "/bin", "LANG": "de_DE.UTF-8", "TZ": "UTC", "SSL_CERT_FILE": "/ca", "OTHER": "x"}
    born = environment(tmp_path / "home", tmp_path / "work", outer)
    assert {name: born.get(name) for name in outer} == outer | {"OTHER": None}


def test_the_payload_is_not_on_the_command_line_and_the_folder_is_private_and_vanishes() -> None:
    facts = child("facts").result
    assert len(facts["arguments"]) == 3
    assert all(argument.isdigit() for argument in facts["arguments"][1:])
    assert facts["mode"] == 0o700
    assert facts["environment"]["TMPDIR"] == facts["folder"]
    assert not Path(facts["folder"]).exists()


def test_a_child_starts_without_what_it_does_not_need(birth: str) -> None:
    """A template has read what jobs use, and forks share it; what no job uses is not there either."""
    never = {"sqlalchemy", "dagster", "fastapi", "numpy", "pandas", "polars"}
    late = {"pydantic", "pyarrow", "duckdb", "psycopg", "httpx", "asyncio"}
    heavy = never if birth == "forked" else never | late
    facts = child("facts").result
    assert heavy.intersection(facts["modules"]) == set()


def test_the_deadline_kills() -> None:
    began = time.monotonic()
    seen: list[dict[str, Any]] = []
    fault = fault_of("sleep", deadline=0.5, on_event=seen.append, on_deadline=FaultCode.TIMED_OUT)
    assert fault.fault is FaultCode.TIMED_OUT
    assert time.monotonic() - began < 3
    assert gone(seen[0]["pid"])
    assert fault_of("sleep", deadline=0.2).fault is FaultCode.DEADLINE


def test_the_child_knows_its_deadline() -> None:
    fault = fault_of("wait_for_the_deadline", deadline=1, on_deadline=FaultCode.TIMED_OUT)
    assert fault.fault is FaultCode.TIMED_OUT


def test_what_the_child_started_dies_with_it() -> None:
    seen: list[dict[str, Any]] = []
    fault_of("with_offspring", deadline=1, on_event=seen.append)
    assert gone(seen[0]["pid"])


def test_cancel_is_heard() -> None:
    cancel = threading.Event()
    fault = fault_of("heed", cancel=cancel, on_event=lambda event: cancel.set())
    assert (fault.fault, fault.message) == (FaultCode.CANCELED, "put in order")


def test_cancel_kills_who_does_not_listen() -> None:
    cancel = threading.Event()
    seen: list[dict[str, Any]] = []

    def on_event(event: dict[str, Any]) -> None:
        seen.append(event)
        cancel.set()

    began = time.monotonic()
    fault = fault_of("sleep", cancel=cancel, on_event=on_event)
    assert fault.fault is FaultCode.CANCELED
    assert 1.5 < time.monotonic() - began < 5
    assert gone(seen[0]["pid"])


@pytest.mark.parametrize(("do", "words"), [("crash", "signal 6"), ("leave", "status 7")])
def test_a_crash_is_told_as_such(do: str, words: str) -> None:
    fault = fault_of(do)
    assert (fault.fault, fault.retryable) == (FaultCode.CHILD_DIED, True)
    assert words in fault.message


def test_a_flood_of_output_neither_blocks_nor_shows(capfd: pytest.CaptureFixture[str]) -> None:
    assert child("flood").result == {}
    assert capfd.readouterr() == ("", "")


def test_no_text_of_an_unknown_error_leaves_the_child() -> None:
    fault = fault_of("stumble")
    assert fault.fault is FaultCode.UNEXPECTED
    assert "ValueError" in fault.message
    assert "canary" not in fault.message


def test_an_unknown_job_is_a_fault() -> None:
    with pytest.raises(Fault) as caught:
        run_job("no_such_job", {}, policy=Policy(), deadline=20)
    assert caught.value.fault is FaultCode.UNEXPECTED


def test_what_a_listener_raises_ends_the_child() -> None:
    seen: list[int] = []

    def on_event(event: dict[str, Any]) -> None:
        seen.append(event["pid"])
        raise KeyError("mine")

    with pytest.raises(KeyError):
        child("sleep", on_event=on_event)
    assert gone(seen[0])


def test_a_killed_parent_takes_the_child_along() -> None:
    code = f"""
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy
run_job("trial", {{"do": "sleep"}}, policy=Policy(), deadline=60, module="{JOBS}",
        on_event=lambda event: print(event["pid"], flush=True))
"""
    root = Path(next(iter(kaireon_orch.__path__))).parent
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not Path(f"/proc/{pid}/stat").read_text().startswith("Z")
        parent.send_signal(signal.SIGKILL)
        assert gone(pid)


def test_children_run_side_by_side_and_leave_nothing() -> None:
    before = _open_descriptors()
    results: list[JobResult] = []
    threads = [threading.Thread(target=lambda: results.append(child("facts"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({done.result["pid"] for done in results}) == 4
    assert not any(Path(done.result["folder"]).parent.exists() for done in results)
    assert _open_descriptors() == before
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("judge")]


def _open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_what_is_fed_arrives_piece_by_piece_as_it_is_asked_for() -> None:
    pieces = [b"x" * size for size in (1, 3_000_000, 0, 7)]
    assert child("add_up", feed=pieces).result == {"sizes": [1, 3_000_000, 0, 7]}
    assert child("add_up").result == {"sizes": []}


def test_what_the_feed_raises_ends_the_child_and_passes_through() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        child("add_up", feed=broken())


def test_a_child_that_does_not_take_what_it_asked_for_is_ended_at_the_deadline() -> None:
    started = time.monotonic()
    assert fault_of("deaf", feed=[b"x" * 50_000_000], deadline=2).fault is FaultCode.DEADLINE
    assert time.monotonic() - started < 10


def test_a_cancel_ends_a_child_that_waits_for_more() -> None:
    cancel = threading.Event()

    def slow() -> Iterator[bytes]:
        while True:
            cancel.set()
            yield b"x"

    assert fault_of("add_up", feed=slow(), cancel=cancel).fault is FaultCode.CANCELED

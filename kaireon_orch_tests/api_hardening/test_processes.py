"""Several API processes on one registry, ends by signals, and what a killed server leaves behind."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kaireon_orch_tests.api.conftest import Api
from kaireon_orch_tests.api_hardening import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.registry import Registry

PROCESSES = 2
ROUNDS = 6
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database("api_processes")
    opened = processes.prepared(tmp_path_factory.mktemp("home"), url)
    yield opened
    opened.close()


def given(registry: Registry) -> dict[str, str]:
    return {"KAIREON_DATABASE_URL": registry.settings.registry_url}


@pytest.fixture(scope="module")
def urls(registry: Registry) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(processes.running(registry.settings.home, **given(registry))).url
            for _ in range(PROCESSES)
        ]


@pytest.fixture
def clients(registry: Registry, urls: list[str]) -> Iterator[list[Api]]:
    """An admin's client of each process, in a new tenant."""
    key = processes.key_of(registry, "admin", f"t{next(_NUMBERS)}")
    with ExitStack() as stack:
        yield [stack.enter_context(Api(url, key)) for url in urls * 2]


def race(clients: list[Api], verb: str, path: str, **request: Any) -> Counter[int]:
    """The same request from every client at once, by status."""
    barrier = threading.Barrier(len(clients))

    def send(client: Api) -> int:
        barrier.wait()
        return client.request(verb, path, **request).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        return Counter(pool.map(send, clients))


def test_one_of_many_gets_a_name(clients: list[Api]) -> None:
    for number in range(ROUNDS):
        body = {"name": f"c{number}", "type": "csv"}
        assert race(clients, "POST", "/connectors", json=body) == {201: 1, 409: len(clients) - 1}
    names = [row["name"] for row in clients[0].get("/connectors").json()["data"]]
    assert sorted(names) == sorted(f"c{number}" for number in range(ROUNDS))


def test_one_of_many_changes_from_one_state(clients: list[Api]) -> None:
    path = f"/connectors/{clients[0].made('/connectors', name='x', type='csv')['id']}"
    for number in range(ROUNDS):
        tag = {"If-Match": clients[0].get(path).headers["etag"]}
        body = {"description": str(number)}
        assert race(clients, "PUT", path, json=body, headers=tag) == {200: 1, 412: len(clients) - 1}
    assert race(clients, "DELETE", path) == {204: 1, 404: len(clients) - 1}


def test_writers_in_several_processes_keep_one_chain(clients: list[Api]) -> None:
    def write(pair: tuple[int, Api]) -> None:
        number, client = pair
        for each in range(ROUNDS):
            client.made("/connectors", name=f"c{number}-{each}", type="csv")
            assert (
                client.post("/connectors", json={"name": f"c{number}-{each}", "type": "csv"}).status_code
                == 409
            )

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(write, enumerate(clients)))
    state = clients[0].get("/audit-logs/verify").json()
    assert state["intact"] is True
    assert state["total"] == state["verified"] == 1 + 2 * ROUNDS * len(clients)


def test_the_limit_and_the_revocation_hold_in_every_process(clients: list[Api]) -> None:
    def send(client: Api) -> Counter[int]:
        return Counter(client.post("/connectors/test", json={}).status_code for _ in range(30))

    with ThreadPoolExecutor(len(clients)) as pool:
        assert sum(pool.map(send, clients), Counter()) == {400: 100, 429: 30 * len(clients) - 100}
    made = clients[0].made("/api-keys", role="viewer")
    headers = {"X-API-Key": made["key"]}
    assert clients[1].get("/connectors", headers=headers).status_code == 200
    assert clients[0].delete(f"/api-keys/{made['id']}").status_code == 204
    assert clients[1].get("/connectors", headers=headers).status_code == 401


class Load:
    """Clients that create, change and delete until the server is gone, and what it acknowledged."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._lock = threading.Lock()
        self.descriptions: dict[str, str | None] = {}  # of what must be there
        self.changing: set[str] = set()
        self.deleting: set[str] = set()
        self.deleted: set[str] = set()
        self.acknowledged = 0

    def work(self, number: int) -> None:
        with Api(self._url, self._key) as client:
            for each in itertools.count():
                try:
                    self._one(client, f"w{number}-{each}", delete=each % 3 == 0)
                except httpx.TransportError:
                    return

    def _one(self, client: Api, name: str, *, delete: bool) -> None:
        secret = {"authMethod": "password", "authConfig": {"password": name}}
        record = client.made("/connectors", name=name, type="postgresql", **secret)["id"]
        with self._lock:
            self.descriptions[record] = None
            self.changing.add(record)
            self.acknowledged += 1
        assert client.put(f"/connectors/{record}", json={"description": name}).status_code == 200
        with self._lock:
            self.descriptions[record] = name
            self.changing.discard(record)
            self.acknowledged += 1
            if delete:
                self.deleting.add(record)
        if delete:
            assert client.delete(f"/connectors/{record}").status_code == 204
            with self._lock:
                self.deleted.add(record)
                self.acknowledged += 1


def killed_under_load(home: Path, given: dict[str, str], key: str, acknowledged: int) -> Load:
    """Kill a new server as soon as it has acknowledged so many writes."""
    server = processes.start(home, **given)
    load = Load(server.url, key)
    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(load.work, number) for number in range(4)]
        while load.acknowledged < acknowledged and not any(each.done() for each in working):
            time.sleep(0.001)
        server.kill()
        for each in working:
            each.result(timeout=60)
    return load


def check(client: Api, load: Load) -> None:
    """All that was acknowledged is there, whole; what was deleted is gone; nothing is there without its entry."""
    for record, description in load.descriptions.items():
        answer = client.get(f"/connectors/{record}")
        if record in load.deleted:
            assert answer.status_code == 404
        elif record not in load.deleting or answer.status_code != 404:
            assert answer.status_code == 200, f"{record} is lost"
            assert record in load.changing or answer.json()["description"] == description
    assert client.get("/audit-logs/verify").json()["intact"] is True
    actions = Counter(entry["action"] for entry in entries(client) if entry["outcome"] == "done")
    total = client.get("/connectors").json()["pagination"]["total"]
    assert total == actions["create"] - actions["delete"]
    assert actions.total() - actions["key_create"] >= load.acknowledged


def entries(client: Api) -> Iterator[dict[str, Any]]:
    """The whole audit log."""
    cursor = ""
    while True:
        page = client.get(f"/audit-logs?limit=100{cursor}").json()
        yield from page["data"]
        if not page["pagination"]["hasMore"]:
            return
        cursor = f"&cursor={page['pagination']['cursor']}"


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.full)])
def test_a_killed_server_loses_nothing_that_it_acknowledged(registry: Registry, kills: int) -> None:
    home = registry.settings.home
    done = []
    for number in range(kills // 2):  # half of them on each registry
        key = processes.key_of(registry, "admin", f"k{next(_NUMBERS)}")
        done.append((key, killed_under_load(home, given(registry), key, 1 + 17 * (number % 5))))
    with processes.running(home, **given(registry)) as server:
        for key, load in done:
            with Api(server.url, key) as client:
                check(client, load)
                record = next(iter(load.descriptions.keys() - load.deleting))
                tested = client.post("/connectors/test", json={"id": record}).json()
                assert set(tested["authConfig"]) == {"password"}


def test_requests_in_flight_finish_after_sigterm(registry: Registry) -> None:
    given_ = given(registry) | {"KAIREON_EGRESS_ALLOW": "127.0.0.1", "KAIREON_PROBE_TIMEOUT_SECONDS": "3"}
    key = processes.key_of(registry, "editor", f"g{next(_NUMBERS)}")
    with (
        processes.running(registry.settings.home, **given_) as server,
        processes.silent_peer() as port,
        Api(server.url, key) as client,
    ):
        draft: dict[str, Any] = {"type": "postgresql", "authMethod": "password"}
        draft["config"] = {"host": "127.0.0.1", "port": port, "database": "d"}
        draft["authConfig"] = {"username": "u", "password": "p"}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.post, "/connectors/test", json=draft)
            time.sleep(1)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{server.url}/healthz")
            answer = waiting.result()
        assert (answer.status_code, answer.json()["code"]) == (200, "TIMED_OUT")
        server.process.wait(timeout=10)
        assert time.monotonic() - began < 10

"""A source that changes, a pipeline of one mode, and what Python says must be in the target after each load."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import psycopg

from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.faults import deadly
from kaireon_orch_tests.faults.kills import ANY, WIRE
from kaireon_orch_tests.faults.model import MODES, Model
from kaireon_orch_tests.faults.onlooker import Onlooker
from kaireon_orch_tests.faults.places import ONLOOKER
from kaireon_orch_tests.faults.relay import relaying

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from kaireon_orch_tests.faults.kills import Kill
    from kaireon_orch_tests.faults.model import Row
    from kaireon_orch_tests.faults.parents import Ended, Parents
    from kaireon_orch_tests.faults.places import Place
    from kaireon_orch_tests.faults.relay import Relay
    from kaireon_orch_tests.movement.ends import Ends

PIECE_ROWS = 40
"""Rows of a batch: a load is several of them, so that a death can fall between two."""


@dataclass
class World:
    """One pipeline and its ends; use it as a context manager."""

    ends: Ends
    place: Place
    name: str
    chance: random.Random
    parents: Parents
    module: str = deadly.__name__
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    trails: dict[tuple[bool, bool], dict[str, list[str]]] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    runs: int = 0
    tables: int = 0

    def __enter__(self) -> Self:
        self._held = ExitStack()
        server = self.ends.postgres
        self.relays: dict[str, Relay] = {
            end: self._held.enter_context(relaying(server.host, server.port)) for end in ("source", "target")
        }
        self.databases = {"source": f"{self.ends.database}_source", "target": self.ends.database}
        server.database(self.databases["source"])
        self.in_source("CREATE TABLE s (id int PRIMARY KEY, seen int, note text)")
        self.model = Model(self.name, self.chance)
        self.watcher = self._held.enter_context(Onlooker(self._rows))
        self._rehearse((True, True))
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def kill_and_recover(self, kill: Kill) -> str:
        """A load with a death in it, and the next run: nothing lost, nothing doubled, nothing left.

        Says how it went: `missed`, where the death came too late or met nobody; else `undone`, `committed`, where it
        was killed behind the commit, or `complete`, where the load went to its end all the same.
        """
        if kill.is_placed:
            self._rehearse(self._way(kill))
        if kill.fresh:
            self._renew()
        self._change()
        self.runs += 1
        before, after = self.model.held, self.model.expected()
        with self.watcher.sees(before, after):
            hit, ended = self._struck(kill)
            self._wait_for_sessions()
            committed = self.place.committed(self.table, self.run_id)
        self._demand(after if committed else before, (kill, ended))
        assert committed or ended.result is None, (kill, "it said that it was done")
        self._recover(kill, committed=committed)
        outcome = _outcome(ended, hit=hit, committed=committed)
        # A death at a step must meet its victim; one at a random time may come too late.
        assert outcome != "missed" or kill.may_miss, (kill, "it killed nothing", ended)
        self.told[kill.victim, kill.step, outcome] += 1
        return outcome

    def _recover(self, kill: Kill, *, committed: bool) -> None:
        """The next run loads what the dead one did not, and the one after that nothing."""
        for already in (committed, True):
            result = self.recovered()
            assert result["alreadyLoaded"] is already, (kill, "loaded again, or not at all")
            self._demand(self.model.expected(), kill)
        assert not (left := self.place.left()), (kill, left)
        self.model.loaded()

    def recovered(self) -> dict[str, Any]:
        """The next try of the load, in this process."""
        return self.ends.work(self._payload(direct=True))

    def _demand(self, rows: list[Row], about: object) -> None:
        """The target holds these rows."""
        found = self.place.rows(self.table, *self.model.more)
        assert found == sorted(rows), (about, f"the rows are not those: {len(found)} instead of {len(rows)}")

    def clean_run(self, *, arrow: bool = False) -> Ended:
        """One load in a child that nobody kills."""
        for relay in self.relays.values():
            relay.begin()
        self._change()
        self.runs += 1
        ended = self.parents.run(self.ends.folder, self._payload(stop={"arrow": arrow}), self.policy)
        assert ended.result is not None, ended
        self._demand(self.model.expected(), ended)
        assert not (left := self.place.left()), left
        self.model.loaded()
        return ended

    def scratch(self) -> list[str]:
        """The folders of children that are left."""
        return sorted(path.name for path in (self.ends.folder / "scratch").iterdir())

    def _way(self, kill: Kill) -> tuple[bool, bool]:
        """Loads of one way go through the same lines: rows as batches or not, a new table or not."""
        return kill.arrow or not self.place.has_backend, kill.fresh

    def _rehearse(self, way: tuple[bool, bool]) -> None:
        """A load that goes the way, once: its lines, its seconds, and the bytes of its connections."""
        if way in self.trails:
            return
        arrow, fresh = way
        if fresh:
            self._renew()
        (told,) = (event for event in self.clean_run(arrow=arrow).events if "trail" in event)
        self.trails[way], self.seconds = told["trail"], told["seconds"]
        self.bytes = {end: relay.passed for end, relay in self.relays.items()}

    def _struck(self, kill: Kill) -> tuple[bool, Ended]:
        """Whether the death met its victim, and how the load ended."""
        struck: list[bool] = []
        for end, relay in self.relays.items():
            armed = kill.step == WIRE and kill.victim == f"{end} cut"
            relay.begin(limit=int(kill.place * self.bytes[end]) if armed else None, reset=kill.reset)

        def at_stop(pids: dict[str, int]) -> None:
            if kill.step == ANY:
                time.sleep(kill.place * self.seconds)
            struck.append(self._strike(kill.victim, pids))

        ended = self.parents.run(self.ends.folder, self._payload(stop=self._stop(kill)), self.policy, at_stop)
        if kill.step == WIRE:
            return self.relays[kill.victim.split()[0]].cuts > 0, ended
        if kill.victim == "parent":
            return ended.killed, ended
        if kill.victim == "child":
            return ended.fault is not None and ended.fault["code"] == "CHILD_DIED", ended
        return any(struck), ended

    def _stop(self, kill: Kill) -> dict[str, Any]:
        stop = {
            "step": kill.step,
            "moment": kill.moment,
            "nth": kill.nth,
            "line": None,
            "wait": True,
            "arrow": kill.arrow,
        }
        if kill.step in {ANY, WIRE}:
            stop |= {"step": "start" if kill.step == ANY else "never", "wait": False}
        if kill.moment == "line":
            lines = self.trails[self._way(kill)][kill.step]
            stop |= {"line": lines[int(kill.place * len(lines))]}
        return stop

    def _strike(self, victim: str, pids: dict[str, int]) -> bool:
        strikes: dict[str, Callable[[], bool]] = {
            "child": lambda: _killed(pids["child"]),
            "parent": lambda: _killed(pids["parent"]),
            "source": lambda: self._terminated("source"),
            "target": lambda: self._terminated("target"),
            "source cut": lambda: self.relays["source"].cut() > 0,
            "target cut": lambda: self.relays["target"].cut() > 0,
        }
        return strikes[victim]()

    def _terminated(self, end: str) -> bool:
        """Whether there was a session to end; it is gone afterwards."""
        ended = self._administer(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = %s AND application_name <> %s",
            self.databases[end],
            ONLOOKER,
        )
        return len(ended) > 0

    def _wait_for_sessions(self) -> None:
        """A dead load's sessions end by themselves; what they did is then settled."""
        deadline = time.monotonic() + 20
        while self._administer(
            "SELECT 1 FROM pg_stat_activity WHERE datname = ANY(%s) AND application_name <> %s",
            list(self.databases.values()),
            ONLOOKER,
        ):
            assert time.monotonic() < deadline, "sessions of a dead load stay"
            time.sleep(0.01)

    def _administer(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.ends.postgres.dsn("postgres"), autocommit=True) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def _renew(self) -> None:
        """From here on into another table, which is not there yet."""
        self.tables += 1
        self.model.forget()

    @property
    def table(self) -> str:
        return f"t{self.tables}"

    @property
    def run_id(self) -> str:
        return f"run {self.runs}"

    def _rows(self) -> list[tuple[Any, ...]]:
        return self.place.rows(self.table, *self.model.more)

    def _change(self) -> None:
        self.model.change()
        with psycopg.connect(self.ends.postgres.dsn(self.databases["source"])) as connection:
            connection.execute("TRUNCATE s")
            with connection.cursor().copy("COPY s FROM STDIN") as copy:
                for row in self.model.source.values():
                    copy.write_row(row)

    def in_source(self, sql: str) -> None:
        with psycopg.connect(self.ends.postgres.dsn(self.databases["source"]), autocommit=True) as connection:
            connection.execute(sql.encode())

    @property
    def policy(self) -> Policy:
        ports = (self.ends.postgres.port, *(relay.port for relay in self.relays.values()))
        rules = parse_rules([f"127.0.0.1:{port}" for port in ports])
        return Policy(rules=rules, files=(str(self.ends.folder),))

    def _payload(self, *, direct: bool = False, stop: dict[str, Any] | None = None) -> dict[str, Any]:
        """The load `run_id`; through the relays unless `direct`."""
        port = {end: None if direct else relay.port for end, relay in self.relays.items()}
        origin = self.ends.postgresql()
        config = {**origin["config"], "database": self.databases["source"]}
        origin["config"] = config | ({"port": port["source"]} if port["source"] else {})
        payload = self.ends.payload(
            origin,
            self.place.connector(port["target"]),
            run_id=self.run_id,
            table=self.table,
            source={"table": "s"},
            loadMode=self.name.split()[0],
            **MODES[self.name],
        )
        told = {"folder": str(self.ends.folder), "rows": PIECE_ROWS, **(stop or {})}
        return payload | {"stop": told, "module": self.module}


def _outcome(ended: Ended, *, hit: bool, committed: bool) -> str:
    if not hit:
        return "missed"
    if ended.result is not None:
        return "complete"
    return "committed" if committed else "undone"


def _killed(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False

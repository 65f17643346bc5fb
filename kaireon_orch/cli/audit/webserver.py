"""What Dagster's webserver answers: definitions, resources, the launchpad's forms, runs with their events and their output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from kaireon_orch.cli.audit import questions
from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.cli.audit.search import Area, Search

ANSWER_SECONDS = 60.0
RUNS_A_PAGE = 25
EVENTS_A_PAGE = 500
JOBS_SHOWN = 200


class Webserver:
    """Asks and searches each answer as it arrived. `runs`: how many of the newest are looked at."""

    def __init__(self, search: Search, area: Area, url: str, runs: int) -> None:
        self._search = search
        self._area = area
        self._client = httpx.Client(base_url=url, timeout=ANSWER_SECONDS, trust_env=False)
        self._runs = runs

    def look(self) -> None:
        """Ask for everything; what it does not answer is one of the area's faults, that it is down a note."""
        with self._client:
            try:
                self._client.get("/server_info").raise_for_status()
            except httpx.HTTPError:
                self._area.notes.append(f"no webserver answers at {self._client.base_url}")
                return
            try:
                self._look()
            except Unavailable as error:
                self._area.faults.append(error.message)

    def _look(self) -> None:
        for name, query in {
            "instance": questions.INSTANCE,
            "assets": questions.ASSETS,
            "backfills": questions.BACKFILLS,
        }.items():
            self._ask(name, query)
        for location, repository, jobs in _repositories(self._ask("workspace", questions.WORKSPACE)):
            place = {"repositoryLocationName": location, "repositoryName": repository}
            self._ask("resources", questions.RESOURCES, {"in": place})
            for job in jobs[:JOBS_SHOWN]:
                self._ask(f"launchpad of {job}", questions.LAUNCHPAD, {"of": place | {"pipelineName": job}})
        for run in self._newest_runs():
            self._look_at_run(run)

    def _newest_runs(self) -> Iterator[str]:
        cursor, left = None, self._runs
        while left > 0:
            page = {"limit": min(left, RUNS_A_PAGE), "cursor": cursor}
            found = [
                each["runId"] for each in self._ask("runs", questions.RUNS, page)["runsOrError"]["results"]
            ]
            yield from found
            if len(found) < RUNS_A_PAGE:
                return
            cursor, left = found[-1], left - len(found)

    def _look_at_run(self, run: str) -> None:
        cursor, keys = None, set()
        while True:
            asked = {"run": run, "cursor": cursor, "limit": EVENTS_A_PAGE}
            page = self._ask(f"events of run {run}", questions.EVENTS, asked)["logsForRun"]
            keys |= {each["fileKey"] for each in page.get("events", ()) if each.get("fileKey")}
            if not page.get("hasMore"):
                break
            cursor = page["cursor"]
        for key in sorted(keys):
            self._look_at_output(run, key)

    def _look_at_output(self, run: str, key: str) -> None:
        cursor = None
        while True:
            asked = {"key": [run, "compute_logs", key], "cursor": cursor}
            page = self._ask(f"output of run {run}", questions.OUTPUT, asked)["capturedLogs"]
            if not (page["stdout"] or page["stderr"]) or page["cursor"] == cursor:
                return
            cursor = page["cursor"]

    def _ask(self, name: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer's `data`; raises Unavailable where there is none."""
        try:
            answer = self._client.post("/graphql", json={"query": query, "variables": variables or {}})
            document = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable(f"the webserver gave no answer about {name}") from None
        self._search.look(self._area, name, (answer.content,), "answers")
        if document.get("errors") or not isinstance(document.get("data"), dict):
            raise Unavailable(f"the webserver does not answer about {name}")
        data: dict[str, Any] = document["data"]
        return data


def _repositories(data: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Location, repository and its jobs, of the locations that are loaded."""
    for entry in data["workspaceOrError"].get("locationEntries", ()):
        loaded = entry["locationOrLoadError"] or {}
        for repository in loaded.get("repositories", ()):
            yield entry["name"], repository["name"], [job["name"] for job in repository["jobs"]]

"""Dagster's run launcher on one host: runs start in workers that a warm process forks, or as Dagster starts them.

In `dagster.yaml`: `run_launcher: {module: kaireon_orch.orchestration.launcher, class: WarmRunLauncher}`. Where no run
server answers, or a run belongs to another code location, `DefaultRunLauncher` starts it, and that is said once.
"""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any, Self

from dagster import DefaultRunLauncher
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._serdes import serialize_value

from kaireon_orch.errors import SettingsError
from kaireon_orch.launch import LOCATION
from kaireon_orch.orchestration.run_workers import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster import DagsterRun
    from dagster._core.launcher.base import LaunchRunContext
    from dagster._serdes import ConfigurableClassData

LOG = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0  # a server that starts anew answers once it has


class WarmRunLauncher(DefaultRunLauncher):
    """Starts runs of the code location `kaireon_orch` through the run server of `kaireon up`."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._said = False

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        del config_value
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Raises DagsterLaunchFailedError where a server took the run and did not say whether it has started."""
        run = context.dagster_run
        connection = self._connected() if _is_ours(run) else None
        if connection is None:
            super().launch_run(context)
            return
        with connection:
            answer = self._ask(connection, run)
        if answer["ok"]:
            self._run_ids.add(run.run_id)
            return
        self._say_once(answer["why"])
        super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Ask the run's worker to end; whether there is one."""
        workers = self._workers()
        if workers is None or workers.pid(run_id) is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]  # as Dagster has it
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return workers.interrupt(run_id)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """A worker of ours that is gone is told at once, so that run monitoring ends its run.

        Of a run that Dagster started nothing is known, as nothing is with its own launcher.
        """
        workers = self._workers()
        ours = workers is not None and workers.knows(run.run_id)
        if workers is None or not ours or workers.pid(run.run_id) is not None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "The run's process has ended without a word.")

    def _ask(self, connection: socket.socket, run: DagsterRun) -> dict[str, Any]:
        request = {
            "run": run.run_id,
            "instance": serialize_value(self._instance.get_ref()),
            "python": _python(run),
        }
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile() as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
        except (OSError, ValueError):
            words = "The run server took the run and did not answer; look for the run's worker before trying again."
            raise DagsterLaunchFailedError(words) from None  # type: ignore[no-untyped-call]  # as Dagster has it
        return answer

    def _connected(self) -> socket.socket | None:
        workers = self._workers()
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_SECONDS)
        try:
            if workers is None:
                raise FileNotFoundError
            connection.connect(str(workers.socket))
        except OSError:
            connection.close()
            self._say_once("no run server answers")
            return None
        return connection

    def _workers(self) -> Workers | None:
        try:
            return Workers.here()
        except (SettingsError, OSError):
            return None

    def _say_once(self, why: str) -> None:
        if not self._said:
            LOG.warning("Runs start as Dagster starts them, which takes longer: %s.", why)
            self._said = True


def _is_ours(run: DagsterRun) -> bool:
    origin = run.remote_job_origin
    return origin is not None and origin.location_name == LOCATION


def _python(run: DagsterRun) -> str | None:
    origin = run.job_code_origin
    return None if origin is None else origin.repository_origin.executable_path

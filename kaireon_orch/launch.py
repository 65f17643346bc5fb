"""Dagster's GraphQL over HTTP: start a run, stop it, ask after it, have the location reloaded. No import of dagster.

Whatever Dagster says besides the expected becomes `Unavailable`: its words go to our log, never to a caller.
"""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.settings import Settings

LOG = logging.getLogger(__name__)

LOCATION = "kaireon_orch"
REPOSITORY = "__repository__"
JOB = "kaireon_assets"

TAG_PIPELINE = "kaireon/pipeline"
TAG_TENANT = "kaireon/tenant"
TAG_TRIGGER = "kaireon/trigger"
TAG_REVISION = "kaireon/revision"  # of the registry, at the launch
TAG_WILL_RETRY = "dagster/will_retry"  # Dagster's own, on a failed run that it starts again
TAG_LAUNCH = "kaireon/launch"  # one launch of ours, so that it can be found again

CONNECT_SECONDS = 3.0
LAUNCH_SECONDS = 60.0  # a stock code server answers only once the run's process has started
RELOAD_SECONDS = 60.0
ASK_SECONDS = 10.0

# The location does not know the asset yet, or does not load: a reload may mend it.
STALE_LOCATION = frozenset(
    {"InvalidSubsetError", "PipelineNotFoundError", "RunConfigValidationInvalid", "PythonError"}
)

_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PipelineNotFoundError { message }
    ... on InvalidSubsetError { message }
    ... on UnauthorizedError { message }
    ... on RunConflict { message }
    ... on PythonError { message }
  }
}
"""
_TERMINATE = """
mutation Terminate($run: String!) {
  terminateRun(runId: $run, terminatePolicy: SAFE_TERMINATE) {
    __typename
    ... on TerminateRunFailure { message }
    ... on PythonError { message }
  }
}
"""
_RELOAD = """
mutation Reload($location: String!) {
  reloadRepositoryLocation(repositoryLocationName: $location) {
    __typename
    ... on WorkspaceLocationEntry { locationOrLoadError { __typename ... on PythonError { message } } }
    ... on PythonError { message }
  }
}
"""
_STATUS = """
query Status($run: ID!) {
  runOrError(runId: $run) { __typename ... on Run { status tags { key value } } ... on PythonError { message } }
}
"""
_FIND = """
query Find($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 1) {
    __typename
    ... on Runs { results { runId } }
    ... on PythonError { message }
  }
}
"""


def job_of(partition: Mapping[str, Any] | None) -> str:
    """The job that holds the assets of one partition scheme; Dagster mixes no two of them in a job."""
    if partition is None:
        return JOB
    scheme = {name: partition.get(name) for name in ("kind", "start", "timezone", "keys")}
    digest = sha256(json.dumps(scheme, sort_keys=True).encode()).hexdigest()[:8]
    return f"{JOB}_{partition['kind']}_{digest}"


def lost_worker_tags(max_attempts: int) -> dict[str, str]:
    """Tags of a run that Dagster starts again where its worker is lost; `max_attempts` counts the first try.

    What fails in the run itself is tried again within it, by the pipeline's own rule.
    """
    return {"dagster/max_retries": str(max_attempts - 1), "dagster/retry_on_asset_or_op_failure": "false"}


def launch_run(
    settings: Settings,
    asset_key: Sequence[str],
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    job: str = JOB,
) -> str:
    """Start a run of one asset, which `job` holds; Dagster's id of it.

    A location that does not know the asset yet is reloaded once. An answer that got lost is looked for by
    TAG_LAUNCH, where `tags` has one. Raises `Unavailable`; then nothing is queued, as far as can be known.
    """
    params = _execution_params(asset_key, run_config, tags, job)
    answer = _launched(settings, params, tags)
    if answer["__typename"] in STALE_LOCATION:
        LOG.info("Dagster answered %s to a launch; its location is reloaded.", _told(answer))
        reload(settings)
        answer = _launched(settings, params, tags)
    if answer["__typename"] != "LaunchRunSuccess":
        raise _refused("launch", answer)
    return str(answer["run"]["runId"])


def cancel_run(settings: Settings, run_id: str) -> bool:
    """Ask Dagster to stop a run; False where it knows no such run or cannot stop it. Raises `Unavailable`."""
    answer = _ask(settings, "terminateRun", _TERMINATE, {"run": run_id}, ASK_SECONDS)
    if answer["__typename"] in {"PythonError", "UnauthorizedError"}:
        raise _refused("cancel", answer)
    return bool(answer["__typename"] == "TerminateRunSuccess")


def run_status(settings: Settings, run_id: str) -> str | None:
    """Dagster's status of a run (`QUEUED`, `STARTED`, `SUCCESS`, `FAILURE`, `CANCELED`, …); None where it has none.

    Raises `Unavailable`.
    """
    answer = _ask(settings, "runOrError", _STATUS, {"run": run_id}, ASK_SECONDS)
    if answer["__typename"] == "PythonError":
        raise _refused("status", answer)
    return answer.get("status")


def goes_on(settings: Settings, run_id: str) -> bool:
    """Whether Dagster takes a run for unfinished, or starts it again in place of itself. Raises `Unavailable`."""
    answer = _ask(settings, "runOrError", _STATUS, {"run": run_id}, ASK_SECONDS)
    if answer["__typename"] == "PythonError":
        raise _refused("status", answer)
    if answer.get("status") not in {"SUCCESS", "CANCELED", "FAILURE", None}:
        return True
    return any(tag == {"key": TAG_WILL_RETRY, "value": "true"} for tag in answer.get("tags") or ())


def find_run(settings: Settings, tags: Mapping[str, str]) -> str | None:
    """The newest run that has all `tags`; None where there is none. Raises `Unavailable`."""
    filters = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
    answer = _ask(settings, "runsOrError", _FIND, {"filter": filters}, ASK_SECONDS)
    if answer["__typename"] != "Runs":
        raise _refused("search", answer)
    found = answer["results"]
    return str(found[0]["runId"]) if found else None


def reload(settings: Settings) -> None:
    """Have our code location loaded anew, and wait for it. Raises `Unavailable`."""
    answer = _ask(settings, "reloadRepositoryLocation", _RELOAD, {"location": LOCATION}, RELOAD_SECONDS)
    loaded = answer.get("locationOrLoadError") or answer
    if answer["__typename"] != "WorkspaceLocationEntry" or loaded["__typename"] == "PythonError":
        raise _refused("reload", loaded)


def op_name(asset_key: Sequence[str]) -> str:
    """Dagster's name of the op below an asset."""
    return "__".join(asset_key)


def _execution_params(
    asset_key: Sequence[str], run_config: Mapping[str, Any], tags: Mapping[str, str], job: str
) -> dict[str, Any]:
    return {
        "selector": {
            "repositoryLocationName": LOCATION,
            "repositoryName": REPOSITORY,
            "jobName": job,
            "assetSelection": [{"path": list(asset_key)}],
        },
        "runConfigData": dict(run_config),
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }


def _launched(settings: Settings, params: Mapping[str, Any], tags: Mapping[str, str]) -> Mapping[str, Any]:
    """The answer to a launch; one whose answer got lost is looked for before it counts as failed."""
    try:
        return _ask(settings, "launchRun", _LAUNCH, {"params": params}, LAUNCH_SECONDS)
    except _AnswerLost:
        found = find_run(settings, {TAG_LAUNCH: tags[TAG_LAUNCH]}) if TAG_LAUNCH in tags else None
        if found is None:
            raise
        return {"__typename": "LaunchRunSuccess", "run": {"runId": found}}


class _AnswerLost(Unavailable):
    """The request was sent and no answer came: it may have been acted upon."""


def _ask(
    settings: Settings, field: str, query: str, variables: Mapping[str, Any], seconds: float
) -> Mapping[str, Any]:
    """One GraphQL operation; the object under `field`."""
    import httpx  # noqa: PLC0415  it loads click and rich, which a start of the API would wait for

    body = {"query": query, "variables": dict(variables)}
    timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
    try:
        # Dagster is the operator's own server: no proxy of the environment stands before it.
        with httpx.Client(timeout=timeout, trust_env=False) as client:
            answer = client.post(f"{settings.dagster_url}/graphql", json=body)
            # Dagster's status is 500 for an error that its document tells of.
            found = answer.json()["data"][field]
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise Unavailable("Dagster is out of reach; start it, or check KAIREON_DAGSTER_URL.") from None
    except httpx.TransportError:
        raise _AnswerLost("Dagster did not answer in time; try again.") from None
    except (httpx.DecodingError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        raise Unavailable("What answers at KAIREON_DAGSTER_URL is not Dagster's webserver.") from None
    if not isinstance(found, dict) or "__typename" not in found:
        raise Unavailable("Dagster refused the request; its version may not fit.")
    return found


def _refused(what: str, answer: Mapping[str, Any]) -> Unavailable:
    LOG.warning("Dagster refused a %s: %s", what, _told(answer))
    if answer["__typename"] == "UnauthorizedError":
        return Unavailable("Dagster's webserver is read-only; start it without --read-only.")
    if answer["__typename"] in STALE_LOCATION:
        return Unavailable(
            "Dagster has not loaded the pipeline; look at its code location kaireon_orch, and try again."
        )
    return Unavailable(f"Dagster refused the {what} ({answer['__typename']}); try again.")


def _told(answer: Mapping[str, Any]) -> str:
    """What Dagster said, for the operator's log."""
    errors = "; ".join(str(error.get("message")) for error in answer.get("errors") or ())
    return f"{answer['__typename']}: {str(answer.get('message') or errors)[:500]}"

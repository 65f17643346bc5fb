"""What only an engine could run is held against its own schema: compose's, and Kubernetes' for manifests and runs.

`compose-spec.json` is the Compose Specification's published schema (Apache-2.0).
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from dagster import DagsterInstance, job, op
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster_k8s import K8sRunLauncher

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
INSTANCE: dict[str, Any] = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    document
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]
VERSION = "1.34"


def of_kind(*kinds: str) -> dict[str, dict[str, Any]]:
    """Manifests by name."""
    return {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] in kinds}


PODS = {name: each["spec"]["template"]["spec"] for name, each in of_kind("Deployment", "Job").items()}


def test_compose_is_valid() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(COMPOSE)
    assert not validator.is_valid({**COMPOSE, "services": {"api": {"comand": []}}})


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_each_manifest_is_valid(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_a_wrong_manifest_is_noticed() -> None:
    wrong = json.loads(json.dumps(of_kind("Deployment")["api"]))
    wrong["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_is_told_of_no_service_and_can_do_little(name: str) -> None:
    pod = PODS[name]
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is (name in {"webserver", "daemon"})
    for container in pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_role_runs_what_compose_runs(name: str) -> None:
    for container in PODS[name]["containers"]:
        ours = COMPOSE["services"][container["name"]].get("command", ["kaireon", "api"])
        assert container["command"] == ours


@pytest.mark.parametrize("name", ["webserver", "daemon", "storage"])
def test_dagsters_own_pods_get_no_key(name: str) -> None:
    (container,) = PODS[name]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "dagster"}}]


def test_a_service_finds_its_pods() -> None:
    assert set(of_kind("Service")) == {"api", "code-server", "webserver"}
    for name, service in of_kind("Service").items():
        assert (
            service["spec"]["selector"]
            == of_kind("Deployment")[name]["spec"]["template"]["metadata"]["labels"]
        )


def instance() -> dict[str, Any]:
    """The dagster.yaml of the cluster."""
    found: dict[str, Any] = yaml.safe_load(of_kind("ConfigMap")["dagster-instance"]["data"]["dagster.yaml"])
    return found


def test_the_instance_differs_from_composes_in_its_launcher_alone() -> None:
    ours = instance()
    ours["run_monitoring"]["start_timeout_seconds"] = INSTANCE["run_monitoring"]["start_timeout_seconds"]
    assert {name for name in ours if ours[name] != INSTANCE[name]} == {"run_launcher"}
    assert set(ours) == set(INSTANCE)


@op
def nothing() -> None: ...


@job
def anything() -> None:
    nothing()


@contextmanager
def kubernetes_api() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A listener that takes what is posted as Kubernetes' API does: its address, and (path, body) of each."""
    posted: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.path, json.loads(body)))
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", posted
        server.shutdown()


def kubeconfig(server: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": {}}],
        }
    )


def test_a_run_is_a_pod_with_the_keys_from_secrets(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with kubernetes_api() as (server, posted), DagsterInstance.from_config(str(tmp_path)) as dagster:
        (tmp_path / "kubeconfig").write_text(kubeconfig(server))
        config = instance()["run_launcher"]["config"]
        launcher = K8sRunLauncher(
            **config, load_incluster_config=False, kubeconfig_file=str(tmp_path / "kubeconfig")
        )
        launcher.register_instance(dagster)
        pointer = ModuleCodePointer("kaireon_orch.definitions", "defs", None)
        origin = JobPythonOrigin("anything", RepositoryPythonOrigin("python", pointer, None, None, None))
        run = dagster.create_run_for_job(anything, job_code_origin=origin)
        launcher.launch_run(LaunchRunContext(run, None))
    ((path, made),) = posted
    assert path.startswith("/apis/batch/v1/namespaces/kaireon/jobs")
    kubernetes_validate.validate(made, VERSION, strict=True)
    pod = made["spec"]["template"]["spec"]
    assert (pod["enableServiceLinks"], pod["automountServiceAccountToken"]) == (False, False)
    assert pod["serviceAccountName"] == "runs"
    (container,) = pod["containers"]
    assert {"secretRef": {"name": "kaireon"}} in container["envFrom"]
    assert [each for each in container["env"] if each["name"].startswith("KAIREON_")] == []
    assert container["securityContext"]["readOnlyRootFilesystem"] is True

"""Connection tests: required fields, breaker, guarded probe, stored status; in this order, under one deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status
from kaireon_orch.control import (
    acceptance,
    audit,
    breaker,
    connector_rows,
    connectors,
    contents,
    drafts,
    ratelimit,
)
from kaireon_orch.control.caller import require
from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.opened import of_content
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.references import Resolver
from kaireon_orch.control.views import CheckView, TestedConnector, TestResult
from kaireon_orch.errors import Fault, FaultCode, InvalidInput
from kaireon_orch.network.child import run_job
from kaireon_orch.store import revision, scoped
from kaireon_orch.store.tables import Connector
from kaireon_orch.vault import mask_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry

SUCCESS = "The connection works."
# What says nothing about the peer, so the breaker does not count it.
NEUTRAL = frozenset(
    {
        FaultCode.MISSING_FIELDS,
        FaultCode.BREAKER_OPEN,
        FaultCode.ADDRESS_BLOCKED,
        FaultCode.FILE_NOT_ALLOWED,
        FaultCode.NOT_READY,
        FaultCode.NOT_BUILT,
        FaultCode.NOT_SUPPORTED,
    }
)


@dataclass(slots=True)
class Probe:
    """How a test went: its checks as they passed, the fault that ended it, latency in milliseconds, rows seen."""

    checks: list[CheckView] = field(default_factory=list)
    fault: Fault | None = None
    latency_ms: int = 0
    rows: int | None = None

    def note(self, event: Mapping[str, Any]) -> None:
        """Take a check that the child reports."""
        told = event.get("check")
        if told is None:
            return
        self.checks.append(CheckView.model_validate({name: told[name] for name in _CHECK}))
        self.rows = told.get("figures", {}).get("rows", self.rows)

    def end(self, fault: Fault) -> None:
        """Take the fault; where no check tells of it yet, one does."""
        self.fault = fault
        if all(check.ok is not False for check in self.checks):
            self.checks.append(CheckView(name=_step(fault), ok=False, message=fault.message, latency_ms=0))


_CHECK = ("name", "ok", "message", "latencyMs")


def test_connector(registry: Registry, caller: Caller, body: Mapping[str, Any]) -> TestResult:
    """Test a stored connector (`{id}`), or a draft that is not stored (`{type, config, authMethod, authConfig}`).

    A failed probe is an answer, not an error. The tenant's rate limit is counted by who serves the request, before
    the body is read. Raises `InvalidInput`, `NotFound`, `Forbidden`, `SecretUnreadable`, and `RateLimited` for drafts
    that aim at one host too often.
    """
    with audit.refusals(registry, caller, "test", connector_rows.ENTITY, _given_id(body)):
        require(caller, *connectors.WRITERS)
        if isinstance(body, dict) and "id" not in body and "type" in body:
            return _test_draft(registry, caller, body)
        return _test_stored(registry, caller, drafts.checked(drafts.TestOfStored, body).id)


test_connector.__test__ = False  # type: ignore[attr-defined]  # pytest goes by the name


def _test_stored(registry: Registry, caller: Caller, connector_id: str) -> TestResult:
    with registry.database.read() as session:
        row = connector_rows.row(session, caller.tenant, connector_id)
    if missing := connector_rows.view(row).missing_fields:
        probe = _failed(_missing(missing))
        auth = _auth(registry, row)
        return _result(probe, auth, _keep(registry, caller, row, probe, trial=False))
    content = contents.opened(registry.vault, row)
    opened = of_content(content.resolved(Resolver(registry.settings.home)), row)
    probe, trial = _guarded_probe(registry, opened)
    return _result(probe, content.auth, _keep(registry, caller, row, probe, trial=trial))


def _test_draft(registry: Registry, caller: Caller, body: Mapping[str, Any]) -> TestResult:
    found = drafts.faults(drafts.TestDraft, body)
    content = contents.of_body(body)
    if found := [*found, *acceptance.faults(content)]:
        raise InvalidInput(drafts.REFUSED, found)
    opened = of_content(content)
    if opened.missing_fields:
        probe = _failed(_missing(opened.missing_fields))
    else:
        for host in _targets(opened):
            ratelimit.hit_host(registry, caller.tenant, host)
        probe = _probe(registry, opened)
    with registry.change(caller.tenant) as session:
        audit.record(
            session,
            caller,
            "test",
            connector_rows.ENTITY,
            None,
            None,
            after={"type": content.type} | _told(probe),
        )
    return _result(probe, content.auth, None)


def _guarded_probe(registry: Registry, opened: OpenedConnector) -> tuple[Probe, bool]:
    """Probe what the breaker lets through; also whether it was the breaker's trial call."""
    try:
        trial = breaker.admit(registry, opened.id)
    except Fault as fault:
        return _failed(fault), False
    return _probe(registry, opened), trial


def _probe(registry: Registry, opened: OpenedConnector) -> Probe:
    if (refusal := _unsupported(opened)) is not None:
        return _failed(refusal)
    probe, started = Probe(), time.monotonic()
    try:
        run_job(
            "probe",
            {"connector": opened.for_child()},
            policy=policy_for(registry, [opened]),
            deadline=registry.settings.probe_timeout_seconds,
            on_event=probe.note,
            on_deadline=FaultCode.TIMED_OUT,
        )
    except Fault as fault:
        probe.end(fault)
    probe.latency_ms = round((time.monotonic() - started) * 1000)
    return probe


def _unsupported(opened: OpenedConnector) -> Fault | None:
    """What a type without a probe answers; the network is not touched for it."""
    spec = opened.spec
    if spec.status is Status.COMING_SOON and not spec.probes:
        return Fault(
            FaultCode.NOT_SUPPORTED, f"{spec.label} is coming soon: its connection cannot be tested yet."
        )
    if not catalogue.built(opened.type):
        return Fault(FaultCode.NOT_BUILT, f"{spec.label} is not built yet; nothing was contacted.")
    return None


def _keep(
    registry: Registry, caller: Caller, tested: Connector, probe: Probe, *, trial: bool
) -> TestedConnector | None:
    """Store what the test showed, unless the connector was changed or deleted while it ran."""
    with registry.change(caller.tenant) as session:
        row = session.scalar(scoped.row(Connector, caller.tenant, tested.id))
        audit.record(
            session, caller, "test", connector_rows.ENTITY, tested.id, tested.name, after=_told(probe)
        )
        if row is None:
            return None
        if _same(registry, row, tested) and not _rested(probe):
            _stamp(session, row, probe)
            _tell_breaker(registry, session, row, probe, trial=trial)
        auth = mask_all(_auth(registry, row))
        return TestedConnector(**connector_rows.view(row).model_dump(), version=row.version, auth_config=auth)


def _stamp(session: Session, row: Connector, probe: Probe) -> None:
    now = now_ms()
    values: dict[str, Any] = {
        "last_tested_at": now,
        "last_error": probe.fault.message if probe.fault else None,
        "version": row.version + 1,
    }
    if row.status != "disabled":
        values["status"] = _status(probe)
    if probe.fault is None and probe.rows is not None:
        values |= {"last_sync_row_count": probe.rows, "last_sync_at": now}
    moved = values.get("status", row.status) != row.status
    session.execute(scoped.changing(Connector, row.tenant, row.id).values(values))
    session.refresh(row)
    if moved:
        revision.bump(session)


def _tell_breaker(registry: Registry, session: Session, row: Connector, probe: Probe, *, trial: bool) -> None:
    if probe.fault is None:
        breaker.succeeded(registry, session, row.id)
    elif probe.fault.fault not in NEUTRAL:
        breaker.failed(registry, session, row.id)
    elif trial:
        breaker.released(registry, session, row.id)


def _rested(probe: Probe) -> bool:
    """Whether the breaker let nothing happen: what the last test showed still stands."""
    return probe.fault is not None and probe.fault.fault is FaultCode.BREAKER_OPEN


def _same(registry: Registry, row: Connector, tested: Connector) -> bool:
    """Whether the row still says what was tested; a rotation seals the same secrets afresh."""
    compared = ("type", "auth_method", "config")
    if any(getattr(row, name) != getattr(tested, name) for name in compared):
        return False
    return row.secrets == tested.secrets or (
        contents.opened(registry.vault, row) == contents.opened(registry.vault, tested)
    )


def _result(probe: Probe, auth: Mapping[str, Any], connector: TestedConnector | None) -> TestResult:
    return TestResult(
        success=probe.fault is None,
        status=_status(probe),
        message=probe.fault.message if probe.fault else SUCCESS,
        code=probe.fault.code if probe.fault else "OK",
        latency_ms=probe.latency_ms,
        checks=probe.checks,
        connector=connector,
        auth_config=mask_all(auth),
    )


def _failed(fault: Fault) -> Probe:
    probe = Probe()
    probe.end(fault)
    return probe


def _missing(fields: list[str]) -> Fault:
    listed = ", ".join(entry.replace("|", " or ") for entry in fields)
    return Fault(FaultCode.MISSING_FIELDS, f"Required fields are missing: {listed}.")


def _step(fault: Fault) -> str:
    match fault.fault:
        case FaultCode.MISSING_FIELDS:
            return "required fields"
        case FaultCode.BREAKER_OPEN:
            return "circuit breaker"
    return "probe"


def _status(probe: Probe) -> str:
    return "active" if probe.fault is None else "error"


def _told(probe: Probe) -> dict[str, Any]:
    return {"success": probe.fault is None, "code": probe.fault.code if probe.fault else "OK"}


def _auth(registry: Registry, row: Connector) -> dict[str, Any]:
    return contents.opened(registry.vault, row).auth


def _targets(opened: OpenedConnector) -> set[str]:
    """The hosts that a draft aims at; the vendor's own where no field steers."""
    steering = (opened.config_complete.get(name) for name in opened.spec.steers)
    hosts = {host for value in steering if isinstance(value, str) for host in _hosts(value)}
    return hosts or {f"type:{opened.type}"}


def _hosts(text: str) -> set[str]:
    """The hosts of a host, a URL, or a comma-separated list of `host:port`."""
    if "://" in text:
        text = urlsplit(text).netloc.rpartition("@")[2]
    found = (part.strip().rpartition(":")[0] or part.strip() for part in text.split(","))
    return {host.lower().rstrip(".") for host in found if host}


def _given_id(body: object) -> str | None:
    given = body.get("id") if isinstance(body, dict) else None
    return given if isinstance(given, str) else None

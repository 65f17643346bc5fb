"""The audit log: read and verified; no verb changes an entry."""

from typing import Annotated

from fastapi import APIRouter

from api.identity import Opened, reads
from api.paging import Paging
from api.routes import PREFIX
from api.schemas.audit import ChainState
from api.schemas.envelopes import ListOf, listed
from kaireon_orch.control import audit
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.views import AuditView

router = APIRouter(prefix=f"{PREFIX}/audit-logs", tags=["audit"])

Admin = Annotated[Caller, reads("audit_log", "admin")]


@router.get("", operation_id="listAuditLogs", summary="Who did what to which record, newest first")
def list_entries(registry: Opened, caller: Admin, page: Paging) -> ListOf[AuditView]:
    return listed(audit.list_page(registry, caller, limit=page.limit, cursor=page.cursor))


@router.get("/verify", operation_id="verifyAuditLogs", summary="Whether the chain is whole")
def verify_chain(registry: Opened, caller: Admin) -> ChainState:
    return ChainState.model_validate(audit.verify(registry, caller))


@router.get("/{entry_id}", operation_id="getAuditLog", summary="One entry")
def get_entry(registry: Opened, caller: Admin, entry_id: str) -> AuditView:
    return audit.get(registry, caller, entry_id)

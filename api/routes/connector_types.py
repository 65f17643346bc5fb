"""The catalogue of types."""

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter

from api.identity import reads
from api.routes import PREFIX
from api.schemas.catalogue import ConnectorType
from api.schemas.envelopes import Everything
from kaireon_orch import catalogue
from kaireon_orch.contract import forms
from kaireon_orch.control.caller import Caller

router = APIRouter(prefix=f"{PREFIX}/connector-types", tags=["connector types"])

Viewer = Annotated[Caller, reads("connector_type")]


@router.get("", operation_id="listConnectorTypes", summary="Every type with its forms")
def list_types(_caller: Viewer) -> Everything[ConnectorType]:
    return _all()


@router.get("/{type_name}", operation_id="getConnectorType", summary="One type with its forms")
def get_type(_caller: Viewer, type_name: str) -> ConnectorType:
    return _shown(type_name)


@cache
def _all() -> Everything[ConnectorType]:
    return Everything(data=[_shown(name) for name in catalogue.types()])


def _shown(name: str) -> ConnectorType:
    described: dict[str, Any] = forms.describe(catalogue.spec(name))
    return ConnectorType.model_validate(described)

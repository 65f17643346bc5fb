"""From a connector as the parent describes it to the opened ends of its type."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from kaireon_orch import catalogue
from kaireon_orch.contract.source import Opening
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.contract.source import Source
    from kaireon_orch.contract.spec import AuthModel, ConnectorSpec, SourceModel
    from kaireon_orch.network.dial import ChildDoor
    from kaireon_orch.worker.job import Job

M = TypeVar("M", bound=BaseModel)


class Place(Protocol):
    """Where a connector is opened: a job, or a run's own process."""

    @property
    def door(self) -> ChildDoor: ...

    @property
    def folder(self) -> str: ...


def opening(job: Place, connector: Mapping[str, Any]) -> Opening[Any]:
    """The `Opening` of `{type, config, authMethod, auth}`; with `"warehouse": true` the door leads to the warehouse.

    Raises `Fault` MISSING_FIELDS naming the fields that the type's models refuse.
    """
    spec = catalogue.spec(connector["type"])
    door = job.door.for_warehouse() if connector.get("warehouse") else job.door
    return Opening(
        config=_validated(spec.config, connector["config"], "config"),
        auth_method=connector["authMethod"],
        auth=_auth(spec, connector["authMethod"], connector.get("auth")),
        door=door,
        folder=job.folder,
    )


@contextmanager
def open_source(job: Job, connector: Mapping[str, Any]) -> Iterator[Source]:
    """The connector's source, closed at the end. Raises what `opening` raises, and NOT_BUILT, NOT_READY."""
    with closing(catalogue.source(connector["type"])(opening(job, connector))) as source:
        yield source


def source_model(connector: Mapping[str, Any], source: Mapping[str, Any]) -> SourceModel:
    """A pipeline's `source` by the type's model; what it leaves open the connector's own config may say."""
    spec = catalogue.spec(connector["type"])
    return _validated(spec.source, spec.default_source(connector["config"]) | dict(source), "source")


def _auth(spec: ConnectorSpec, method: str, fields: Mapping[str, Any] | None) -> AuthModel | None:
    if fields is None:
        return None
    known = spec.auth_method(method)
    if known is None:
        raise Fault(
            FaultCode.MISSING_FIELDS, f"{spec.label} has no authentication method {method}; choose another"
        )
    return _validated(known.model, fields, "authConfig")


def _validated(model: type[M], fields: Mapping[str, Any], place: str) -> M:
    try:
        # By way of JSON: the models are strict, and JSON is what knows no tuple, enum or SecretStr.
        return model.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        paths = {".".join((place, *map(str, part["loc"]))) for part in error.errors(include_input=False)}
    raise Fault(FaultCode.MISSING_FIELDS, f"these fields do not fit the type: {', '.join(sorted(paths))}")

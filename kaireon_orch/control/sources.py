"""What a pipeline reads: its `source` over what the connector's own config names, judged by the type's model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kaireon_orch.contract.spec import Status, missing
from kaireon_orch.control.shapes import complaints, names
from kaireon_orch.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.spec import ConnectorSpec


def effective(spec: ConnectorSpec, config: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """`source` with what `config` names beside it; a table of the config steps aside for a query of the source."""
    defaults = spec.default_source(config)
    settled = {name for entry in spec.source_required for name in _settled(entry, source)}
    return {name: value for name, value in defaults.items() if name not in settled} | dict(source)


def faults(spec: ConnectorSpec, config: Mapping[str, Any], source: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with a `source` for connectors of a type; a type that is coming soon takes anything."""
    if spec.status is Status.COMING_SOON:
        return []
    wrong = _malformed(spec, source)
    open_entries = missing(spec.source_required, effective(spec, config, source))
    return wrong + [_open(entry, spec) for entry in open_entries]


def _settled(entry: str, source: Mapping[str, Any]) -> list[str]:
    """The names of an either/or of which the source has already chosen one."""
    choices = entry.split("|")
    return choices if any(source.get(name) is not None for name in choices) else []


def _malformed(spec: ConnectorSpec, source: Mapping[str, Any]) -> list[FieldError]:
    try:
        # As JSON: a strict model takes lists for tuples and texts for enums only from there.
        spec.source.model_validate_json(json.dumps(source))
    except ValidationError as error:
        return complaints(error, source, names(spec.source), under="source")
    return []


def _open(entry: str, spec: ConnectorSpec) -> FieldError:
    choices = entry.replace("|", " or ")
    return FieldError("source", f"names nothing to read: give {choices} ({spec.label})")

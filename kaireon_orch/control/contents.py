"""What a connector holds, in the clear: drafted from a body, sealed for the registry and opened from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.control import references, secrets
from kaireon_orch.control.shapes import merge_patch, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.control.references import Resolver
    from kaireon_orch.store.tables import Connector
    from kaireon_orch.vault import Vault

DEFAULT_METHOD = "access_key"
FIELD = "secrets"  # the place's name under which a connector's blob is sealed


@dataclass(frozen=True, slots=True)
class Content:
    """A connector's type, method, whole config and credentials as sent; secrets are in the clear.

    `references` are JSON pointers below `/config` and `/auth` to texts with references of the operator.
    """

    type: str
    auth_method: str
    config: dict[str, Any]
    auth: dict[str, Any]
    references: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Content(type={self.type!r}, auth_method={self.auth_method!r})"

    @property
    def spec(self) -> ConnectorSpec:
        """What the type declares; `NotFound` where there is no such type."""
        return catalogue.spec(self.type)

    def resolved(self, resolver: Resolver) -> Content:
        """The same with its references resolved. Raises `SecretUnreadable`, `Unavailable`."""
        whole = {"config": json.loads(json.dumps(self.config)), "auth": json.loads(json.dumps(self.auth))}
        for pointer in self.references:
            secrets.place(whole, pointer, resolver.resolve(at(whole, pointer)))
        return replace(self, config=whole["config"], auth=whole["auth"], references=frozenset())


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the registry keeps of a content: its columns."""

    config: dict[str, Any]
    auth_fields: list[str]
    secrets: bytes | None


def of_body(body: Mapping[str, Any], *, refers: bool = False) -> Content:
    """The content that a body drafts; what is missing or of a wrong JSON type there counts as not given.

    A known field that is null is not given; what the type does not know is kept as it was sent. `refers`: the body comes from a file that the operator applies.
    """
    type_ = _text(body, "type", "")
    config = merged(_object(body, "connectionConfig"), _object(body, "config"))
    content = Content(
        type=type_,
        auth_method=_text(body, "authMethod", DEFAULT_METHOD),
        config=_without_nulls(config, config_model(type_)),
        auth=merge_patch({}, _object(body, "authConfig")),
    )
    return replace(content, references=found_references(content)) if refers else content


def opened(vault: Vault, row: Connector) -> Content:
    """The stored content; `SecretUnreadable` where its secrets cannot be decrypted."""
    if row.secrets is None:
        return Content(row.type, row.auth_method, dict(row.config), {})
    kept = vault.open(row.tenant, row.id, FIELD, row.secrets)
    config = secrets.join(row.config, kept["config"])
    return Content(row.type, row.auth_method, config, kept["auth"], frozenset(kept["references"]))


def sealed(vault: Vault, tenant: str, record: str, content: Content) -> Sealed:
    """The content as the registry keeps it; there is a blob only where something is to be hidden."""
    split = secrets.split(content.config, config_model(content.type))
    kept = {"auth": content.auth, "config": split.hidden, "references": sorted(content.references)}
    blob = vault.seal(tenant, record, FIELD, kept) if any(kept.values()) else None
    return Sealed(split.shown, sorted(content.auth), blob)


def merged(alias: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """`connectionConfig` and `config` of one request as one patch: key by key, deeply, `config` wins."""
    both = dict(alias)
    for name, value in config.items():
        held = both.get(name)
        both[name] = merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return both


def known_only(model: type[BaseModel], document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a document that the model declares: all that may ever reach a driver."""
    known = set(names(model))
    return {name: value for name, value in document.items() if name in known}


def found_references(content: Content) -> frozenset[str]:
    return frozenset(pointer for pointer, _text in references.find(whole(content)))


def whole(content: Content) -> dict[str, Any]:
    return {"config": content.config, "auth": content.auth}


def at(document: Any, pointer: str) -> Any:  # noqa: ANN401  any JSON value
    here = document
    for part in secrets.parts(pointer):
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def is_known(type_: str) -> bool:
    return type_ in catalogue.types()


def config_model(type_: str) -> type[BaseModel] | None:
    return catalogue.spec(type_).config if is_known(type_) else None


def _without_nulls(config: Mapping[str, Any], model: type[BaseModel] | None) -> dict[str, Any]:
    known = set(names(model)) if model else set()
    given = merge_patch({}, {name: value for name, value in config.items() if name in known})
    kept = given | {name: value for name, value in config.items() if name not in known}
    return {name: kept[name] for name in config if name in kept}


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    given = body.get(name)
    return given if isinstance(given, dict) else {}


def _text(body: Mapping[str, Any], name: str, default: str) -> str:
    given = body.get(name, default)
    return given if isinstance(given, str) else default

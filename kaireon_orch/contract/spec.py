"""What a type declares in its room's `spec.py`: one model is the truth for form, validation, masking and docs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from kaireon_orch.contract.credentials import canonical_method
from kaireon_orch.contract.fields import MaxConcurrentRuns, RowLimit

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping


class Status(StrEnum):
    READY = "ready"
    COMING_SOON = "coming_soon"


class Proof(StrEnum):
    """How a type is tested: the product itself, someone's emulator, a fake of ours, not built yet."""

    REAL = "real"
    EMULATOR = "emulator"
    FAKE = "fake"
    NONE = "none"


class Category(StrEnum):
    DATABASES = "databases"
    WAREHOUSES = "warehouses"
    STREAMING = "streaming"
    STORAGE = "storage"
    FILES = "files"
    APIS = "apis"
    CRM_MARKETING = "crm_marketing"
    COMMERCE_FINANCE = "commerce_finance"


class SpecModel(BaseModel):
    """Strict, frozen, camelCase outside; only fields that it declares ever reach a driver."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )


class ConfigModel(SpecModel):
    """A type's `config`. Every field is optional here: `ConnectorSpec.required` says what a test demands."""

    max_concurrent_runs: MaxConcurrentRuns | None = None
    row_limit: RowLimit | None = None


class AuthModel(SpecModel):
    """One auth method's `authConfig`; secrets are `SecretStr`, so masked in `repr` and `writeOnly` in the schema."""


class SourceModel(SpecModel):
    """What a pipeline's `source` may say for this type, e.g. `{table}` or `{query}`."""


def missing(required: tuple[str, ...], given: Mapping[str, Any]) -> list[str]:
    """The entries of `required` that `given` leaves open; nothing, null and blank text are not given.

    An entry `a|b` is met by either.
    """
    return [entry for entry in required if not _given(given.get(entry)) and not _either(entry, given)]


def _either(entry: str, given: Mapping[str, Any]) -> bool:
    return "|" in entry and any(_given(given.get(name)) for name in entry.split("|"))


def _given(value: Any) -> bool:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != []


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """`name` is from the one list for all types; other spellings are in `contract/credentials.py`.

    `required` are the credentials without which a run is refused; either/or is one entry, `clientId|token`.
    """

    name: str
    label: str
    model: type[AuthModel]
    required: tuple[str, ...] = ()

    def missing(self, credentials: Mapping[str, Any]) -> list[str]:
        """The entries of `required` that `credentials` (canonical names) leaves open."""
        return missing(self.required, credentials)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Differences between types as data, asked by shared code."""

    streams: bool = True
    row_limit: bool = True
    incremental: bool = False
    discover: bool = False
    preview: bool = False
    target: bool = False
    parameters: bool = False
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """What a type is. `required` entries are config names in camelCase; an either/or is one entry, `host|connectionString`.

    `steers` are the config fields (camelCase) that decide which system gets the credentials. `row_limit` is the
    type's own default cap in rows (None: no cap). `extra` names the extra that installs the type's driver.
    `load_modes` are the modes that the type can hold as a target; it keeps rejected rows beside a table where it
    `quarantines`, and replaces a window of a table where it holds `partitions`. `schema_from_config`
    is the config field that names where its tables go by default. `probes` is true where a type that is coming soon
    has a working connection test all the same. `source_required` is to `source` what `required` is to `config`, and
    `source_from_config` names the config fields (→ field of `source`) that a pipeline's source defaults to.
    `credentials_in_config` are config fields that alone are credentials enough; a field of `folders_in_config` that
    holds a path, and not a URL, needs none.
    """

    type: str
    label: str
    category: Category
    status: Status
    description: str
    config: builtins.type[ConfigModel]
    auth: tuple[AuthMethod, ...]
    required: tuple[str, ...] = ()
    proof: Proof = Proof.NONE
    source: builtins.type[SourceModel] = SourceModel
    capabilities: Capabilities = field(default_factory=Capabilities)
    steers: tuple[str, ...] = ()
    example: dict[str, Any] = field(default_factory=dict)
    extra: str | None = None
    row_limit: int | None = None
    load_modes: tuple[str, ...] = ()
    quarantines: bool = False
    partitions: bool = False
    schema_from_config: str = "schema"
    probes: bool = False
    source_required: tuple[str, ...] = ()
    source_from_config: Mapping[str, str] = field(default_factory=dict)
    credentials_in_config: tuple[str, ...] = ()
    folders_in_config: tuple[str, ...] = ()

    def auth_method(self, name: str) -> AuthMethod | None:
        """The method of that name or spelling; None where the type has none such.

        `access_key`, the page's default, stands for the first one where the type has none of that name.
        """
        for wanted in (name, canonical_method(name)):
            for method in self.auth:
                if method.name == wanted:
                    return method
        return self.auth[0] if name == "access_key" else None

    def missing_fields(self, config: Mapping[str, Any]) -> list[str]:
        """The entries of `required` that `config` leaves open."""
        return missing(self.required, config)

    def missing_credentials(
        self, method: str, config: Mapping[str, Any], given: Mapping[str, Any]
    ) -> list[str]:
        """The credentials that a run still needs, `given` ones under canonical names; none for an unknown method."""
        known = self.auth_method(method)
        if known is None or any(_given(config.get(name)) for name in self.credentials_in_config):
            return []
        return [] if self._is_folder(config) else known.missing(given)

    def _is_folder(self, config: Mapping[str, Any]) -> bool:
        places = [config[name] for name in self.folders_in_config if _given(config.get(name))]
        return any("://" not in str(place) for place in places)

    def default_source(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What the connector's own `config` already says about a pipeline's `source`."""
        return {
            target: config[name]
            for name, target in self.source_from_config.items()
            if _given(config.get(name))
        }

"""What a type declares in its room's `spec.py`: one model is the truth for form, validation, masking and docs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


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


class AuthModel(SpecModel):
    """One auth method's `authConfig`; secrets are `SecretStr`, so masked in `repr` and `writeOnly` in the schema."""


class SourceModel(SpecModel):
    """What a pipeline's `source` may say for this type, e.g. `{table}` or `{query}`."""


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """`name` is from the one list for all types; `spellings` of its fields are in `contract/credentials.py`."""

    name: str
    label: str
    model: type[AuthModel]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Differences between types as data, asked by shared code."""

    streams: bool = True
    row_limit: bool = True
    incremental: bool = False
    discover: bool = False
    preview: bool = False
    target: bool = False
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """What a type is. `required` entries are config names in camelCase; an either/or is one entry, `host|connectionString`.

    `steers` are the config fields (camelCase) that decide which system gets the credentials. `row_limit` is the
    type's own default cap in rows (None: no cap). `extra` names the extra that installs the type's driver.
    `load_modes` are the modes that the type can hold as a target. `probes` is true where a type that is coming soon
    has a working connection test all the same.
    """

    type: str
    label: str
    category: Category
    status: Status
    description: str
    config: type[ConfigModel]
    auth: tuple[AuthMethod, ...]
    required: tuple[str, ...] = ()
    proof: Proof = Proof.NONE
    source: type[SourceModel] = SourceModel
    capabilities: Capabilities = field(default_factory=Capabilities)
    steers: tuple[str, ...] = ()
    example: dict[str, Any] = field(default_factory=dict)
    extra: str | None = None
    row_limit: int | None = None
    load_modes: tuple[str, ...] = ()
    probes: bool = False

    def auth_method(self, name: str) -> AuthMethod | None:
        """The method of that name; `access_key` stands for the first one where the type has none of that name."""
        for method in self.auth:
            if method.name == name:
                return method
        return self.auth[0] if name == "access_key" else None

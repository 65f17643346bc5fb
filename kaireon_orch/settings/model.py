"""The settings themselves: one field a setting, checked where it is read."""

from __future__ import annotations

import base64
import ipaddress
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from kaireon_orch.settings.environment import PREFIX, Origin, setting_name, without_service_noise
from kaireon_orch.settings.keyfiles import kept, new_encryption_key
from kaireon_orch.settings.values import (
    Rate,
    is_loopback,
    listed,
    lowered,
    parse_keys,
    rate,
    spans_all_addresses,
    with_scheme,
)

_TENANT = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"

Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)]
Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(listed)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Every setting; the environment's name is the field's in capitals after `KAIREON_`.

    The source of the table is the settings contract. Fields that may hold a password are `SecretStr`, so that
    neither `repr` nor a traceback shows one.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Path(".kaireon")
    database_url: SecretStr | None = None
    given_warehouse_url: SecretStr | None = Field(default=None, validation_alias="KAIREON_WAREHOUSE_URL")
    given_encryption_keys: SecretStr | None = Field(default=None, validation_alias="KAIREON_ENCRYPTION_KEYS")
    egress_allow: Texts = ()
    given_file_roots: Paths = Field(default=(), validation_alias="KAIREON_FILE_ROOTS")
    probe_timeout_seconds: float = Field(default=10.0, gt=0, le=600)
    test_rate_limit: Annotated[Rate, NoDecode, BeforeValidator(rate)] = Rate(100, 60)
    breaker_failures: int = Field(default=5, ge=1)
    breaker_reset_seconds: float = Field(default=60.0, gt=0)
    redis_url: SecretStr | None = None
    dagster_url: str = "http://127.0.0.1:3000"
    api_host: str = Field(default="127.0.0.1", min_length=1)
    api_port: Port = 8000
    api_docs: Annotated[Literal["auto", "on", "off"], BeforeValidator(lowered)] = "auto"
    api_key_pepper: SecretStr | None = None
    tenant: str = Field(default="default", pattern=_TENANT, max_length=31)
    code_server: str | None = None
    log_format: Annotated[Literal["text", "json"], BeforeValidator(lowered)] = "text"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lowered)] = "info"
    nat64_prefixes: Texts = ()

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment without Kubernetes' noise, then `.env`."""
        del file_secret_settings
        if isinstance(env_settings, EnvSettingsSource):
            known = [setting_name(field) for field in settings_cls.model_fields]
            env_settings.env_vars = without_service_noise(env_settings.env_vars, known)
        return init_settings, env_settings, dotenv_settings

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("egress_allow")
    @classmethod
    def _refuse_everything(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            if "*" in rule or spans_all_addresses(rule):
                raise ValueError(f"{rule} would allow every address; name ranges, hosts or host:port")
        return rules

    @field_validator("database_url")
    @classmethod
    def _registry_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        return with_scheme(url, ("sqlite", "postgresql"))

    @field_validator("given_warehouse_url")
    @classmethod
    def _warehouse_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        return with_scheme(url, ("duckdb", "postgresql"))

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        return with_scheme(url, ("redis", "rediss"))

    @field_validator("dagster_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("takes http(s)://host[:port]")
        return url.rstrip("/")

    @field_validator("code_server")
    @classmethod
    def _host_and_port(cls, place: str | None) -> str | None:
        if place is not None and not re.fullmatch(r".+:\d{1,5}", place):
            raise ValueError("takes host:port")
        return place

    @field_validator("nat64_prefixes")
    @classmethod
    def _ipv6_prefixes(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in prefixes:
            ipaddress.IPv6Network(prefix)
        return prefixes

    @field_validator("given_encryption_keys")
    @classmethod
    def _usable_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            parse_keys(keys)
        return keys

    @property
    def registry_url(self) -> str:
        """SQLAlchemy URL of the registry."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home}/registry.db"

    @property
    def warehouse_url(self) -> str:
        """URL of the built-in target."""
        if self.given_warehouse_url is not None:
            return self.given_warehouse_url.get_secret_value()
        return f"duckdb:///{self.home}/warehouse.duckdb"

    @property
    def redis_address(self) -> str | None:
        """URL of the Redis that all processes share, where there is one."""
        return None if self.redis_url is None else self.redis_url.get_secret_value()

    @property
    def file_roots(self) -> tuple[Path, ...]:
        """Directories that file connectors may read."""
        given = tuple(root.expanduser().absolute() for root in self.given_file_roots)
        return given or (self.home / "files",)

    @cached_property
    def encryption_keys(self) -> tuple[tuple[str, SecretStr], ...]:
        """`(id, base64 of 32 bytes)`; the first encrypts. Made in the home when none is given."""
        if self.given_encryption_keys is not None:
            return parse_keys(self.given_encryption_keys)
        text = kept(self.home / "keys" / "encryption.keys", new_encryption_key)
        return parse_keys(SecretStr(text))

    def key_material(self) -> tuple[tuple[str, bytes], ...]:
        """The encryption keys as bytes: what the vault takes."""
        return tuple((name, base64.b64decode(key.get_secret_value())) for name, key in self.encryption_keys)

    @cached_property
    def pepper(self) -> SecretStr:
        """Key of the hash under which API keys are stored; kept apart from the encryption keys."""
        if self.api_key_pepper is not None:
            return self.api_key_pepper
        return SecretStr(kept(self.home / "api-keys.pepper", lambda: secrets.token_urlsafe(32)))

    @property
    def serves_docs(self) -> bool:
        """Whether `/docs`, `/metrics` and the OpenAPI document are served without a key."""
        return self.api_docs == "on" or (self.api_docs == "auto" and is_loopback(self.api_host))

    def origin(self, field: str) -> Origin:
        """Where the field's value came from."""
        return self._origins.get(field, Origin.DEFAULT)

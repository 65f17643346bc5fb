"""From the environment to `Settings`, with every mistake named before anything starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource

from kaireon_orch.errors import SettingsError
from kaireon_orch.settings.environment import (
    GIVEN,
    PREFIX,
    Origin,
    setting_name,
    unknown_name,
    without_service_noise,
)
from kaireon_orch.settings.keyfiles import make_folder
from kaireon_orch.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load(home: Path | None = None, **given: object) -> Settings:
    """Read the settings and make the home (mode 0700).

    Args:
        home: overrides `KAIREON_HOME`.
        given: overrides of single settings by their name in small letters (`api_port=8001`).

    Raises:
        SettingsError: an unknown `KAIREON_…` name (the nearest is named) or a value that cannot be used.
            Its message never repeats a value.
    """
    arguments = given if home is None else {**given, "home": home}
    origins = _origins(arguments)
    values: dict[str, Any] = {_argument(name): value for name, value in arguments.items()}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_complaint(error)) from None
    settings._origins.update(origins)  # noqa: SLF001  kept beside the values, not a setting itself
    make_folder(settings.home)
    return settings


def tenant() -> str:
    """The tenant that this process serves, `KAIREON_TENANT`; makes nothing. Raises SettingsError."""
    try:
        return Settings().tenant
    except ValidationError as error:
        raise SettingsError(_complaint(error)) from None


def _origins(arguments: Mapping[str, object]) -> dict[str, Origin]:
    known = {setting_name(field): field for field in Settings.model_fields}
    found: dict[str, Origin] = {}
    dotenv = DotEnvSettingsSource(Settings).env_vars
    for variables, origin in ((dotenv, Origin.DOTENV), (os.environ, Origin.ENVIRONMENT)):
        for name, value in without_service_noise(variables, known).items():
            if not name.upper().startswith(PREFIX):
                continue
            if name.upper() not in known:
                raise SettingsError(unknown_name(name.upper(), known))
            if value:
                found[known[name.upper()]] = origin
    return found | {known[setting_name(name)]: Origin.ARGUMENT for name in arguments}


def _argument(name: str) -> str:
    """What the constructor calls a setting: one with a derived property goes by its alias."""
    return setting_name(name) if GIVEN + name in Settings.model_fields else name


def _complaint(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False)
    return "; ".join(
        f"{_setting_of(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in problems
    )


def _setting_of(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name.upper() if name.upper().startswith(PREFIX) else setting_name(name)

"""What starts a pipeline besides its schedule, and who answers for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from kaireon_orch.contract.spec import Category
from kaireon_orch.control.schedules import TimeZone, coming_cron
from kaireon_orch.control.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kaireon_orch.contract.spec import ConnectorSpec

NEW_FILES = "new_files"
MOST_OWNERS = 20

# As Dagster reads them: what it would refuse must not be stored, since one asset at fault takes the whole location down.
_EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}\b")
_TEAM = re.compile(r"team:[^\s:][^\n\r]{0,99}")


class Eager(Shape):
    """`{"kind": "eager"}`: when a pipeline that it reads from has loaded."""

    kind: Literal["eager"]


class OnMissing(Shape):
    """`{"kind": "on_missing"}`: once, when it has never been loaded and what it reads from has."""

    kind: Literal["on_missing"]


class OnCron(Shape):
    """`{"kind": "on_cron", "expression", "timezone"}`: after each tick, once the pipelines that it reads from have loaded."""

    kind: Literal["on_cron"]
    expression: Annotated[str, Field(max_length=200), AfterValidator(coming_cron)]
    timezone: TimeZone = "UTC"


class NewFiles(Shape):
    """`{"kind": "new_files"}`: when files appear or change below the path that it reads."""

    kind: Literal["new_files"]


Automation = Annotated[Eager | OnMissing | OnCron | NewFiles, Field(discriminator="kind")]


def _owner(text: str) -> str:
    if not (_EMAIL.fullmatch(text) or _TEAM.fullmatch(text)):
        raise ValueError("takes an e-mail address, or team:<name>")
    return text


Owners = Annotated[list[Annotated[str, AfterValidator(_owner)]], Field(max_length=MOST_OWNERS)]


def can_watch(spec: ConnectorSpec, config: Mapping[str, Any]) -> bool:
    """Whether a connector reads files of the server's, which can be listed; a URL's cannot."""
    return spec.category is Category.FILES and bool(config.get("path") or not config.get("url"))

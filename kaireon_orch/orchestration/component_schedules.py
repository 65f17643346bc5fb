"""When a component's tables are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from dagster import AssetSelection, DefaultScheduleStatus, Model, ScheduleDefinition
from pydantic import AfterValidator, TypeAdapter, ValidationError

from kaireon_orch.control.schedules import TimeZone, coming_cron
from kaireon_orch.control.shapes import complaints
from kaireon_orch.orchestration.component_schema import refusal

if TYPE_CHECKING:
    from dagster import AssetsDefinition, ResolutionContext


class WrittenSchedule(Model):
    """A schedule as YAML has it, whose templates are not filled in yet."""

    cron: str
    timezone: str = "UTC"
    running: bool | str = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSchedule:
    """A cron expression of five fields in an IANA zone; `running` turns it on where nobody decided in the UI."""

    cron: Annotated[str, AfterValidator(coming_cron)]
    timezone: TimeZone = "UTC"
    running: bool = False

    def of(self, assets: AssetsDefinition) -> ScheduleDefinition:
        """A schedule that loads all of `assets`."""
        return ScheduleDefinition(
            name=f"{assets.op.name}_schedule",
            target=AssetSelection.assets(*assets.keys),
            cron_schedule=self.cron,
            execution_timezone=self.timezone,
            default_status=DefaultScheduleStatus.RUNNING if self.running else DefaultScheduleStatus.STOPPED,
        )


def resolve_schedule(context: ResolutionContext, written: Any) -> ComponentSchedule | None:  # noqa: ANN401  YAML
    """The schedule of a cron expression or of its fields. Raises ResolutionException, naming the field."""
    if written is None or isinstance(written, ComponentSchedule):
        return written
    given: Any = context.resolve_value(written.model_dump() if isinstance(written, Model) else written)
    told = given if isinstance(given, dict) else {"cron": given}
    try:
        return TypeAdapter(ComponentSchedule).validate_python(told)
    except ValidationError as error:
        faults = complaints(error, told, ())
    raise refusal(context, faults)

"""From a pipeline's `automation` to Dagster's automation condition, and the sensor that looks at them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster import (
    AssetSelection,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DefaultSensorStatus,
)

from kaireon_orch.launch import TAG_TRIGGER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagster import AssetKey, AssetsDefinition
    from dagster._core.definitions.declarative_automation.operators.boolean_operators import (
        AndAutomationCondition,
    )

SENSOR = "kaireon_automation"
LOOK_SECONDS = 30


def condition_of(
    automation: Mapping[str, Any] | None, outside: Collection[AssetKey]
) -> AutomationCondition[Any] | None:
    """The condition of an `automation` object; None where its kind is none of Dagster's.

    `outside` are the sources that no pipeline of ours loads: nobody tells Dagster when they change, so they are not
    waited for.
    """
    condition: AndAutomationCondition[Any]
    match automation:
        case {"kind": "eager"}:
            condition = AutomationCondition.eager()
        case {"kind": "on_missing"}:
            condition = _on_missing()
        case {"kind": "on_cron", "expression": cron, "timezone": zone}:
            condition = AutomationCondition.on_cron(cron, zone)
        case _:
            return None
    label = condition.get_label()
    return condition.ignore(AssetSelection.assets(*outside)).with_label(label) if outside else condition


def _on_missing() -> AndAutomationCondition[Any]:
    """Dagster's own `on_missing`, and for what is missing when the condition is first looked at: a new pipeline is."""
    begun = AutomationCondition.missing().newly_true() | AutomationCondition.initial_evaluation()
    handled = AutomationCondition.newly_requested() | AutomationCondition.newly_updated()
    return (
        AutomationCondition.in_latest_time_window()
        & AutomationCondition.missing()
        & begun.since(handled).with_label("missing_since_last_handled")
        & ~AutomationCondition.any_deps_missing()
    ).with_label("on_missing")


def automation_sensors(assets: Collection[AssetsDefinition]) -> list[AutomationConditionSensorDefinition]:
    """The one sensor of all assets that have a condition; none where no asset has one."""
    conditioned = [
        spec.key for asset in assets for spec in asset.specs if spec.automation_condition is not None
    ]
    if not conditioned:
        return []
    return [
        AutomationConditionSensorDefinition(
            SENSOR,
            target=AssetSelection.assets(*conditioned),
            default_status=DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=LOOK_SECONDS,
            run_tags={TAG_TRIGGER: "sensor"},
            description="Runs pipelines whose `automation` is eager, on_missing or on_cron, when what they read is newer.",
        )
    ]

"""What a check found: passed or not, how bad, in words, with its figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagster import AssetCheckResult, AssetCheckSeverity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster import AssetKey


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's answer. What has not passed is an error, or with `warns` a warning, which blocks nothing."""

    passed: bool
    words: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    warns: bool = False

    def result(self, key: AssetKey, name: str) -> AssetCheckResult:
        """The answer as Dagster takes it."""
        severity = AssetCheckSeverity.WARN if self.warns else AssetCheckSeverity.ERROR
        metadata = {name: value for name, value in self.figures.items() if value is not None}
        return AssetCheckResult(
            asset_key=key,
            check_name=name,
            passed=self.passed,
            severity=severity,
            description=self.words,
            metadata=metadata,
        )

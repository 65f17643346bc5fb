from __future__ import annotations

import re
from pathlib import Path

import dagster_webserver

from kaireon_orch import catalogue
from kaireon_orch.orchestration.kinds import ICONS, kind

CHUNKS = Path(dagster_webserver.__file__).parent / "webapp/build/_next/static/chunks"
WITHOUT = frozenset(
    {
        *(
            "avro",
            "hubspot",
            "influxdb",
            "intercom",
            "iterable",
            "jira",
            "klaviyo",
            "mailchimp",
            "mqtt",
            "nats",
        ),
        *("neo4j", "netsuite", "opensearch", "postmark", "prometheus", "quickbooks", "rest_api", "sendgrid"),
        *("webhook", "workday"),
    }
)
"""Types for which Dagster's UI has no icon."""


def shipped_icons() -> set[str]:
    """The names under which the installed UI has icons."""
    texts = (path.read_text(errors="replace") for path in CHUNKS.glob("*.js"))
    (holding,) = [text for text in texts if "duckdb:{icon" in text]
    return set(re.findall(r'[,{]"?([A-Za-z0-9_-]+)"?:\{icon:', holding))


def test_every_type_has_an_icon_of_the_installed_ui_where_there_is_one() -> None:
    icons = shipped_icons()
    assert {"csv", "postgresql", "s3"} <= icons
    assert set(ICONS.values()) <= icons
    assert {type_ for type_ in catalogue.types() if kind(type_) not in icons} == WITHOUT


def test_a_type_with_an_icon_of_its_own_goes_by_its_own_name() -> None:
    icons = shipped_icons()
    assert [type_ for type_ in ICONS if type_ in icons] == []
    assert [type_ for type_ in ICONS if type_ not in catalogue.types()] == []

"""What the demo makes: connectors and pipelines as REST bodies, and what each table must hold afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kaireon_orch.cli.demo.material import NULL, WEATHER_DATABASE

if TYPE_CHECKING:
    from pathlib import Path

COMING_SOON = "braze_campaigns"


@dataclass(frozen=True, slots=True)
class Table:
    """A pipeline's table and the file that tells what must be in it.

    `sums` are columns of whole numbers to be added up; `kinds` says what some columns' types begin with;
    `known_nulls` are counts that were published with the data.
    """

    name: str
    file: str
    sums: tuple[str, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)
    known_nulls: dict[str, int] = field(default_factory=dict)
    row_limit: int | None = None


_FLIGHTS = {"dep_time": "integer", "distance": "integer", "tailnum": "text", "time_hour": "timestamp"}

TABLES = (
    Table(
        "flights",
        "flights.csv.zip",
        sums=("distance", "air_time", "dep_time"),
        kinds=_FLIGHTS,
        known_nulls={"dep_time": 8_255, "tailnum": 2_512},
    ),
    Table("flights_sample", "flights.csv.zip", sums=("distance",), kinds=_FLIGHTS, row_limit=1_000),
    Table("planes", "planes.csv", sums=("seats", "year"), kinds={"seats": "integer", "model": "text"}),
    Table("airports", "airports.csv", sums=("alt",), kinds={"alt": "integer", "lat": "decimal"}),
    Table("airlines", "airlines.csv", kinds={"carrier": "text"}),
    Table(
        "weather",
        "weather.csv",
        sums=("wind_dir",),
        kinds={"temp": "float", "hour": "integer", "time_hour": "timestamp"},
    ),
)


def connectors(folder: Path) -> list[dict[str, Any]]:
    """Bodies of POST /connectors."""
    return [
        _csv("NYC flights", folder / "flights.csv.zip", member="flights.csv"),
        _csv("NYC planes", folder / "planes.csv"),
        _csv("NYC airports", folder / "airports.csv"),
        _csv("NYC airlines", folder / "airlines.csv"),
        {
            "name": "NYC weather",
            "type": "sqlite",
            "description": "Hourly weather at the three airports.",
            "config": {"path": str(folder / WEATHER_DATABASE)},
        },
        {
            "name": "Braze",
            "type": "braze",
            "description": "A type that is coming soon: its pipelines succeed and load nothing.",
            "config": {"restHost": "rest.fra-01.braze.eu"},
            "authMethod": "api_key",
            "authConfig": {"apiKey": "a key of no account"},
        },
    ]


def pipelines(connector_ids: dict[str, str]) -> list[dict[str, Any]]:
    """Bodies of POST /pipelines; `truncate`, so that running one again changes nothing. The smallest is first."""
    flights = _pipeline("flights", connector_ids["NYC flights"], {})
    return [
        _pipeline("airlines", connector_ids["NYC airlines"], {}),
        flights,
        {**flights, "name": "flights_sample", "rowLimit": 1_000},
        _pipeline("planes", connector_ids["NYC planes"], {}),
        _pipeline("airports", connector_ids["NYC airports"], {}),
        _pipeline("weather", connector_ids["NYC weather"], {"table": "weather"}),
        _pipeline(COMING_SOON, connector_ids["Braze"], {"stream": "campaigns"}),
    ]


def _csv(name: str, path: Path, **more: str) -> dict[str, Any]:
    return {"name": name, "type": "csv", "config": {"path": str(path), "nullValues": [NULL], **more}}


def _pipeline(name: str, connector_id: str, source: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "connectorId": connector_id, "source": source, "loadMode": "truncate"}

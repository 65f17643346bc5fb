"""An asset that reads through a connector of the registry, whose name is all that it knows of it.

With the demo's servers up:

    .venv/bin/dagster asset materialize -f examples/windy_hours.py --select windy_hours
"""
# ruff: noqa: INP001  a file for Dagster's -f

import dagster as dg

import kaireon_orch as ko

GALE_MPH = 30


@dg.asset(deps=[["default", "weather"]])
def windy_hours(nyc_weather: ko.Sqlite) -> dg.MaterializeResult[None]:
    """Hours of 2013 with a gale at New York City's airports."""
    hours = nyc_weather.query(
        f"SELECT origin, count(*) AS hours FROM weather WHERE wind_speed > {GALE_MPH} GROUP BY origin"  # noqa: S608
    ).pandas()
    return dg.MaterializeResult(metadata={"table": dg.MetadataValue.md(hours.to_string(index=False))})


defs = dg.Definitions(assets=[windy_hours], resources=ko.resources())

"""DuckDB under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="duckdb",
    credentials={"none": {}},
)

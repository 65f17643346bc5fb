"""SQLite under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="sqlite",
    credentials={"none": {}},
)

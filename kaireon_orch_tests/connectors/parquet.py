"""Parquet under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="parquet",
    credentials={"none": {}, "bearer_token": {"token": "planted-token"}},
)

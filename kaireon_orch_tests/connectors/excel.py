"""Excel under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="excel",
    credentials={"none": {}, "bearer_token": {"token": "planted-token"}},
)

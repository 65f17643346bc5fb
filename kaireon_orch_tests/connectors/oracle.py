"""Oracle Database under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="oracle",
    credentials={"password": {"username": "kaireon", "password": "planted-password"}},
)

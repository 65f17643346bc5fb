"""Trino / Starburst under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="trino",
    credentials={
        "none": {},
        "password": {"username": "kaireon", "password": "planted-password"},
        "bearer_token": {"token": "planted-token"},
    },
)

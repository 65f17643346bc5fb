"""Redis / Valkey under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="redis",
    credentials={"none": {}, "password": {"password": "planted-password"}},
    refused=({"mode": "lua"},),
)

"""Microsoft SQL Server under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="sqlserver",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "entra_token": {"token": "planted-token"},
    },
    refused=({"port": "1433"},),
)

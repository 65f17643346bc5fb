"""Windows share (SMB) under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="smb",
    credentials={"password": {"username": "kaireon", "password": "planted-password"}},
    refused=({"share": "exports\\x"},),
)

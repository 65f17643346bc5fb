"""FTP / FTPS under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="ftp",
    credentials={"none": {}, "password": {"username": "kaireon", "password": "planted-password"}},
)

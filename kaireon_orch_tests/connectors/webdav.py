"""WebDAV under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="webdav",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "bearer_token": {"token": "planted-token"},
    },
)

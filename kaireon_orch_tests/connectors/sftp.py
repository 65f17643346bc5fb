"""SFTP under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="sftp",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "key_pair": {
            "username": "kaireon",
            "privateKey": "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        },
    },
)

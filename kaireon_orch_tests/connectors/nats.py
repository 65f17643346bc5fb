"""NATS JetStream under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="nats",
    credentials={
        "none": {},
        "password": {"username": "kaireon", "password": "planted-password"},
        "bearer_token": {"token": "planted-token"},
        "key_pair": {"privateKey": "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----"},
    },
)

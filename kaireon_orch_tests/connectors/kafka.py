"""Apache Kafka under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="kafka",
    credentials={
        "none": {},
        "password": {"username": "kaireon", "password": "planted-password"},
        "client_certificate": {
            "certificate": "-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----",
            "privateKey": "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        },
    },
    refused=({"maxMessages": 0}, {"waitTimeoutSeconds": 0}, {"topic": "x" * 250}),
)

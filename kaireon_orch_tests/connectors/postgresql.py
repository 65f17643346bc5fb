"""PostgreSQL under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="postgresql",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "client_certificate": {
            "certificate": "-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----",
            "privateKey": "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        },
    },
    refused=({"port": "5432"}, {"port": 65536}, {"sslMode": "off"}, {"host": "db\n"}),
)

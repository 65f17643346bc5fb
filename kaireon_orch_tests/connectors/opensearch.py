"""OpenSearch under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="opensearch",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "access_key": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-secret-access-key"},
    },
)

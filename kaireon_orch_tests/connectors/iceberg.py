"""Apache Iceberg under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="iceberg",
    credentials={
        "none": {},
        "bearer_token": {"token": "planted-token"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
        "access_key": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-secret-access-key"},
    },
    refused=({"catalogType": "hive"},),
)

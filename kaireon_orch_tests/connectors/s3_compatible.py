"""S3-compatible storage under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="s3_compatible",
    credentials={
        "access_key": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-secret-access-key"}
    },
)

"""Amazon Redshift under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="redshift",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "iam_role": {"roleArn": "arn:aws:iam::123456789012:role/kaireon-read", "externalId": "tenant-7"},
    },
)

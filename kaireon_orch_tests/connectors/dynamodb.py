"""Amazon DynamoDB under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="dynamodb",
    credentials={
        "access_key": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-secret-access-key"},
        "iam_role": {"roleArn": "arn:aws:iam::123456789012:role/kaireon-read", "externalId": "tenant-7"},
    },
)

"""Amazon S3 under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="aws_s3",
    credentials={
        "access_key": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-secret-access-key"},
        "iam_role": {"roleArn": "arn:aws:iam::123456789012:role/kaireon-read", "externalId": "tenant-7"},
    },
    refused=({"bucket": "arn:aws:s3:::acme"}, {"region": "eu-central-1.evil.test/"}),
)

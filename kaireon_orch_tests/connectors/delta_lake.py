"""Delta Lake under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="delta_lake",
    credentials={
        "none": {},
        "access_key": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "planted-secret-access-key"},
        "iam_role": {"roleArn": "arn:aws:iam::123456789012:role/kaireon-read", "externalId": "tenant-7"},
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'},
        "sas": {"sasToken": "sv=2026-01-01&sig=planted"},
    },
)

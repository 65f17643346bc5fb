"""Google Cloud Storage under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="gcs",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'},
        "none": {},
    },
    refused=({"bucket": "../x"},),
)

"""Apache Pulsar under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="apache_pulsar",
    credentials={"none": {}, "bearer_token": {"token": "planted-token"}},
    refused=({"serviceUrl": "http://example.com"},),
)

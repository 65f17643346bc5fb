"""JSON and JSON Lines under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="json",
    credentials={"none": {}, "bearer_token": {"token": "planted-token"}},
    refused=({"url": "gopher://example.com"},),
)

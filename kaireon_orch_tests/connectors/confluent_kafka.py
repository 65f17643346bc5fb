"""Confluent Cloud Kafka under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="confluent_kafka",
    credentials={"api_key": {"apiKey": "planted-api-key", "apiSecret": "planted-api-secret"}},
)

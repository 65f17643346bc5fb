"""Elasticsearch under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="elasticsearch",
    credentials={
        "api_key": {"apiKey": "planted-api-key"},
        "password": {"username": "kaireon", "password": "planted-password"},
    },
)

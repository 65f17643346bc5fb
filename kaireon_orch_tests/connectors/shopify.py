"""Shopify under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="shopify",
    credentials={
        "access_token": {"token": "planted-token"},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
    refused=({"shop": "evil.test#"}, {"shop": "acme.evil.test"}),
)

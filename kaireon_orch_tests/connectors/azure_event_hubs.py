"""Azure Event Hubs under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="azure_event_hubs",
    credentials={
        "sas": {"sasToken": "sv=2026-01-01&sig=planted"},
        "service_principal": {
            "tenantId": "acme.onmicrosoft.com",
            "clientId": "planted-client",
            "clientSecret": "planted-client-secret",
        },
    },
    refused=({"namespace": "evil.test/"},),
)

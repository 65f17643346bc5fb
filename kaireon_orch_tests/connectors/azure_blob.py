"""Azure Blob Storage under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="azure_blob",
    credentials={
        "access_key": {"accountKey": "cGxhbnRlZC1hY2NvdW50LWtleQ=="},
        "sas": {"sasToken": "sv=2026-01-01&sig=planted"},
        "service_principal": {
            "tenantId": "acme.onmicrosoft.com",
            "clientId": "planted-client",
            "clientSecret": "planted-client-secret",
        },
    },
    refused=({"storageAccount": "evil.test#"},),
)

"""Google Analytics 4 under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="google_analytics",
    credentials={
        "service_account": {"serviceAccountJson": '{"type": "service_account", "private_key": "planted"}'},
        "oauth2": {"clientId": "planted-client", "clientSecret": "planted-client-secret"},
    },
)

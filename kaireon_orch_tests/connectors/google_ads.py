"""Google Ads under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="google_ads",
    credentials={
        "oauth2": {
            "clientId": "planted-client",
            "clientSecret": "planted-client-secret",
            "developerToken": "planted-developer-token",
        }
    },
)

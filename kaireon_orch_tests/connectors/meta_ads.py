"""Meta Ads under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="meta_ads",
    credentials={"bearer_token": {"token": "planted-token"}},
)

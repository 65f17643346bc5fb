"""WhatsApp Business under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="whatsapp_business",
    credentials={"bearer_token": {"token": "planted-token"}},
)

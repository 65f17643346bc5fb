"""Twilio SMS under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="twilio_sms",
    credentials={"password": {"password": "planted-password"}},
    refused=({"accountSid": "../x"},),
)

"""InfluxDB under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="influxdb",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "api_key": {"apiKey": "planted-api-key"},
    },
)

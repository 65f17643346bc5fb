"""Apache Cassandra under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="cassandra",
    credentials={"password": {"username": "kaireon", "password": "planted-password"}},
)

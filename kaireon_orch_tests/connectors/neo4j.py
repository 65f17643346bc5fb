"""Neo4j under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="neo4j",
    credentials={
        "password": {"username": "kaireon", "password": "planted-password"},
        "bearer_token": {"token": "planted-token"},
    },
    refused=({"uri": "bolt+ssc://graph.example.com"},),
)

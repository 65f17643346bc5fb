"""CSV under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="csv",
    credentials={"none": {}, "bearer_token": {"token": "planted-token"}},
    refused=({"url": "file:///etc/passwd"}, {"delimiter": "||"}, {"skipRows": -1}, {"path": "a\u0000b"}),
)

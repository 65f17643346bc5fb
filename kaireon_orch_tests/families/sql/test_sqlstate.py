"""SQLSTATE decides the fault."""

from __future__ import annotations

import pytest

from kaireon_orch.errors import FaultCode
from kaireon_orch.families.sql import sqlstate


@pytest.mark.parametrize(
    ("state", "code", "retryable"),
    [
        ("28P01", FaultCode.CREDENTIALS_REFUSED, False),
        ("3D000", FaultCode.OBJECT_MISSING, False),
        ("42501", FaultCode.NOT_PERMITTED, False),
        ("53300", FaultCode.BUSY, True),
        ("55P03", FaultCode.TABLE_BUSY, True),
        ("40001", FaultCode.TABLE_BUSY, True),
        ("57P01", FaultCode.REFUSED, True),
        ("22003", FaultCode.BAD_DATA, False),
        ("23505", FaultCode.ROW_REFUSED, False),
        ("ZZ999", FaultCode.UNEXPECTED, False),
        (None, FaultCode.REFUSED, True),
    ],
)
def test_codes(state: str | None, code: FaultCode, retryable: bool) -> None:
    fault = sqlstate.fault(state)
    assert (fault.fault, fault.retryable) == (code, retryable)

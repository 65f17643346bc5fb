"""What every connector type must pass.

Other people's types get the whole suite in one line of a test module:

from kaireon_orch_tests.conformance import Case, spec_suite

test_spec = spec_suite(Case("acme", credentials={"none": {}}))
"""

import pytest

pytest.register_assert_rewrite("kaireon_orch_tests.conformance.spec_checks")

from kaireon_orch_tests.conformance.case import Case  # noqa: E402  asserts are rewritten first
from kaireon_orch_tests.conformance.suite import case, cases, spec_suite  # noqa: E402  the same

__all__ = ["Case", "case", "cases", "spec_suite"]

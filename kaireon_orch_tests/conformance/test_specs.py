"""Every type of the catalogue against every check."""

from kaireon_orch_tests.conformance import cases, spec_suite

test_spec = spec_suite(*cases())

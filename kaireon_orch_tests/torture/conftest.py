"""Real systems to load between, shared by the tests of a module."""

from __future__ import annotations

import pytest

from kaireon_orch_tests.torture.arena import arena

pytest.register_assert_rewrite("kaireon_orch_tests.torture.judging")

__all__ = ["arena"]

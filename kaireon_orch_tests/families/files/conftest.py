"""A real web server to read files from."""

from __future__ import annotations

from kaireon_orch_tests.families.http.conftest import site

__all__ = ["site"]

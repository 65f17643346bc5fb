"""Fixtures of the registry's database."""

from __future__ import annotations

from kaireon_orch_tests.store.databases import database, database_url

__all__ = ["database", "database_url"]

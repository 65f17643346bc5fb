"""Fixtures for every room's tests."""

from __future__ import annotations

from kaireon_orch_tests.faults.report import pytest_terminal_summary
from kaireon_orch_tests.servers.mariadb import mariadb
from kaireon_orch_tests.servers.moto import moto
from kaireon_orch_tests.servers.postgres import postgres

__all__ = ["mariadb", "moto", "postgres", "pytest_terminal_summary"]

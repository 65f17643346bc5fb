"""Fixtures for every room's tests."""

from __future__ import annotations

from kaireon_orch_tests.faults.report import pytest_terminal_summary
from kaireon_orch_tests.servers.azurite import azurite
from kaireon_orch_tests.servers.bigquery import bigquery_server
from kaireon_orch_tests.servers.gcs import gcs_server
from kaireon_orch_tests.servers.mariadb import mariadb
from kaireon_orch_tests.servers.moto import moto
from kaireon_orch_tests.servers.postgres import postgres
from kaireon_orch_tests.servers.snowflake import snowflake_server

__all__ = [
    "azurite",
    "bigquery_server",
    "gcs_server",
    "mariadb",
    "moto",
    "postgres",
    "pytest_terminal_summary",
    "snowflake_server",
]

"""Types that the torture tables make in PostgreSQL."""

from __future__ import annotations

SETUP = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok''ay', 'é😀')",
    "CREATE DOMAIN small_positive AS int CHECK (VALUE > 0)",
    "CREATE DOMAIN short_text AS varchar(5)",
    "CREATE DOMAIN money_like AS numeric(12,2)",
    "CREATE TYPE pair AS (a int, b text)",
)

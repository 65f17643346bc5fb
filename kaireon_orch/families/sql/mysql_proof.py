"""Rows of a MySQL table as Arrow, over the session whose transaction wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kaireon_orch.contract.proof import Form
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import mysql_reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from kaireon_orch.contract.load import WritePlan
    from kaireon_orch.families.sql.mysql_catalog import MyColumn
    from kaireon_orch.families.sql.mysql_session import Session

BATCH_BYTES: Final = 16 << 20


def forms(plan: WritePlan, columns: Mapping[str, MyColumn], *, mariadb: bool) -> dict[str, Form]:
    """How columns are compared that are not by value: MySQL's JSON keeps no spelling, CHAR no spaces at the end."""
    found: dict[str, Form] = {}
    for each in plan.schema:
        words = columns[each.name].type.name
        if words == "char":
            found[each.name] = Form.UNPADDED
        elif (words == "json" and not mariadb) or (arrow.tag(each) or "").startswith("mysql."):
            found[each.name] = Form.NULLS
        elif arrow.tag(each) == arrow.DECIMAL_TAG and words == "decimal":
            found[each.name] = Form.NUMBER
    return found


def is_added(plan: WritePlan) -> bool:
    """Whether the load's rows stand among others that nothing tells them from: no row says who wrote it."""
    apart = plan.create or plan.replace or plan.merges or plan.versions
    return not apart and plan.window is None


def rows(
    session: Session, of: str, plan: WritePlan, columns: Mapping[str, MyColumn]
) -> Iterator[pa.RecordBatch]:
    """The rows of `of`, a quoted table and its condition, with the plan's columns."""
    types = [(name, columns[name].type) for name in plan.schema.names]
    read = mysql_reading.projection(types, zero_as_null=False)
    select = f"SELECT {read.expressions()} FROM {of}"  # noqa: S608  quoted
    return mysql_reading.streamed(session, select, read, BATCH_BYTES)

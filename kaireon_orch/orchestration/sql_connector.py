"""A connector whose system takes SQL: queries with values beside them, and statements that write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster.components.lib.sql_component.sql_client import SQLClient

from kaireon_orch.contract.binds import binds_of
from kaireon_orch.orchestration.brief import brief
from kaireon_orch.orchestration.connector import Connector
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.overriding import fake_of

if TYPE_CHECKING:
    import pyarrow as pa

    from kaireon_orch.contract.binds import Binds, Params
    from kaireon_orch.orchestration.reading import Rows


class SqlConnector(Connector, SQLClient):
    """A connector whose system takes SQL; Dagster's `TemplatedSqlComponent` takes it as its connection."""

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    @brief
    def query(self, sql: str, params: Params | None = None, *, row_limit: int | None = None) -> Rows:
        """One SELECT, run read-only in the guarded child when its rows are asked for.

        `params` are the values that the SQL asks for: a dict for `:name`, a list or tuple for `?` (`??` is then a
        question mark of the SQL's own). They are bound there, each in its own type, and never part of the text: None,
        bool, int, float, Decimal, str, bytes, date, time, datetime (with a zone: the same instant), UUID, and lists of
        one of these where the database has arrays. `row_limit` in rows, None: the type's own cap.

        Raises InvalidInput at once, naming the value, for a type that no database has; and with the rows `Fault`:
        MISSING_FIELDS for a placeholder without a value, BAD_DATA for a value without a placeholder, TYPE_LOSSY for a
        value that this database cannot have exactly, NOT_SUPPORTED for anything but one SELECT, and what `read` raises.
        """
        from kaireon_orch.orchestration.reading import Rows  # noqa: PLC0415  Arrow, for who reads

        binds = None if params is None else binds_of(params)
        if fake := fake_of(self.connector):
            return fake.query(sql, params, row_limit=row_limit)
        return Rows(brief(lambda: self._selected(sql, binds, row_limit)), sql)

    @brief
    def connect_and_execute(self, sql: str) -> None:
        """Run statements that write (INSERT, CREATE TABLE … AS, …) in the guarded child, in one transaction.

        They are committed together or not at all; what begins or ends a transaction is refused, as are rows on their way
        to or from this side. MySQL and MariaDB commit by themselves at each CREATE, ALTER and DROP. Rows that a statement
        gives are dropped: `query` is for those. Raises `Fault`: NOT_SUPPORTED where the type is read-only or takes no such
        statement, ROW_REFUSED for a row that breaks a constraint, and what `write` raises.
        """
        from kaireon_orch.orchestration.executing import execute  # noqa: PLC0415  for who writes

        if fake := fake_of(self.connector):
            fake.connect_and_execute(sql)
            return
        with open_registry() as registry:
            execute(registry, self._opened(registry), sql)

    def _selected(self, sql: str, binds: Binds | None, row_limit: int | None) -> pa.RecordBatchReader:
        from kaireon_orch.orchestration.reading import open_reader  # noqa: PLC0415  as above

        with open_registry() as registry:
            return open_reader(registry, self._opened(registry), {"query": sql}, row_limit, binds)

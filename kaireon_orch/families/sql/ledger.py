"""The ledger's SQL: a small table beside the loaded ones, written in the same transaction as the rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.contract.load import LEDGER_TABLE, LedgerEntry
from kaireon_orch.families.sql.identifiers import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS: Final = "load_id, pipeline_id, table_name, mode, rows, checkpoint, figures"


@dataclass(frozen=True, slots=True)
class LedgerSql:
    """The statements for one schema. `mark` is the driver's placeholder, `utc` makes ISO text of `committed_at`.

    `now` is the moment itself: a transaction may have begun before another one that was committed earlier.
    """

    schema: str
    mark: str
    utc: str
    now: str = "now()"

    @property
    def table(self) -> str:
        return quote(self.schema, LEDGER_TABLE)

    @property
    def _escaped_table(self) -> str:
        """The table beside placeholders: where they begin with %, one in a name is doubled."""
        return self.table.replace("%", "%%") if "%" in self.mark else self.table

    def create(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self.table} (load_id TEXT PRIMARY KEY, pipeline_id TEXT NOT NULL, "
            "table_name TEXT NOT NULL, mode TEXT NOT NULL, rows BIGINT NOT NULL, checkpoint JSON, "
            "figures JSON NOT NULL, committed_at TIMESTAMP WITH TIME ZONE NOT NULL)"
        )

    def find(self) -> str:
        """One parameter: the load's id."""
        return f"{self._select()} WHERE load_id = {self.mark}"

    def last(self) -> str:
        """Two parameters: the pipeline's id, the table."""
        return (
            f"{self._select()} WHERE pipeline_id = {self.mark} AND table_name = {self.mark} "
            "ORDER BY committed_at DESC LIMIT 1"
        )

    def insert(self) -> str:
        """Parameters of `values`. The entry comes after every other one, whatever the server's clock says."""
        marks, table = ", ".join([self.mark] * 7), self._escaped_table
        after = f"SELECT max(committed_at) + INTERVAL '1 microsecond' FROM {table}"  # noqa: S608  quoted
        moment = f"greatest({self.now}, ({after}))"
        return f"INSERT INTO {table} ({_FIELDS}, committed_at) VALUES ({marks}, {moment})"  # noqa: S608  as above

    def _select(self) -> str:
        return (
            f"SELECT load_id, pipeline_id, table_name, mode, rows, CAST(checkpoint AS TEXT), CAST(figures AS TEXT), "  # noqa: S608  names are quoted, values are parameters
            f"{self.utc} FROM {self._escaped_table}"
        )


def values(entry: LedgerEntry) -> tuple[Any, ...]:
    """The entry as `LedgerSql.insert` takes it."""
    checkpoint = None if entry.checkpoint is None else json.dumps(entry.checkpoint)
    figures = json.dumps(entry.figures)
    return (entry.load_id, entry.pipeline_id, entry.table, entry.mode, entry.rows, checkpoint, figures)


def entry(row: Sequence[Any] | None) -> LedgerEntry | None:
    """A row of `LedgerSql.find` or `last` as an entry."""
    if row is None:
        return None
    load_id, pipeline_id, table, mode, rows, checkpoint, figures, committed_at = row
    return LedgerEntry(
        load_id,
        pipeline_id,
        table,
        mode,
        rows,
        None if checkpoint is None else json.loads(checkpoint),
        committed_at,
        json.loads(figures),
    )

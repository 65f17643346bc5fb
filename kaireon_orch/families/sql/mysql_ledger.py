"""The ledger as MySQL keeps it: InnoDB, so that an entry is committed with the rows or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kaireon_orch.contract.load import LEDGER_TABLE
from kaireon_orch.families.sql import ledger
from kaireon_orch.families.sql.mysql_query import quote

if TYPE_CHECKING:
    from kaireon_orch.contract.load import LedgerEntry
    from kaireon_orch.families.sql.mysql_session import Session

_FIELDS: Final = "`load_id`, `pipeline_id`, `table_name`, `mode`, `rows`, `checkpoint`, `figures`"
_UTC: Final = "DATE_FORMAT(`committed_at`, '%%Y-%%m-%%dT%%H:%%i:%%s.%%fZ')"


@dataclass(frozen=True, slots=True)
class MysqlLedger:
    """The ledger of one database, over one session."""

    session: Session
    database: str

    @property
    def table(self) -> str:
        return quote(self.database, LEDGER_TABLE)

    @property
    def _escaped(self) -> str:
        return self.table.replace("%", "%%")  # beside the driver's placeholders

    def create(self) -> None:
        """Make the ledger where there is none; on its own, since DDL commits."""
        self.session.execute(
            f"CREATE TABLE IF NOT EXISTS {self.table} (`load_id` VARCHAR(191) NOT NULL PRIMARY KEY, "
            "`pipeline_id` VARCHAR(191) NOT NULL, `table_name` TEXT NOT NULL, `mode` VARCHAR(64) NOT NULL, "
            "`rows` BIGINT NOT NULL, `checkpoint` LONGTEXT, `figures` LONGTEXT NOT NULL, "
            "`committed_at` DATETIME(6) NOT NULL, KEY (`pipeline_id`)) "
            "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )

    def exists(self) -> bool:
        rows = self.session.execute(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            (self.database, LEDGER_TABLE),
        )
        return bool(rows)

    def find(self, load_id: str) -> LedgerEntry | None:
        """The committed load of that id."""
        return self._one("`load_id` = %s", (load_id,))

    def last(self, pipeline_id: str, table: str) -> LedgerEntry | None:
        """The pipeline's newest load into the table."""
        return self._one("`pipeline_id` = %s AND `table_name` = %s", (pipeline_id, table))

    def insert(self, entry: LedgerEntry) -> None:
        """Add the entry within the session's transaction."""
        marks = ", ".join(["%s"] * 8)
        self.session.execute(
            f"INSERT INTO {self._escaped} ({_FIELDS}, `committed_at`) VALUES ({marks})",  # noqa: S608  quoted
            (*ledger.values(entry), self._moment(entry.pipeline_id)),
        )

    def _moment(self, pipeline_id: str) -> str:
        """Now, but after the pipeline's other entries, whatever the server's clock says; read without a lock."""
        after = "COALESCE(MAX(`committed_at`) + INTERVAL 1 MICROSECOND, UTC_TIMESTAMP(6))"
        ((moment,),) = self.session.execute(
            f"SELECT GREATEST(UTC_TIMESTAMP(6), {after}) FROM {self._escaped} WHERE `pipeline_id` = %s",  # noqa: S608  quoted
            (pipeline_id,),
        )
        return str(moment)

    def _one(self, condition: str, parameters: tuple[str, ...]) -> LedgerEntry | None:
        rows = self.session.execute(
            f"SELECT {_FIELDS}, {_UTC} FROM {self._escaped} WHERE {condition} ORDER BY `committed_at` DESC LIMIT 1",  # noqa: S608  quoted
            parameters,
        )
        if not rows:
            return None
        load_id, pipeline_id, table, mode, count, *rest = rows[0]
        return ledger.entry((load_id, pipeline_id, table, mode, int(count), *rest))

"""Read MySQL; all of it is the family's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.families.sql.mysql_source import MysqlSource

if TYPE_CHECKING:
    from kaireon_orch.connectors.mysql.spec import MysqlConfig
    from kaireon_orch.contract.source import Opening


def open_source(opening: Opening[MysqlConfig]) -> MysqlSource:
    """The database's opened end; connects when it is first asked for something."""
    return MysqlSource(opening)

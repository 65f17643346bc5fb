"""Load into MySQL; all of it is the family's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.families.sql.mysql_target import MysqlTarget

if TYPE_CHECKING:
    from kaireon_orch.connectors.mysql.spec import MysqlConfig
    from kaireon_orch.contract.source import Opening


def open_target(opening: Opening[MysqlConfig]) -> MysqlTarget:
    """The database as a target; connects when a load begins."""
    return MysqlTarget(opening)

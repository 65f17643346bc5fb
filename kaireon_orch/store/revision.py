"""The registry's one rising revision: raised in the transaction of the change that causes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from kaireon_orch.store.tables import Revision

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ROW = 1


def bump(session: Session) -> int:
    """Raise the revision within the caller's write transaction and return the new number.

    The row stays locked until the transaction ends, so revisions become visible in order.
    """
    raised = update(Revision).where(Revision.id == ROW).values(number=Revision.number + 1)
    return session.execute(raised.returning(Revision.number)).scalar_one()


def current(session: Session) -> int:
    """The newest committed revision."""
    return session.execute(select(Revision.number).where(Revision.id == ROW)).scalar_one()

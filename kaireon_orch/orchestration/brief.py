"""Errors of ours without the frames of how they were found: their words say it all, and a notebook shows the caller's line."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def brief(method: Callable[P, R]) -> Callable[P, R]:
    """The method, whose errors of ours start where it was called. Any other error keeps all its frames."""

    @functools.wraps(method)
    def called(*args: P.args, **named: P.kwargs) -> R:
        try:
            return method(*args, **named)
        except KaireonError as error:
            error.__traceback__ = None
            raise

    return called

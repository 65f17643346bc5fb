"""Routes that wait for a peer have threads of their own, so that many of them at once leave the others quick."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, ParamSpec, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

SLOTS = 32  # each may hold a guarded child, which is a process

Given = ParamSpec("Given")
Result = TypeVar("Result")


class SlowLane:
    """The slots of one app, taken in the order of arrival."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(SLOTS)

    async def run(self, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """`call` in a thread, once a slot is free."""
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._limiter)


async def _lane(request: Request) -> SlowLane:
    return cast("SlowLane", request.app.state.slow)


Slow = Annotated[SlowLane, Depends(_lane)]

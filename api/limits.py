"""The test's rate limit on the web: every request past the role counts, and every answer says what is left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.bodies import Json, read_object
from api.identity import Opened, changes
from kaireon_orch.control import ratelimit
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import RequestError

Tester = Annotated[Caller, changes("test", "connector")]


async def counted_body(request: Request, registry: Opened, caller: Tester) -> Json:
    """The body of a test. One that cannot be read counts here, any other one in the use case."""
    try:
        return await read_object(request)
    except RequestError:
        async with telling(request, registry, caller):
            await run_in_threadpool(ratelimit.hit, registry, caller.tenant)
        raise


CountedBody = Annotated[Json, Depends(counted_body)]


@asynccontextmanager
async def telling(request: Request, registry: Registry, caller: Caller) -> AsyncIterator[None]:
    """Put the state of the tenant's window, as it is after the block, on the answer, whatever that will be."""
    try:
        yield
    finally:
        state = await run_in_threadpool(ratelimit.state, registry, caller.tenant)
        request.state.answer_headers.update(headers(state))


def headers(state: ratelimit.RateState) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-11, and the older three that clients know."""
    return {
        "RateLimit-Policy": f'"default";q={state.limit};w={state.window}',
        "RateLimit": f'"default";r={state.remaining};t={state.reset_seconds}',
        "RateLimit-Limit": str(state.limit),
        "RateLimit-Remaining": str(state.remaining),
        "RateLimit-Reset": str(state.reset_seconds),
    }

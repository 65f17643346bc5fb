"""The test's rate limit on the web: every request past the role counts, and every answer says what is left."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.bodies import Json, read_object
from api.identity import Access, Opened
from kaireon_orch.control import ratelimit
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import RateLimited


def _tell(request: Request, registry: Registry, caller: Caller) -> None:
    """A refusal is not counted, and says what is left all the same."""
    request.state.answer_headers.update(headers(ratelimit.state(registry, caller.tenant)))


Tester = Annotated[Caller, Depends(Access(("admin", "editor"), "test", "connector", _tell))]


async def counted_body(request: Request, registry: Opened, caller: Tester) -> Json:
    """The body of a test, read after the request was counted: one that cannot be read counts as well.

    Raises `RateLimited` where the tenant's window is full, and what `read_object` raises.
    """
    try:
        state = await run_in_threadpool(ratelimit.hit, registry, caller.tenant)
    except RateLimited:
        full = await run_in_threadpool(ratelimit.state, registry, caller.tenant)
        request.state.answer_headers.update(headers(full))
        raise
    request.state.answer_headers.update(headers(state))
    return await read_object(request)


CountedBody = Annotated[Json, Depends(counted_body)]


def headers(state: ratelimit.RateState) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-11, and the older three that clients know."""
    return {
        "RateLimit-Policy": f'"default";q={state.limit};w={state.window}',
        "RateLimit": f'"default";r={state.remaining};t={state.reset_seconds}',
        "RateLimit-Limit": str(state.limit),
        "RateLimit-Remaining": str(state.remaining),
        "RateLimit-Reset": str(state.reset_seconds),
    }

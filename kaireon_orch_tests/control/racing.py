"""What several processes do at once against one registry: functions by name, so that spawned processes find them."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import breaker, connectors, ratelimit
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Fault, KaireonError
from kaireon_orch.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

_OPENED: dict[str, Registry] = {}


def work(
    home: str,
    database_url: str,
    start: float,
    name: str,
    arguments: tuple[Any, ...],
    redis_url: str | None = None,
) -> list[str]:
    """Wait for the common start, then do the named thing; codes of what happened, in order."""
    registry = _registry(home, database_url, redis_url)
    time.sleep(max(0.0, start - time.time()))
    return _THINGS[name](registry, *arguments)


def create(registry: Registry, tenant: str, names: list[str]) -> list[str]:
    caller = Caller.operator(tenant)
    bodies = [{"name": name, "type": "csv"} for name in names]
    return [_code(partial(connectors.create, registry, caller, body)) for body in bodies]


def come_and_go(registry: Registry, tenant: str, names: list[str]) -> list[str]:
    """Make the connectors and delete every second one, whoever made it."""
    codes = create(registry, tenant, names)
    caller = Caller.operator(tenant)
    for name in names[::2]:
        codes.append(_code(partial(_delete, registry, caller, name)))
    return codes


def _delete(registry: Registry, caller: Caller, name: str) -> None:
    connectors.delete(registry, caller, connectors.by_name(registry, caller.tenant, name).id)


def change(registry: Registry, tenant: str, connector_id: str, tag: str, mark: str) -> list[str]:
    caller = Caller.operator(tenant)
    body = {"description": mark}
    return [_code(partial(connectors.change, registry, caller, connector_id, body, if_match=tag))]


def hit(registry: Registry, tenant: str, times: int) -> list[str]:
    return [_code(partial(ratelimit.hit, registry, tenant)) for _ in range(times)]


def claim(registry: Registry, connector_id: str, times: int) -> list[str]:
    return [_code(partial(breaker.admit, registry, connector_id)) for _ in range(times)]


def _code(act: Callable[[], object]) -> str:
    try:
        act()
    except (KaireonError, Fault) as error:
        return error.code
    return "OK"


def _registry(home: str, database_url: str, redis_url: str | None) -> Registry:
    if database_url not in _OPENED:
        settings = load(Path(home), database_url=database_url, redis_url=redis_url)
        _OPENED[database_url] = Registry.open(settings)
    return _OPENED[database_url]


_THINGS: dict[str, Callable[..., list[str]]] = {
    "create": create,
    "come_and_go": come_and_go,
    "change": change,
    "hit": hit,
    "claim": claim,
}

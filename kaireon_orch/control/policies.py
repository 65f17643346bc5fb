"""What a guarded child may reach: the operator's rules, resolved for one job, and never our own services."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from kaireon_orch.control import warehouse as warehouses
from kaireon_orch.network.dial import endpoints, pin
from kaireon_orch.network.guard import Policy, parse_nat64, parse_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.network.guard import Endpoint
    from kaireon_orch.settings import Settings

DEFAULT_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "redis": 6379, "rediss": 6379}
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where a server that listens everywhere is at home


def policy_for(registry: Registry, opened: Sequence[OpenedConnector], *, warehouse: bool = False) -> Policy:
    """The policy of one job on these connectors; with `warehouse`, the built-in target's door leads to its place.

    A tenant's own connector never does, in whatever job. Raises `SettingsError` for rules that cannot be used.
    """
    del opened  # the rules are the operator's, the same for every connector
    settings = registry.settings
    policy = Policy(
        rules=parse_rules(settings.egress_allow),
        nat64=parse_nat64(settings.nat64_prefixes),
        denied=_ours(settings) | _warehouse_endpoints(settings),
        warehouse=_warehouse_endpoints(settings) if warehouse else frozenset(),
        files=tuple(str(root) for root in settings.file_roots),
        exact_files=_warehouse_file(settings),
        closed=(str(settings.home),),
    )
    return pin(policy)


def _ours(settings: Settings) -> frozenset[Endpoint]:
    found = (endpoints(ANY_ADDRESS.get(host, host), port) for host, port in _services(settings))
    return frozenset().union(*found)


def _services(settings: Settings) -> Iterator[tuple[str, int]]:
    """Where the registry, the API, Dagster and what they share listen."""
    yield settings.api_host, settings.api_port
    urls = [settings.registry_url, settings.dagster_url]
    if settings.redis_address is not None:
        urls.append(settings.redis_address)
    for url in urls:
        parts = urlsplit(url)
        if parts.hostname:
            yield parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme.partition("+")[0]]
    if settings.code_server:
        host, _, port = settings.code_server.rpartition(":")
        yield host.strip("[]"), int(port)


def _warehouse_endpoints(settings: Settings) -> frozenset[Endpoint]:
    if warehouses.type_of(settings) != "postgresql":
        return frozenset()
    url = make_url(settings.warehouse_url)
    return endpoints(url.host or "localhost", url.port or DEFAULT_PORTS["postgresql"])


def _warehouse_file(settings: Settings) -> tuple[str, ...]:
    if warehouses.type_of(settings) != "duckdb":
        return ()
    return (str(make_url(settings.warehouse_url).database),)

"""`/metrics` for Prometheus: this process's requests and tests, and what the registry knows, read at the scrape.

Labels are bounded: the method is one of those that we serve, the route a template, never a path; types are those of
the catalogue, outcomes the contract's codes. No tenant, id or name is a label.
"""

import time
from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from kaireon_orch.control import breaker, figures
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
FRESH_SECONDS = 10.0  # however often somebody scrapes, the registry is asked no oftener
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"})


class Meter:
    """Counters of one API process, and of its registry where there is one."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._collected = CollectorRegistry()
        self._requests = Counter(
            "kaireon_http_requests",
            "Requests answered; status 0: nobody answered.",
            ("method", "route", "status"),
            registry=self._collected,
        )
        self._seconds = Histogram(
            "kaireon_http_request_seconds",
            "Time to the end of the answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._collected,
        )
        self._tests = Counter(
            "kaireon_connector_tests",
            "Connection tests by type and outcome.",
            ("type", "outcome"),
            registry=self._collected,
        )
        ProcessCollector(registry=self._collected)
        if registry is not None:
            self._collected.register(_Shared(registry))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        label = method if method in _METHODS else "other"
        self._requests.labels(label, route, str(status)).inc()
        self._seconds.labels(label, route).observe(seconds)

    def tested(self, type_: str, outcome: str) -> None:
        """One connection test that had a result."""
        self._tests.labels(type_, outcome).inc()

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """Everything there is, and its media type: OpenMetrics where the scraper accepts it."""
        encode, media_type = choose_encoder(accept)
        return encode(self._collected), media_type


class _Shared(Collector):
    """What all processes share, from the registry; it is not asked when the collector is registered."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = Lock()
        self._read_at = -FRESH_SECONDS
        self._last: list[Metric] = []

    def describe(self) -> list["Metric"]:
        return []

    def collect(self) -> Iterator["Metric"]:
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH_SECONDS:
                self._last, self._read_at = self._read(), time.monotonic()
            yield from self._last

    def _read(self) -> list["Metric"]:
        up = GaugeMetricFamily("kaireon_registry_up", "Whether the registry answered the last scrape.")
        try:
            found = [_breakers(breaker.states(self._registry)), *_runs(figures.of_runs(self._registry))]
        except Unavailable:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *found]


def _breakers(states: dict[str, int]) -> "Metric":
    family = GaugeMetricFamily("kaireon_breakers", "Circuit breakers that are not closed.", labels=("state",))
    for state in ("open", "half_open"):
        family.add_metric([state], states.get(state, 0))
    return family


def _runs(by_status: dict[str, figures.RunFigures]) -> list["Metric"]:
    runs = GaugeMetricFamily("kaireon_runs", "Runs that the registry keeps.", labels=("status",))
    rows = CounterMetricFamily("kaireon_rows", "Rows of all runs.", labels=("outcome",))
    for status, found in by_status.items():
        runs.add_metric([status], found.runs)
    for outcome in ("read", "loaded", "rejected"):
        rows.add_metric([outcome], sum(getattr(found, outcome) for found in by_status.values()))
    return [runs, rows]

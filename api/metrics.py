"""`/metrics` in Prometheus' text format, version 0.0.4: how many requests, how long they took.

Labels are bounded: the method is one of those that we serve, the route a template, never a path.
"""

from collections import defaultdict
from threading import Lock

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"})


class Meter:
    """Counters of one API process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._spread: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request; a status of 0 is one that nobody answered."""
        label = method if method in _METHODS else "other"
        slot = next((index for index, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        with self._lock:
            self._requests[label, route, status] += 1
            self._seconds[route] += seconds
            self._spread[route][slot] += 1

    def text(self) -> str:
        """Everything counted so far."""
        with self._lock:
            lines = [*self._counters(), *self._histograms()]
        return "\n".join(lines) + "\n"

    def _counters(self) -> list[str]:
        name = "kaireon_http_requests_total"
        lines = [f"# HELP {name} Requests answered.", f"# TYPE {name} counter"]
        for (method, route, status), number in sorted(self._requests.items()):
            lines.append(f'{name}{{method="{method}",route="{route}",status="{status}"}} {number}')
        return lines

    def _histograms(self) -> list[str]:
        name = "kaireon_http_request_seconds"
        lines = [f"# HELP {name} Time to the end of the answer.", f"# TYPE {name} histogram"]
        for route, spread in sorted(self._spread.items()):
            total = 0
            for bound, number in zip((*map(str, BUCKETS), "+Inf"), spread, strict=True):
                total += number
                lines.append(f'{name}_bucket{{route="{route}",le="{bound}"}} {total}')
            lines.append(f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}')
            lines.append(f'{name}_count{{route="{route}"}} {total}')
        return lines

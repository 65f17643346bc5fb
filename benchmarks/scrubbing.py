"""What scrubbing a log line costs, and how fast `kaireon audit leaks` searches: `python benchmarks/scrubbing.py`."""

from __future__ import annotations

import base64
import os
import time

from kaireon_orch.cli.audit.search import Search, Sought
from kaireon_orch.control.secret_inventory import Owner
from kaireon_orch.orchestration.known_secrets import KnownSecrets

LINE = "2026-11-25 07:00:00 INFO loaded 12,345 rows of public.orders in 3.2 s " * 3
TEXT = (b'{"message": "loaded 12,345 rows of public.orders", "run_id": "7e7f52e4-61cc"}\n' * 20_000)[
    : 1 << 20
]
LINES = 5_000
MEGABYTES = 64


def a_line(name: str, values: list[str]) -> None:
    known = KnownSecrets()
    known.add(values)
    began = time.perf_counter()
    for _ in range(LINES):
        known.scrub(LINE)
    print(f"{name}: {(time.perf_counter() - began) / LINES * 1e6:.1f} µs a line of {len(LINE)} characters")


def a_search(secrets: int) -> None:
    sought = Sought()
    for number in range(secrets):
        sought.add(Owner("t", f"c{number}", "f"), base64.urlsafe_b64encode(os.urandom(18)).decode())
    search = Search(sought, lambda _: None)
    began = time.perf_counter()
    search.look(search.area("text"), "text", [TEXT] * MEGABYTES)
    seconds = time.perf_counter() - began
    print(f"{secrets:,} secrets, {len(sought.needles):,} spellings: {MEGABYTES / seconds:.0f} MB/s")


if __name__ == "__main__":
    a_line("one password", ["Nightjar-/+83"])
    a_line("one RSA key", [base64.b64encode(os.urandom(48)).decode() for _ in range(26)])
    for count in (10, 1_000, 20_000):
        a_search(count)

"""Resident memory of one API worker while it answers 100,000 requests: lists, gets, refused and unknown ones.

    python benchmarks/api/memory.py [--requests 100000] [--clients 4]

What is kept by every request shows as growth from one line to the next; what is made once (pools, caches, threads' own
heaps) shows in the first lines only.
"""

from __future__ import annotations

import argparse
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests_per_second as rates

LINES = 10


def resident(pid: int) -> float:
    """MiB that the process has in memory."""
    found = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(found) * rates.PAGE_BYTES / 2**20


def asked(port: int, key: str, record: str, requests: int) -> None:
    """One client's share, every route in turn; the paths of unknown records differ each time."""
    line = rates.Line(port, key)
    kinds = itertools.cycle(("connectors?limit=20", f"connectors/{record}", "connectors?limit=0", "{}"))
    for number, kind in zip(range(requests), kinds, strict=False):
        line.send("GET", f"/api/v1/{kind.format(number)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    share = options.requests // LINES // options.clients
    with rates.served(rows=1000) as served, ThreadPoolExecutor(options.clients) as pool:
        for done in range(LINES + 1):
            print(f"{done * share * options.clients:8} requests {resident(served.pid):8.1f} MiB", flush=True)
            if done < LINES:
                work = [
                    pool.submit(asked, served.port, served.key, served.record, share)
                    for _ in range(options.clients)
                ]
                for each in work:
                    each.result()


if __name__ == "__main__":
    main()

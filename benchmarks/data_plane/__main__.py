"""Loads in pairs, ours and a peer's in turns, each checked, as medians and ratios: see README.md.

python -m benchmarks.data_plane --case pg_to_pg --rows 1000000 --pairs 5
python -m benchmarks.data_plane --memory --case pg_to_pg --rows 10000000
python -m benchmarks.data_plane --list
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.data_plane import checks, report
from benchmarks.data_plane.cases import CASES
from benchmarks.data_plane.data import Files
from benchmarks.data_plane.measure import PeerFailed
from benchmarks.data_plane.rounds import ready
from benchmarks.data_plane.stage import staged
from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.data_plane.cases import Case
    from benchmarks.data_plane.rounds import Ready

FOLDER: Final = Path(tempfile.gettempdir()) / "kaireon-data-plane"


def main() -> None:
    given = _arguments()
    if given.list:
        print("\n".join(f"{case.name:18}{', '.join(peer.name for peer in case.peers)}" for case in CASES))
        return
    chosen = [case for case in CASES if not given.case or case.name in given.case]
    made = list(_measured(chosen, given))
    if not given.memory:
        print(f"\nfor the README:\n\n{report.brief(made)}")
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(made, indent=1))
    print(f"\nas JSON: {given.json}", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="default: all")
    parser.add_argument("--peer", default="", help="only peers whose name holds this; `none`: our side alone")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", action="store_true", help="the peak memory of our side instead of times")
    parser.add_argument("--data", type=Path, default=FOLDER, help="where the files of rows are kept")
    parser.add_argument("--json", type=Path, default=FOLDER / "results.json")
    parser.add_argument("--list", action="store_true", help="the cases and their peers")
    return parser.parse_args()


def _measured(chosen: Sequence[Case], given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    files = Files(given.data / "files", given.rows, given.seed).make()
    head = ("| case | rows | peak, MiB |", "|---|---|---|") if given.memory else report.HEAD
    print("\n".join(head), flush=True)
    with tempfile.TemporaryDirectory(prefix="kaireon-bench-") as name:
        folder = Path(name)
        with_mariadb = any(case.needs_mariadb for case in chosen)
        with staged(files, folder / "out", with_mariadb=with_mariadb) as stage:
            for case in chosen:
                try:
                    with ready(case, stage, folder / case.name) as one:
                        yield from _memory(one, given) if given.memory else _pairs(one, given)
                except (KaireonError, checks.WrongResult) as error:
                    print(f"{case.name}: {error}", file=sys.stderr, flush=True)


def _memory(one: Ready, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    mib = one.memory()
    print(f"| {one.case.name} | {given.rows:,} | {mib:.0f} |", flush=True)
    yield {"case": one.case.name, "rows": given.rows, "peakMiB": mib}


def _pairs(one: Ready, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    case, start = one.case, one.start()
    if given.peer == "none":
        alone = report.Pairs(case.name, "", given.rows, start, ours=[one.ours() for _ in range(given.pairs)])
        print(alone.row(), flush=True)
        yield alone.to_json()
    for peer in case.peers:
        if given.peer not in peer.name:
            continue
        pairs = report.Pairs(case.name, peer.name, given.rows, start, case.aims.get(peer.name))
        for _ in range(given.pairs):
            pairs.ours.append(one.ours())
            try:
                pairs.theirs.append(one.theirs(peer))
            except (PeerFailed, checks.WrongResult) as error:
                print(f"{case.name}: {error}", file=sys.stderr, flush=True)
                break
        print(pairs.row(), flush=True)
        yield pairs.to_json()


if __name__ == "__main__":
    main()

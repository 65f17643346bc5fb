"""`kaireon rotate-keys`: every tenant's secrets sealed afresh with the first encryption key."""

from __future__ import annotations

import typer

from kaireon_orch.cli.registry import opened
from kaireon_orch.cli.tables import print_json, print_records
from kaireon_orch.control import rotation

COLUMNS = ("tenant", "total", "rotated", "current", "notRotated")


def rotate(*, dry_run: bool, as_json: bool) -> int:
    """Rotate and tell; the exit code, 1 where no key opens some of it. Safe to repeat and to interrupt."""
    with opened() as registry:
        told = rotation.rotate_all(registry, dry_run=dry_run)
    stuck = [(tenant, each) for tenant, counts in told.items() for each in counts["notRotated"]]
    if as_json:
        print_json({"dryRun": dry_run, "tenants": told})
    else:
        records = [
            counts | {"tenant": tenant, "notRotated": len(counts["notRotated"])}
            for tenant, counts in told.items()
        ]
        print_records(records, COLUMNS)
    for tenant, each in stuck:
        words = f"kaireon: {tenant}: {each['entityType']} {each['entityId']}: {each['reason']}"
        typer.echo(words, err=True)
    return 1 if stuck else 0

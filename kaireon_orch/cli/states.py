"""`kaireon pipelines state`: where a pipeline stands in its target, and moving it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kaireon_orch.cli.registry import opened, operator
from kaireon_orch.cli.tables import print_json
from kaireon_orch.control import pipelines, states

if TYPE_CHECKING:
    from kaireon_orch.control.states import StateView


def show(name: str, tenant: str | None, *, as_json: bool) -> None:
    """Where the pipeline of that name stands. Raises what `states.get` does."""
    with opened() as registry:
        caller = operator(registry, tenant)
        found = states.get(registry, caller, pipelines.by_name(registry, caller.tenant, name).id)
    _print(name, found, as_json=as_json)


def move(name: str, tenant: str | None, watermark: str, reason: str | None, *, as_json: bool) -> None:
    """Let the next run go on after `watermark`. Raises what `states.put` does."""
    with opened() as registry:
        caller = operator(registry, tenant)
        pipeline = pipelines.by_name(registry, caller.tenant, name).id
        found = states.put(registry, caller, pipeline, {"watermark": watermark, "reason": reason or ""})
    _print(name, found, as_json=as_json)


def forget(name: str, tenant: str | None, reason: str | None, *, as_json: bool) -> None:
    """Let the next run read from the beginning. Raises what `states.delete` does."""
    with opened() as registry:
        caller = operator(registry, tenant)
        pipeline = pipelines.by_name(registry, caller.tenant, name).id
        states.delete(registry, caller, pipeline, reason or "")
        found = states.get(registry, caller, pipeline)
    _print(name, found, as_json=as_json)


def _print(name: str, found: StateView, *, as_json: bool) -> None:
    if as_json:
        print_json(found.to_json())
        return
    typer.echo(f"{name}: {_words(found)}")
    if found.load_id is not None:
        by = "set by hand" if found.load_mode == "state" else f"{found.load_mode}, {found.rows:,} rows"
        typer.echo(f"{found.committed_at}  {by} (load {found.load_id})")


def _words(found: StateView) -> str:
    if found.watermark is not None:
        return f"{found.table} holds rows up to {found.cursor_field} {found.watermark}"
    if found.cursor_field is not None:
        return f"the next run reads {found.cursor_field} from the beginning"
    return f"{found.table} has no watermark, since the pipeline has no cursorField"

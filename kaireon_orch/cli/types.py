"""`kaireon types`: the catalogue as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from kaireon_orch import catalogue
from kaireon_orch.cli.tables import print_grid, print_json, print_records
from kaireon_orch.contract import forms

if TYPE_CHECKING:
    from collections.abc import Mapping


def list_types(*, as_json: bool) -> None:
    """Every type: with `--json` the objects of GET /connector-types."""
    found = [forms.describe(catalogue.spec(slug)) for slug in catalogue.types()]
    print_records(found, ("type", "label", "category", "status", "requiredFields"), as_json=as_json)


def show_type(slug: str, *, as_json: bool) -> None:
    """One type's fields and the credentials that each of its methods takes. Raises NotFound naming the nearest."""
    found = forms.describe(catalogue.spec(slug))
    if as_json:
        print_json(found)
        return
    typer.echo(
        f"{found['label']} ({found['type']}): {found['category']}, {found['status']}\n{found['description']}\n"
    )
    _print_fields("config", found["configSchema"], found["requiredFields"])
    for method in found["authMethods"]:
        schema = method["authSchema"]
        _print_fields(f"authConfig of {method['name']}", schema, schema.get("required", []))


def _print_fields(title: str, schema: Mapping[str, Any], required: list[str]) -> None:
    properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
    if not properties:
        return
    typer.echo(f"{title}:")
    lines = [
        [name, _kind(field), _need(name, required), str(field.get("description", ""))]
        for name, field in properties.items()
    ]
    print_grid(["FIELD", "TYPE", "", "MEANING"], lines, indent="  ")
    typer.echo("")


def _need(name: str, required: list[str]) -> str:
    """An entry like `host|connectionString` asks for one of its fields."""
    for entry in required:
        if name in entry.split("|"):
            return "one of these" if "|" in entry else "required"
    return ""


def _kind(field: Mapping[str, Any]) -> str:
    if field.get("writeOnly"):
        return "secret"
    if "enum" in field:
        return "|".join(map(str, field["enum"]))
    return str(field.get("type", "any"))

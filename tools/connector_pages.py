"""Write a page for every connector type, from its spec and its notes: `connector_pages.py FOLDER [--check]`.

The pages are generated output and are not committed. With `--check` nothing is written: the exit code says whether
FOLDER holds what would be.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.contract import forms
from kaireon_orch.contract.spec import Category, Proof, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kaireon_orch.contract.spec import ConnectorSpec

CATEGORIES = {
    Category.DATABASES: "Databases",
    Category.WAREHOUSES: "Warehouses & lakehouses",
    Category.STREAMING: "Streaming & queues",
    Category.STORAGE: "Object & file storage",
    Category.FILES: "Files",
    Category.APIS: "APIs & work apps",
    Category.CRM_MARKETING: "CRM & marketing",
    Category.COMMERCE_FINANCE: "Commerce & finance",
}
PROOFS = {
    Proof.REAL: "Tested against the product's own software.",
    Proof.EMULATOR: "Tested against an emulator made by others; the product itself may differ in details.",
    Proof.FAKE: "Tested against a server of ours, written from the public description: weaker evidence than the product.",
    Proof.NONE: (
        "**Not built yet.** Connectors of this type can be created and edited. A test answers `NOT_BUILT`, a run fails "
        "in plain words, and nothing is contacted. What follows is the plan."
    ),
}
COMING_SOON = (
    "**Coming soon.** Connectors of this type can be created and edited. A run of a pipeline on one succeeds with zero "
    "rows, says that the type is coming soon, and touches neither source nor target."
)
Schema = dict[str, Any]


def page(spec: ConnectorSpec) -> str:
    """The type's page, Markdown."""
    parts = [
        f"# {spec.label}",
        f"`{spec.type}` · {CATEGORIES[spec.category]}",
        spec.description,
        evidence(spec),
        *install(spec),
        catalogue.notes(spec.type).strip(),
        *config(spec),
        *credentials(spec),
        *source(spec),
        *abilities(spec),
        *example(spec),
    ]
    return "\n\n".join(parts) + "\n"


def index(specs: Sequence[ConnectorSpec]) -> str:
    """The list of all types by category, Markdown."""
    parts = ["# Connector types"]
    for category, title in CATEGORIES.items():
        own = [spec for spec in specs if spec.category is category]
        rows = [[f"[{spec.label}]({spec.type}.md)", f"`{spec.type}`", state(spec)] for spec in own]
        if rows:
            parts += [f"## {title}", table(["Type", "Slug", "State"], rows)]
    return "\n\n".join(parts) + "\n"


def state(spec: ConnectorSpec) -> str:
    """One or two words for the index."""
    if spec.status is Status.COMING_SOON:
        return "coming soon"
    return "not built yet" if spec.proof is Proof.NONE else f"ready, proof: {spec.proof.value}"


def evidence(spec: ConnectorSpec) -> str:
    """How far the type can be trusted, told by its spec so that it changes by itself."""
    if spec.status is Status.READY:
        return PROOFS[spec.proof]
    tested = " Its connection test works." if spec.probes and catalogue.built(spec.type) else ""
    return COMING_SOON + tested


def install(spec: ConnectorSpec) -> Iterator[str]:
    """How its driver is installed; nothing for types that are not built, which need none yet."""
    if spec.extra and catalogue.built(spec.type):
        yield f"Its driver comes with the extra `{spec.extra}`: `pip install 'kaireon-orch[{spec.extra}]'`."


def config(spec: ConnectorSpec) -> Iterator[str]:
    """The fields of `config`, and which of them a test asks for."""
    yield "## Configuration"
    yield from fields(forms.config_schema(spec), spec.required)
    if spec.steers:
        yield (
            f"{', '.join(f'`{name}`' for name in spec.steers)} decide which system gets the credentials: an editor who "
            "changes one sends the credentials again."
        )


def credentials(spec: ConnectorSpec) -> Iterator[str]:
    """The fields of `authConfig` by method; the first method is what the default `access_key` stands for."""
    yield "## Authentication methods"
    for method in spec.auth:
        yield f"### `{method.name}`: {method.label}"
        yield from fields(forms.auth_schema(method), method.required)


def source(spec: ConnectorSpec) -> Iterator[str]:
    """What a pipeline's `source` may say."""
    yield "## A pipeline's `source`"
    yield from fields(forms.source_schema(spec), spec.source_required)
    if spec.source_from_config:
        names = ", ".join(f"`{name}`" for name in spec.source_from_config)
        yield f"What the connector's own configuration says goes for its pipelines too: {names}."


def abilities(spec: ConnectorSpec) -> Iterator[str]:
    """Row limit, formats, load modes."""
    yield "## Limits and loads"
    cap = f"{spec.row_limit:,} rows" if spec.row_limit else "no cap"
    yield f"Without a `rowLimit` a run reads: {cap}."
    if spec.capabilities.formats:
        yield f"Formats: {', '.join(f'`{name}`' for name in spec.capabilities.formats)}."
    if spec.load_modes:
        yield f"As a target it takes the load modes {', '.join(f'`{mode}`' for mode in spec.load_modes)}."


def example(spec: ConnectorSpec) -> Iterator[str]:
    """A request that creates a connector."""
    yield "## Example"
    body = {
        "name": f"my {spec.label}",
        "type": spec.type,
        "config": spec.example,
        "authMethod": spec.auth[0].name,
    }
    yield f"`POST /api/v1/connectors`\n\n```json\n{json.dumps(body, indent=2, ensure_ascii=False)}\n```"


def fields(schema: Schema, required: Sequence[str]) -> Iterator[str]:
    """A table of the schema's fields, and one for each object inside it."""
    if not schema["properties"]:
        yield "Nothing to fill in."
        return
    yield field_table(schema["properties"], required)
    for name, part in schema.get("$defs", {}).items():
        yield f"`{name}` holds:\n\n{field_table(part['properties'], ())}"


def field_table(properties: Mapping[str, Schema], required: Sequence[str]) -> str:
    """Name, kind, whether it is asked for, default and meaning of each field."""
    rows = [
        [
            f"`{name}`",
            kind(field),
            needed(name, required),
            default(field),
            f"{field['title']}: {field['description']}",
        ]
        for name, field in properties.items()
    ]
    return table(["Field", "Kind", "Required", "Default", "Meaning"], rows)


def kind(field: Schema) -> str:
    """The field's JSON type in a word, its choices, or the name of the object that it holds."""
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`"
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    return "secret" if field.get("writeOnly") else str(field.get("type", "object"))


def needed(name: str, required: Sequence[str]) -> str:
    """`yes`, or the names of which one is enough."""
    for entry in required:
        either = entry.split("|")
        if name in either:
            return "yes" if len(either) == 1 else f"{' or '.join(f'`{other}`' for other in either)}"
    return ""


def default(field: Schema) -> str:
    """The default as JSON."""
    return f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def pages() -> dict[str, str]:
    """File name → text of every page."""
    specs = [catalogue.spec(type_) for type_ in catalogue.types()]
    return {"index.md": index(specs)} | {f"{spec.type}.md": page(spec) for spec in specs}


def write(folder: Path) -> None:
    """Write every page into `folder`, and remove pages of types that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for stale in set(folder.glob("*.md")) - {folder / name for name in wanted}:
        stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def differing(folder: Path) -> list[str]:
    """Names of pages that are missing, stale or too many in `folder`."""
    wanted = pages()
    found = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 done or equal, 1 different."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    given = parser.parse_args(arguments)
    if not given.check:
        write(given.folder)
        return 0
    wrong = differing(given.folder)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Begin a connector type: its room and its case, which the suite then finds by itself.

`new_type.py SLUG --label LABEL --category CATEGORY [--root FOLDER]` writes `kaireon_orch/connectors/SLUG/` and
`kaireon_orch_tests/connectors/SLUG.py`; nothing else has to be edited for the type to exist.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CATEGORIES = (
    "databases",
    "warehouses",
    "streaming",
    "storage",
    "files",
    "apis",
    "crm_marketing",
    "commerce_finance",
)
SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

SPEC = '''"""{label}."""

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class {model}Config(ConfigModel):
    """Which account."""

    account_id: Name | None = Field(
        default=None,
        title="Account id",
        description="Where the vendor shows it.",
        pattern=r"^[A-Za-z0-9_-]*$",
        examples=["acme"],
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="{slug}",
    label="{label}",
    category=Category.{category},
    status=Status.READY,
    description="What can be read from {label}.",
    config={model}Config,
    auth=(API_KEY,),
    required=("accountId",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(),
    steers=("endpoint",),
    example={{"accountId": "acme"}},
)
'''
NOTES = """## What is read

The streams that {label} has.

## Good to know

- What surprises somebody who reads it for the first time.
- Where the next run goes on.

## Credentials

An API key: where it is made, and which rights are enough.
"""
CASE = '''"""{label} under test."""

from kaireon_orch_tests.conformance.case import Case

CASE = Case(
    type="{slug}",
    credentials={{"api_key": {{"apiKey": "planted-api-key"}}}},
    refused=({{"accountId": "../x"}},),
)
'''


def files(slug: str, label: str, category: str) -> dict[str, str]:
    """Path below the root → text."""
    words = {
        "slug": slug,
        "label": label,
        "category": category.upper(),
        "model": "".join(part.capitalize() for part in slug.split("_")),
    }
    room = f"kaireon_orch/connectors/{slug}"
    return {
        f"{room}/__init__.py": "",
        f"{room}/spec.py": SPEC.format(**words),
        f"{room}/notes.md": NOTES.format(**words),
        f"kaireon_orch_tests/connectors/{slug}.py": CASE.format(**words),
    }


def slug(text: str) -> str:
    """A slug as the catalogue takes it."""
    if not SLUG.fullmatch(text):
        raise argparse.ArgumentTypeError("small letters, digits and single underscores, a letter first")
    return text


def label(text: str) -> str:
    """One line without quotes, since it is written into source text."""
    if not text.isprintable() or set(text) & set('"\\{}') or not 0 < len(text) <= 60:  # noqa: PLR2004  as the suite asks
        raise argparse.ArgumentTypeError(
            "one line of at most 60 characters, without quotes, braces and backslashes"
        )
    return text


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 written, 1 when the type is there already."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("slug", type=slug)
    parser.add_argument("--label", type=label, required=True)
    parser.add_argument("--category", choices=CATEGORIES, required=True)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    given = parser.parse_args(arguments)
    wanted = {
        given.root / path: text for path, text in files(given.slug, given.label, given.category).items()
    }
    present = [path for path in wanted if path.exists()]
    if present:
        print(f"{given.slug} is there already: {present[0].relative_to(given.root)}")
        return 1
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(given.root))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A plan: what applying files would do, record by record and field by field, without any secret."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kaireon_orch.control.secrets import step as below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

Action = Literal["create", "change", "unchanged"]
ACTION = "apply"  # what the audit log calls it
STALE = "The registry was changed since the plan was made; look at a new one."
ACTIONS: tuple[Action, ...] = ("create", "change", "unchanged")
SECRET = "(secret)"  # noqa: S105  stands where one would


@dataclass(frozen=True, slots=True)
class Change:
    """A field as it is and as it will be, in JSON; None where there is none. Secrets are `(secret)`."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one record; `notes` say what is not to be seen in its changes."""

    action: Action
    name: str
    place: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order of the records' names."""

    steps: tuple[Step, ...]

    @property
    def counts(self) -> dict[Action, int]:
        found = Counter(step.action for step in self.steps)
        return {action: found[action] for action in ACTIONS}

    @property
    def changes_nothing(self) -> bool:
        return all(step.action == "unchanged" for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """`{create, change, unchanged, steps: [{action, name, place, changes: [{field, before, after}], notes}]}`."""
        return dict(self.counts) | {
            "steps": [
                {
                    "action": each.action,
                    "name": each.name,
                    "place": each.place,
                    "changes": [
                        {"field": change.field, "before": change.before, "after": change.after}
                        for change in each.changes
                    ],
                    "notes": list(each.notes),
                }
                for each in self.steps
            ]
        }


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step, and the doing of it within the transaction of all."""

    step: Step
    do: Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A record's fields by dotted path: the values that are compared, and the texts that may be seen."""

    values: Mapping[str, Any]
    texts: Mapping[str, str]


def differences(before: Shown | None, after: Shown) -> tuple[Change, ...]:
    """Every field that differs, by name."""
    was = before or Shown({}, {})
    return tuple(
        Change(field, was.texts.get(field), after.texts.get(field))
        for field in sorted(was.values.keys() | after.values.keys())
        if was.values.get(field) != after.values.get(field)
    )


def leaves(document: Any, path: str = "", pointer: str = "") -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401  any JSON value
    """Dotted path, JSON pointer and value of everything below that is no object; an empty object is a leaf too."""
    if not isinstance(document, dict) or not document:
        yield path, pointer, document
        return
    for name, value in document.items():
        yield from leaves(value, f"{path}.{name}".lstrip("."), below(pointer, name))


def text(value: Any) -> str:  # noqa: ANN401  any JSON value
    """A value in JSON."""
    return json.dumps(value, ensure_ascii=False)


def ordered(prepared: Sequence[Prepared]) -> Plan:
    """The plan of what was prepared."""
    return Plan(tuple(sorted((each.step for each in prepared), key=lambda step: step.name)))

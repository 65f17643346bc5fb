"""Tables as YAML has them: the fields of `ko.Table`, of its mode and of a pipeline, under their names in Python.

The form is made of those classes, so that a field which they gain is one in YAML, too.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import core_schema

from kaireon_orch.control.naming import snake
from kaireon_orch.control.pipeline_drafts import NESTED, PipelineDraft
from kaireon_orch.control.shapes import complaints
from kaireon_orch.errors import FieldError, InvalidInput
from kaireon_orch.orchestration.code_tables import Cursor, Table
from kaireon_orch.orchestration.component_schema import refusal
from kaireon_orch.orchestration.load_modes import Append, Mode

if TYPE_CHECKING:
    from dagster import ResolutionContext
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

MODES = {each.load_mode: each for each in get_args(Mode)}

_TOLD_OTHERWISE = frozenset(
    {"name", "connector_id", "target_connector_id", "target", "load_mode", "primary_key", "cursor_field"}
    | {"lookback", "schedule", "enabled"}
)
"""Fields of a pipeline that the component, its table or that table's mode has in a form of its own."""

_WORDS = {
    "name": "The source's table, e.g. public.orders.",
    "mode": "How rows meet those that are there.",
    "key": "The column or columns by which a row is known.",
    "cursor": "The column of the watermark; {column, lookback} reads a span of it again.",
    "source": "What to read instead of the table, e.g. {query: SELECT …}.",
    "target": "The target's table; left out: the source's name in snake case.",
    "schema": "The target's schema; left out: the target's own.",
    "columns": "include, exclude, rename, cast, hash and mask.",
    "row_limit": "At most so many rows a run.",
    "partition": "Windows of a column in time, or keys, each replaced as a whole.",
    "freshness": "{fail_after_minutes}: older than that, the asset is stale.",
    "deletes": "Of scd2: whether a vanished key's version is closed or kept.",
    "allow_empty": "Of truncate and blue_green: whether no rows replace those that are there.",
}


class _Form(BaseModel):
    """Nested fields are taken in both spellings, Python's and the API's."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)


@cache
def form() -> type[BaseModel]:
    """The form of one table."""
    told: dict[str, Any] = {
        "name": str,
        "mode": Literal[tuple(MODES)],
        "key": str | list[str],
        "deletes": Literal["close", "keep"],
        "allow_empty": bool,
        **_of_tables(),
    }
    told |= {name: each for name, each in _of_pipelines().items() if name not in told}
    fields = {_attribute(name): _field(name, annotation) for name, annotation in told.items()}
    return create_model("Table", __base__=_Form, **fields)  # type: ignore[call-overload,no-any-return]


def _of_tables() -> dict[str, Any]:
    """The fields of `ko.Table`; those that a pipeline has in the same form have its bounds."""
    names = {"Mapping": Mapping, "Sequence": Sequence, "Any": Any, "Mode": Mode}
    hints = typing.get_type_hints(Table, localns=names)
    own = {name: hint for name, hint in hints.items() if name not in {"name", "mode", "options"}}
    plain = _of_pipelines()
    return {name: plain.get(name, hint) for name, hint in own.items()} | {"cursor": str | Cursor}


def _of_pipelines() -> dict[str, Any]:
    fields = PipelineDraft.model_fields
    return {name: field.rebuild_annotation() for name, field in fields.items() if name not in _TOLD_OTHERWISE}


def _field(name: str, annotation: Any) -> tuple[Any, Any]:  # noqa: ANN401  as above
    alias = name if _attribute(name) != name else None
    if name == "name":
        return annotation, Field(description=_WORDS[name])
    return annotation | None, Field(default=None, alias=alias, description=_WORDS.get(name))


def _attribute(name: str) -> str:
    """Pydantic keeps some names to itself."""
    return f"{name}_" if hasattr(BaseModel, name) else name


def table_of(written: object) -> Table:
    """The table that a name, or a mapping of the form's fields, describes. Raises InvalidInput, naming the fields."""
    if isinstance(written, Table):
        return written
    if isinstance(written, str):
        return Table(written)
    if not isinstance(written, Mapping):
        raise InvalidInput("A table is a name, or has fields.", [FieldError("", "takes a name, or fields")])
    try:
        filled = form().model_validate(dict(written), by_alias=True, by_name=True)
    except ValidationError as error:
        raise InvalidInput(
            "A table has fields at fault.", complaints(error, dict(written), _known())
        ) from None
    return _table({name: _plain(getattr(filled, _attribute(name))) for name in written})


def _known() -> list[str]:
    own = [field.alias or name for name, field in form().model_fields.items()]
    return [*own, *map(snake, NESTED)]


def _table(given: Mapping[str, Any]) -> Table:
    """From fields that are valid each by itself."""
    of_modes = {"mode", "key", "deletes", "allow_empty"}
    own = {each.name for each in dataclasses.fields(Table)}
    shaped = dict(given)
    if isinstance(shaped.get("cursor"), str):
        shaped["cursor"] = Cursor(shaped["cursor"])
    further = {_camel(name): value for name, value in shaped.items() if name not in own | of_modes}
    kept = {name: value for name, value in shaped.items() if name in own - of_modes}
    return Table(**kept, mode=_mode(shaped), options=further)


def _mode(given: Mapping[str, Any]) -> Mode:
    kind = MODES[given.get("mode") or Append.load_mode]
    told = {name: given[name] for name in ("key", "deletes", "allow_empty") if given.get(name) is not None}
    taken = {each.name: each for each in dataclasses.fields(kind)}
    strange = [
        FieldError(name, f"is none of the mode {kind.load_mode}") for name in told if name not in taken
    ]
    missing = [
        FieldError(name, f"is required by the mode {kind.load_mode}")
        for name, each in taken.items()
        if name not in told and each.default is dataclasses.MISSING
    ]
    if faults := strange + missing:
        raise InvalidInput("The mode and its fields do not fit.", faults)
    mode: Mode = kind(
        **{name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
    )
    return mode


def _plain(value: object) -> Any:  # noqa: ANN401  JSON, or one of our own classes
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value


def _camel(name: str) -> str:
    return PipelineDraft.model_fields[name].alias or name


class WrittenTables:
    """The field of a component whose tables are judged once their templates are filled in."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.any_schema()

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        one = handler(form().__pydantic_core_schema__)
        return {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, one]}}


def resolve_tables(context: ResolutionContext, written: object) -> list[Table]:
    """The tables of a YAML list; every fault of theirs is told with its place. Raises ResolutionException."""
    if not isinstance(written, Sequence) or not written:
        raise refusal(context, [FieldError("", "takes a list of tables, at least one")])
    return [_resolved(context.at_path(place), each) for place, each in enumerate(written)]


def _resolved(context: ResolutionContext, written: Any) -> Table:  # noqa: ANN401  YAML
    try:
        return table_of(context.resolve_value(written))
    except InvalidInput as error:
        faults = error.details
    raise refusal(context, faults)

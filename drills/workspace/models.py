"""Reads a YAML file into a pydantic model; reports all problems at once, with their lines and what would be right."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from drills.errors import InvalidFiles, Problem
from drills.model.playbook import kebab
from drills.nearest import suggest
from drills.workspace.yaml_lines import Document, YamlPath, dotted, read_document

#: The newest version of each file format that this program reads.
NEWEST_FORMAT = 1

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Loaded(Generic[M]):
    """A file as a model; `model` is None exactly when there are problems."""

    document: Document
    model: M | None
    problems: tuple[Problem, ...]

    def require(self) -> M:
        """The model. Raises InvalidFiles with every problem of the file."""
        if self.model is None:
            raise InvalidFiles(self.problems)
        return self.model


def load_model(path: Path, model: type[M], *, shown_as: str | None = None, **given: Any) -> Loaded[M]:
    """Read `path` as `model`; `given` are values that do not come from the file (a scenario's name)."""
    return build(read_document(path, shown_as), model, **given)


def build(document: Document, model: type[M], **given: Any) -> Loaded[M]:
    """The same for a document that has been read."""
    problems = document.problems or tuple(_unusable(document))
    if problems:
        return Loaded(document, None, problems)
    built, problems = build_at(document, (), document.data | given, model)
    return Loaded(document, built, problems)


def build_at(
    document: Document, yaml_path: YamlPath, data: Any, model: type[M]
) -> tuple[M | None, tuple[Problem, ...]]:
    """A model from a part of a document; `yaml_path` is where that part stands."""
    try:
        return model.model_validate(data), ()
    except ValidationError as error:
        details = error.errors(include_url=False)
        # A list whose only items are wrong counts as empty: what is wrong with them says it all.
        details = [each for each in details if each["type"] != "too_short" or not _parts_are_wrong(each, details)]
        return None, tuple(dict.fromkeys(_problem(document, yaml_path, detail, model) for detail in details))


def _parts_are_wrong(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    around = detail["loc"]
    return any(len(each["loc"]) > len(around) and each["loc"][: len(around)] == around for each in details)


def newer_format(document: Document) -> Problem | None:
    """The one problem of a file that was written for a newer version of this program."""
    stated = document.data.get("format") if isinstance(document.data, Mapping) else None
    if isinstance(stated, int) and not isinstance(stated, bool) and stated > NEWEST_FORMAT:
        wrong = f"format {stated} is newer than this version of drills reads ({NEWEST_FORMAT})"
        return Problem(document.file, document.line(("format",)), "format", wrong, "upgrade drills")
    return None


def _unusable(document: Document) -> list[Problem]:
    if document.data is None:
        return [Problem(document.file, 1, "", "is empty", "write its keys as `name: value`")]
    if not isinstance(document.data, Mapping):
        return [Problem(document.file, 1, "", "is not a mapping", "write its keys as `name: value`")]
    newer = newer_format(document)
    return [newer] if newer else []


def _problem(document: Document, yaml_path: YamlPath, detail: ErrorDetails, model: type[BaseModel]) -> Problem:
    location: YamlPath = tuple(part for part in detail["loc"] if isinstance(part, str | int))
    whole = (*yaml_path, *location)
    wrong, right = _words(detail, location, model, document.written(whole))
    return Problem(document.file, document.line(whole), dotted(_as_written(whole)), wrong, right)


def _as_written(yaml_path: YamlPath) -> YamlPath:
    """Without the steps that pydantic adds for itself."""
    return tuple(part for part in yaml_path if not (isinstance(part, str) and ("[" in part or "(" in part)))


def _words(detail: ErrorDetails, location: YamlPath, model: type[BaseModel], written: str | None) -> tuple[str, str]:
    """What is wrong and what would be right; `written` is how a value that is no text stands in the file."""
    kind, context, value = detail["type"], detail.get("ctx") or {}, detail.get("input")
    if kind == "extra_forbidden":
        return "unknown key", suggest(str(location[-1]), keys_of(model, location[:-1]))
    if kind == "missing":
        return "is missing", "write it"
    if kind in ("value_error", "assertion_error"):
        said = str(context.get("error", detail["msg"]))
        wrong, _, right = said.partition("; ")
        return wrong, right
    if kind in ("enum", "literal_error"):
        known = [name.strip("' ") for name in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        return f"{value!r} is not known here", suggest(str(value), known)
    if kind == "too_short" and not value:
        return "is empty", "write at least one"
    if kind in _BOUNDS:
        key, size, side = _BOUNDS[kind]
        return f"{_shown(value)} is too {size}", f"write {context[key]} {side}"
    if kind == "finite_number":
        return f"{_shown(value)} is not a number that can be compared", "write a number"
    if kind == "string_type" and isinstance(value, int | float):
        said = written or str(value)
        is_what = "true or false" if isinstance(value, bool) else "a number"
        return f"{said} is {is_what}, not text", f'write it in quotes: "{said}"'
    if kind in _TYPES:
        return f"{_shown(value)} is not {_TYPES[kind]}", f"write {_TYPES[kind]}"
    if kind == "string_pattern_mismatch":
        pattern = context.get("pattern")
        if pattern == r"^[a-z0-9][a-z0-9-]*$":
            return f"{value!r} is not a name", "use small letters, digits and hyphens"
        return f"{value!r} does not have the right form", f"it must match {pattern}"
    message = detail["msg"]
    return f"{_shown(value)} cannot be used", message[:1].lower() + message[1:]


_BOUNDS = {
    "greater_than": ("gt", "small", "or more, but not that itself"),
    "greater_than_equal": ("ge", "small", "or more"),
    "less_than": ("lt", "large", "or less, but not that itself"),
    "less_than_equal": ("le", "large", "or less"),
}
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "datetime_type": "a date and time such as 2026-11-21T14:00",
    "datetime_parsing": "a date and time such as 2026-11-21T14:00",
    "datetime_from_date_parsing": "a date and time such as 2026-11-21T14:00",
}


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else repr(value)


def keys_of(model: type[BaseModel], location: YamlPath) -> list[str]:
    """The keys that may be written at a location inside a model."""
    here: Any = model
    for part in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = {field.alias or kebab(name): field for name, field in here.model_fields.items()}
            fields |= here.model_fields
            if part not in fields:
                return []
            here = _plain(fields[str(part)].annotation)
        else:
            inner = [each for each in get_args(here) if each is not Ellipsis]
            here = _plain(inner[-1]) if inner else None
    if isinstance(here, type) and issubclass(here, BaseModel):
        return [field.alias or kebab(name) for name, field in here.model_fields.items()]
    return []


def _plain(annotation: Any) -> Any:
    """Without Annotated and Optional."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            annotation = next(each for each in get_args(annotation) if each is not type(None))
        else:
            return annotation

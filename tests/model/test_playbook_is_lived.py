"""Nothing in a playbook is dead: whatever the five files write is read by code outside of validation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

import drills
from drills.included import included_root
from drills.model import playbook as model
from drills.workspace.workspace import Workspace

PACKAGE = Path(drills.__file__).parent
#: What reads and checks the files, and the model itself, is no use of them.
NO_USE = {PACKAGE / "workspace", PACKAGE / "model" / "playbook.py"}
#: Who wrote a figure down where is for people who read the file; the version is for its reader.
FOR_READERS = {"format", "document"}


def written(value: object) -> Iterator[tuple[str, str]]:
    """The model and the name of every field that is written in a value."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield type(value).__name__, name
            yield from written(getattr(value, name))
    elif isinstance(value, dict):
        for part in value.values():
            yield from written(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from written(part)


@cache
def read_names() -> frozenset[str]:
    """Every attribute that code outside of validation reads."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if NO_USE & {path, *path.parents}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
    return frozenset(found)


WORKSPACE = Workspace.load(included_root())
FIELDS = sorted({field for name in WORKSPACE.playbooks for field in written(WORKSPACE.playbook(name))})


#: Goals are judged over a history, not in a drill.
OF_HISTORY = {
    "action_items_in_time_share",
    "false_positive_share",
    "mtta",
    "mttr",
    "pages_per_week",
    "post_mortem_share",
    "runbook_coverage_share",
    "runbook_tested_every",
}


@pytest.mark.parametrize(("owner", "field"), [each for each in FIELDS if each[1] not in FOR_READERS | OF_HISTORY])
def test_a_field_that_is_written_is_read(owner: str, field: str) -> None:
    assert field in read_names(), f"{owner}.{field} is written in a playbook, and nothing reads it"


def test_the_five_files_write_most_of_what_can_be_written() -> None:
    """So that the test above looks at the whole model, not at a part of it."""
    models = [each for each in vars(model).values() if isinstance(each, type) and issubclass(each, model.Model)]
    every = {(each.__name__, name) for each in models for name in each.model_fields if each is not model.Model}
    unwritten = every - set(FIELDS)
    assert unwritten == {("BusinessTime", "country"), ("BusinessTime", "region")}

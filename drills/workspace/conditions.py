"""Checks of conditions in files: whether they are valid CEL, and whether they use only names that are known there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from drills.errors import Problem
from drills.model.conditions import ConditionError, compile_condition
from drills.nearest import suggest
from drills.workspace.yaml_lines import Document, YamlPath

#: Characters of a condition that a message shows.
_SHOWN = 200
#: What a scenario's abort condition may ask of the machine.
HOST_NAMES = frozenset({"memory_free", "disk_free", "load"})


def check_condition(
    document: Document, yaml_path: YamlPath, text: str, known: Collection[str], *, what: str, loops: bool = False
) -> Iterator[Problem]:
    """Problems of one condition; `what` says what its names are (`a metric`).

    `loops` says that it is evaluated where it can be ended, so that it may have macros and regular expressions.
    """
    try:
        condition = compile_condition(text)
    except ConditionError as error:
        right = "write CEL, such as `error_rate > 0.05` (a share: 5 % is 0.05)"
        yield document.problem(yaml_path, f"{_shown(text)} is not a condition ({_shortly(str(error))})", right)
        return
    if condition.loops and not loops:
        wrong = f"{_shown(text)} has a loop or a regular expression, which only a probe's conditions may have"
        yield document.problem(yaml_path, wrong, "write the comparisons out, joined by && and ||")
    for name in sorted(condition.free_names - set(known)):
        yield document.problem(yaml_path, f"{name!r} is not {what}", suggest(name, known))


def check_abort(document: Document, yaml_path: YamlPath, text: str) -> Iterator[Problem]:
    """The same for a condition on the machine (`host.memory_free < 0.05`)."""
    yield from check_condition(document, yaml_path, text, ("host",), what="known here")
    for name in re.findall(r"\bhost\.(\w+)", text):
        if name not in HOST_NAMES:
            yield document.problem(yaml_path, f"'host.{name}' is not measured", suggest(name, HOST_NAMES))


def _shown(text: str) -> str:
    """The condition as it was written, its beginning only if it is long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _shortly(message: str) -> str:
    """The parser's first complaint with its column, without the list of all that it would have accepted."""
    found = re.search(r"<input>:\d+:(\d+): (?:Syntax error: )?(.*?)(?: expecting .*| ERROR: .*)?$", message)
    return f"column {found[1]}: {found[2].strip()}" if found else message

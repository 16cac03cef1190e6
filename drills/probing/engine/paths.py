"""Paths in the text of a condition: `json.orders[0].total`, `headers['x-a']`; and following them into values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from drills.model.conditions import Condition

_PATH = re.compile(r"""(?<![\w.'"])[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*(?!\w*\()|\[(?:\d+|'[^']*'|"[^"]*")\])*(?!\w*\()""")
_STEP = re.compile(r"""\.(\w+)|\[(?:(\d+)|'([^']*)'|"([^"]*)")\]""")
_STRINGS = re.compile(r"""(\[(?:'[^']*'|"[^"]*")\])|'[^']*'|"[^"]*\"""")

#: What a path leads to when a step of it is not there.
GONE = object()


def paths(text: str) -> list[str]:
    """The paths that a condition's text mentions, in order, each once: `json.orders`, `headers['x-a']`."""
    bare = _STRINGS.sub(lambda match: match[1] or "''", text)
    found = [match.group() for match in _PATH.finditer(bare)]
    return [path for path in dict.fromkeys(found) if path not in {"true", "false", "null", "in"}]


def fields_of(name: str, conditions: Iterable[Condition]) -> frozenset[str] | None:
    """The fields of `name` that these conditions mention; None when one of them may mention any."""
    fields = set()
    for condition in conditions:
        for path in paths(condition.text):
            if root(path) == name:
                step = _STEP.match(path, len(name))
                if step is None or step[2]:
                    return None
                fields.add(step[1] or step[3] or step[4])
    return frozenset(fields)


def root(path: str) -> str:
    """The variable that a path begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def walk(path: str, values: Mapping[str, Any]) -> Any:
    """What the path leads to, or GONE."""
    return GONE if first_gone(path, values) else _steps(path, values)[-1][1]


def first_gone(path: str, values: Mapping[str, Any]) -> str:
    """The path up to the first step that is not there; empty when all are."""
    return next((way for way, value in _steps(path, values) if value is GONE), "")


def _steps(path: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    way = root(path)
    value = values.get(way, GONE)
    steps = [(way, value)]
    for match in _STEP.finditer(path, len(way)):
        key: Any = int(match[2]) if match[2] else match[1] or match[3] or match[4]
        way += match.group()
        try:
            value = value[key]
        except (LookupError, TypeError):
            value = GONE
        steps.append((way, value))
        if value is GONE:
            break
    return steps

"""Why a condition does not hold, in the words of a person: "status 503, not 200", "2.31 s, over 2 s"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drills.core.conditions import Condition, ConditionError, compile_condition

_LITERAL = r"""-?\d+(?:\.\d+)?|'[^']*'|"[^"]*"|true|false|null"""
_COMPARISON = re.compile(rf"\s*(?P<left>[^=<>!&|?]+?)\s*(?P<sign>==|!=|<=|>=|<|>)\s*(?P<right>{_LITERAL})\s*")
_PATH = re.compile(r"""(?<![\w.'"])[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*(?!\w*\()|\[(?:\d+|'[^']*'|"[^"]*")\])*(?!\w*\()""")
_STEP = re.compile(r"""\.(\w+)|\[(?:(\d+)|'([^']*)'|"([^"]*)")\]""")
_STRINGS = re.compile(r"""(\[(?:'[^']*'|"[^"]*")\])|'[^']*'|"[^"]*\"""")
_LONGEST = 60


def why_false(condition: Condition, values: Mapping[str, Any]) -> str:
    """Why it is false for these values."""
    match = _COMPARISON.fullmatch(condition.text)
    if match is None:
        return with_values(condition, values)
    left, sign, right = match["left"], match["sign"], match["right"]
    try:
        actual = compile_condition(left).value(values)
    except (ConditionError, LookupError):
        return with_values(condition, values)
    subject = "" if left == "time.total" else f"{'first byte' if left == 'time.first_byte' else left} "
    shown, limit = (show(actual), right.replace("'", '"'))
    if left.startswith("time."):
        subject, shown, limit = subject.replace("time.", ""), _seconds(actual), f"{float(right):g} s"
    said = {"==": f"not {limit}", "!=": "which it must not be", "<": f"over {limit}", "<=": f"over {limit}"}
    if sign in (">", ">="):
        return f"{subject}{shown}, not {'over' if sign == '>' else 'at least'} {limit}"
    if sign == "<" and isinstance(actual, (int, float)) and actual == float(right):
        return f"{subject}{shown}, not below {limit}"
    return f"{subject}{shown}, {said[sign]}"


def with_values(condition: Condition, values: Mapping[str, Any]) -> str:
    """The condition's text with the values of what it names: `status == 200 || status == 204 (status 503)`."""
    if condition.text in paths(condition.text):
        return f"{condition.text} is {show(_walk(condition.text, values))}"
    named = _shown(condition, values)
    return f"{condition.text} ({', '.join(named)})" if named else f"{condition.text} is false"


def missing(condition: Condition, values: Mapping[str, Any]) -> str:
    """Which path of the condition has no value."""
    for path in paths(condition.text):
        if _root(path) in condition.names and (gone := _first_gone(path, values)):
            return f"{gone} is missing"
    return f"its values cannot be compared: {', '.join(_shown(condition, values)) or 'it names none'}"


def paths(text: str) -> list[str]:
    """The paths that a condition's text mentions, in order, each once: `json.orders`, `headers['x-a']`."""
    bare = _STRINGS.sub(lambda match: match[1] or "''", text)
    found = [match.group() for match in _PATH.finditer(bare)]
    return [path for path in dict.fromkeys(found) if path not in {"true", "false", "null", "in"}]


def show(value: Any) -> str:
    """A value, short enough for one line."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, str):
        line = " ".join(value.split())
        return f'"{line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"}"'
    if isinstance(value, (list, tuple)):
        return f"of {len(value)} elements"
    if isinstance(value, Mapping):
        return f"with {', '.join(sorted(str(key) for key in value)[:5]) or 'no fields'}"
    return str(value)


_GONE = object()


def _shown(condition: Condition, values: Mapping[str, Any]) -> list[str]:
    return [f"{path} {show(value)}" for path in paths(condition.text) if (value := _walk(path, values)) is not _GONE]


def _seconds(value: Any) -> str:
    return f"{value:.2f} s" if isinstance(value, (int, float)) else show(value)


def _root(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _walk(path: str, values: Mapping[str, Any]) -> Any:
    return _GONE if _first_gone(path, values) else _steps(path, values)[-1][1]


def _first_gone(path: str, values: Mapping[str, Any]) -> str:
    return next((way for way, value in _steps(path, values) if value is _GONE), "")


def _steps(path: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    way = _root(path)
    value = values.get(way, _GONE)
    steps = [(way, value)]
    for match in _STEP.finditer(path, len(way)):
        key: Any = int(match[2]) if match[2] else match[1] or match[3] or match[4]
        way += match.group()
        try:
            value = value[key]
        except (LookupError, TypeError):
            value = _GONE
        steps.append((way, value))
        if value is _GONE:
            break
    return steps

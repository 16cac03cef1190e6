"""Why a condition does not hold, as readable text: "status 503, not 200", "2.31 s, over 2 s"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drills.model.conditions import Condition, ConditionError, compile_condition
from drills.model.durations import humane
from drills.probing.engine.evaluation import Evaluator, NotEvaluated
from drills.probing.engine.paths import GONE, first_gone, paths, root, walk

_LITERAL = r"""-?\d+(?:\.\d+)?|'[^']*'|"[^"]*"|true|false|null"""
_COMPARISON = re.compile(rf"(?P<left>[^=<>!&|?]+)(?P<sign>==|!=|<=|>=|<|>)\s*(?P<right>{_LITERAL})\s*")
_LONGEST = 60


async def why_false(condition: Condition, values: Mapping[str, Any], evaluator: Evaluator) -> str:
    """Why it is false for these values."""
    match = _COMPARISON.fullmatch(condition.text)
    if match is None:
        return with_values(condition, values)
    left, sign, right = match["left"].strip(), match["sign"], match["right"]
    try:
        actual = await evaluator.value(compile_condition(left), values)
    except (ConditionError, LookupError, NotEvaluated):
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
        return f"{condition.text} is {show(walk(condition.text, values))}"
    named = _shown(condition, values)
    return f"{condition.text} ({', '.join(named)})" if named else f"{condition.text} is false"


def missing(condition: Condition, values: Mapping[str, Any]) -> str:
    """Which path of the condition has no value."""
    for path in paths(condition.text):
        if root(path) in condition.names and (gone := first_gone(path, values)):
            return f"{gone} is missing"
    return f"its values cannot be compared: {', '.join(_shown(condition, values)) or 'it names none'}"


def show(value: Any) -> str:
    """A value, short enough for one line."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, str):
        line = " ".join(value.split())
        return f'"{line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"}"'
    if isinstance(value, timedelta):
        return humane(value.total_seconds())
    if isinstance(value, (list, tuple)):
        return f"of {len(value)} elements"
    if isinstance(value, Mapping):
        return f"with {', '.join(sorted(str(key) for key in value)[:5]) or 'no fields'}"
    return str(value)


def _shown(condition: Condition, values: Mapping[str, Any]) -> list[str]:
    return [f"{path} {show(value)}" for path in paths(condition.text) if (value := walk(path, values)) is not GONE]


def _seconds(value: Any) -> str:
    return f"{value:.2f} s" if isinstance(value, (int, float)) else show(value)

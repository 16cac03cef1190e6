"""What an earlier step of a journey extracted, put in place of `{{name}}`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from drills.probing.kinds.journey.settings import PLACEHOLDER, JourneyStep


@dataclass(frozen=True, slots=True)
class Filled:
    """What one step sends."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    json: Any

    @classmethod
    def of(cls, step: JourneyStep, extracted: Mapping[str, Any]) -> Filled:
        """Raises KeyError for a name that was not extracted (settings are checked: no earlier step extracts it)."""
        return cls(
            method=step.method,
            url=PLACEHOLDER.sub(lambda match: quote(_text(extracted[match[1]]), safe=""), step.url),
            headers={name: _in_text(value, extracted) for name, value in step.headers.items()},
            body=None if step.body is None else _in_text(step.body, extracted),
            json=_in_json(step.json_, extracted),
        )


def _in_json(value: Any, extracted: Mapping[str, Any]) -> Any:
    """A text that is nothing but a placeholder becomes the value itself: a number stays one."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        return _as_json(extracted[whole[1]]) if whole else _in_text(value, extracted)
    if isinstance(value, dict):
        return {_in_text(key, extracted): _in_json(item, extracted) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_json(item, extracted) for item in value]
    return value


def _in_text(text: str, extracted: Mapping[str, Any]) -> str:
    return PLACEHOLDER.sub(lambda match: _text(extracted[match[1]]), text)


def _as_json(value: Any) -> Any:
    """What CEL gave as JSON can hold it: durations, times, bytes and what is no number are texts."""
    if isinstance(value, dict):
        return {_text(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else _text(value)


def _text(value: Any) -> str:
    """A value within a text: as JSON writes it, but for a text itself, and a whole number without a fraction."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or isinstance(value, bool | dict | list | tuple):
        return json.dumps(_as_json(value), ensure_ascii=False)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

"""Conditions in CEL (Common Expression Language), with an honest *unknown*.

A condition is compiled once and evaluated often. What it names and nobody could measure makes it unknown, never
false: NaN and absent values are removed before CEL sees them, and an evaluation that needs them gives `None`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cel


class ConditionError(ValueError):
    """The text is not a CEL expression; the message is one line and tells where."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `names` are the variables that it mentions."""

    text: str
    names: frozenset[str]
    _program: Any = field(repr=False, compare=False)

    def holds(self, values: Mapping[str, Any]) -> bool | None:
        """Whether it holds for these values; None when a value that it needs is missing or not comparable."""
        bound = {name: values[name] for name in self.names if name in values and not _is_nan(values[name])}
        if not self.names <= bound.keys() and not bound:
            return None if self.names else bool(self._program.execute({}))
        try:
            result = self._program.execute(bound)
        except (TypeError, ValueError, RuntimeError, KeyError, OverflowError):
            return None
        return result if isinstance(result, bool) else None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


@lru_cache(maxsize=4096)
def compile_condition(text: str) -> Condition:
    """Compile a CEL condition. Raises ConditionError with one line that says where it is wrong."""
    try:
        program = cel.compile(text)
    except (ValueError, TypeError) as error:
        raise ConditionError(" ".join(str(error).split())) from None
    return Condition(text, frozenset(program.variables()), program)

"""Conditions in CEL (Common Expression Language), with an honest *unknown*.

A condition is compiled once and evaluated often. What it names and nobody could measure makes it unknown, never
false: NaN and absent values are removed before CEL sees them, and an evaluation that needs them gives `None`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cel

#: All that the evaluator raises for a value that is missing, too large, or of a kind that cannot be compared.
_CANNOT_TELL = (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError)


class ConditionError(ValueError):
    """The text is not a CEL expression; the message is one line and tells where."""


_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `names` are the variables that it mentions (also those that a macro binds)."""

    text: str
    names: frozenset[str]
    _program: Any = field(repr=False, compare=False)

    @property
    def free_names(self) -> frozenset[str]:
        """The names that must be given from outside: without those that a macro (`all`, `exists`, …) binds itself."""
        return self.names - frozenset(_BOUND.findall(self.text))

    def holds(self, values: Mapping[str, Any]) -> bool | None:
        """Whether it holds for these values; None when a value that it needs is missing or not comparable."""
        try:
            result = self.value(values)
        except LookupError:
            return None
        return result if isinstance(result, bool) else None

    def value(self, values: Mapping[str, Any]) -> Any:
        """What the expression gives. Raises LookupError when a value is missing or of the wrong kind."""
        bound = {}
        for name in self.names:
            if name in values:
                value = values[name]
                if type(value) is not float or not math.isnan(value):
                    bound[name] = value
        try:
            return self._program.execute(bound)
        except _CANNOT_TELL as error:
            raise LookupError(str(error)) from None


@lru_cache(maxsize=4096)
def compile_condition(text: str) -> Condition:
    """Compile a CEL condition. Raises ConditionError with one line that says where it is wrong."""
    try:
        program = cel.compile(text)
    except (ValueError, TypeError) as error:
        raise ConditionError(_one_line(str(error))) from None
    return Condition(text, frozenset(program.variables()), program)


def _one_line(message: str) -> str:
    """The parser's message without its drawing of the place, which needs several lines."""
    return " ".join(line.strip() for line in message.splitlines() if not line.startswith("|"))

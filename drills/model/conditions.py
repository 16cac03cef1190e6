"""Conditions in CEL (Common Expression Language) that are *unknown* when a value is missing.

A condition is compiled once and evaluated often. A value that it needs and nobody measured makes it unknown, never
false: NaN and absent values are removed before CEL sees them, and an evaluation that needs them gives `None`.

The parser and the evaluator run in native code that holds the interpreter's lock: neither a signal, a time-out nor
another thread can end them. So a text is bounded before it is parsed, and `is_cheap` says what may be evaluated where
nothing may stand still; `drills.probing.engine.evaluation` evaluates the rest where it can be ended.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

#: All that the evaluator raises for a value that is missing, too large, or of a kind that cannot be compared.
_CANNOT_TELL = (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError)


#: Characters of a condition. The parser recurses once for each operator: 60,000 characters end in a SIGSEGV.
LONGEST = 4000
#: What a cheap condition may check: characters of its text, and values or 256-character pieces of strings.
_CHEAP_TEXT = 256
_CHEAP_VALUES = 2000
_SCALARS = frozenset({bool, int, float, type(None)})
#: Functions that only loops use, and the one whose cost is the pattern's size times the text's.
_UNBOUNDED = frozenset({"@not_strictly_false", "matches"})
#: These macros are parsed into `_+_`, which a plain addition is, too.
_ADDING_MACRO = re.compile(r"map|filter|exists")


class ConditionError(ValueError):
    """The text is not a CEL expression; the message is one line and says where."""


_TOO_DEEP = re.compile(r"Recursion limit of (\d+) exceeded")
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `names` are the variables that it mentions (also those that a macro binds).

    `loops` says that it has a macro (`all`, `exists`, `exists_one`, `map`, `filter`) or a regular expression
    (`matches`): its cost is then not bounded by its length and that of the values.
    """

    text: str
    names: frozenset[str]
    loops: bool
    _program: Any = field(repr=False, compare=False)

    @property
    def free_names(self) -> frozenset[str]:
        """The names that must be given from outside: without those that a macro (`all`, `exists`, …) binds itself."""
        return self.names - frozenset(_BOUND.findall(self.text))

    def is_cheap(self, values: Mapping[str, Any]) -> bool:
        """Whether evaluating it for these values takes less than some milliseconds, whatever they are."""
        if self.loops or len(self.text) > _CHEAP_TEXT:
            return False
        left = _CHEAP_VALUES
        for name in self.names:
            value = values.get(name)
            left = left - 1 if type(value) in _SCALARS else _left_after(value, left)
        return left > 0

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


def compile_condition(text: str) -> Condition:
    """Compile a CEL condition. Raises ConditionError with one line that says where it is wrong."""
    return _compiled(text) if len(text) > _CHEAP_TEXT else _compiled_once(text)


def _compiled(text: str) -> Condition:
    if len(text) > LONGEST:
        raise ConditionError(f"it has {len(text)} characters; at most {LONGEST} are read")
    try:
        # It loads its own command line too, with prompt_toolkit: 0.15 s, which only conditions should cost.
        import cel

        program = cel.compile(text)
    except (ValueError, TypeError) as error:
        message = str(error)
        if found := _TOO_DEEP.search(message):
            raise ConditionError(f"it is nested too deeply; at most {found[1]} levels are read") from None
        raise ConditionError(_one_line(message)) from None
    functions = frozenset(program.functions())
    loops = not functions.isdisjoint(_UNBOUNDED) or ("_+_" in functions and bool(_ADDING_MACRO.search(text)))
    return Condition(text, frozenset(program.variables()), loops, program)


#: A program takes some hundred times its text: long ones are kept by those who use them only.
_compiled_once = lru_cache(maxsize=4096)(_compiled)


def _left_after(value: Any, left: int) -> int:
    """What is left of the allowance `left` after this value; counting ends when nothing is."""
    left -= 1
    if type(value) in _SCALARS:
        return left
    if isinstance(value, str | bytes):
        return left - len(value) // 256
    if isinstance(value, Mapping):
        for key, item in value.items():
            if left <= 0:
                break
            left = _left_after(item, left - len(str(key)) // 256)
    elif isinstance(value, list | tuple):
        for item in value:
            if left <= 0:
                break
            left = _left_after(item, left)
    return left


def _one_line(message: str) -> str:
    """The parser's message without its marked source text, which needs several lines."""
    return " ".join(line.strip() for line in message.splitlines() if not line.startswith("|"))

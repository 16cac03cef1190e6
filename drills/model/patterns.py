"""Regular expressions that people write: run by RE2, whose cost grows with the text and never explodes.

Python's `re` needs longer than a lifetime for `(a+)+$` on forty characters and cannot be interrupted meanwhile; no
time-out, limit or kill switch holds while it runs. RE2 (google/re2, its wiki page "Syntax") takes time in proportion
to the size of the pattern times the length of the text, and lets other threads run. For that it lacks look-around and
backreferences; a pattern that needs what it lacks is refused with what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import re2

#: Instructions of a compiled pattern; a repetition multiplies what it repeats. On 256,000 characters, more than a
#: probe or a step keeps, so large a pattern took 3 s at worst (with RE2's slow matcher), an ordinary one 5 ms.
LARGEST = 1_500

#: What RE2 lacks, by the beginning of what it reports; patterns were tried with release 2025-11-05.
_LACKING = (
    (r"invalid perl operator: \(\?(=|!|<=|<!)", "looks ahead or behind", "write what stands there into the pattern"),
    (r"invalid perl operator: \(\?\(", "depends on a group", "write both alternatives with |"),
    (r"invalid perl operator: \(\?>", "has an atomic group", "write (?:…), which costs no more here"),
    (r"invalid perl operator: \(\?#", "has a comment", "leave it out"),
    (r"invalid perl operator: \(\?P", "refers back to a group", "write the text that is expected there"),
    (r"invalid perl operator: \(\?", "has a flag that is not known", "use (?i), (?m), (?s) or (?U)"),
    (r"invalid escape sequence: \\[1-9]", "refers back to a group", "write the text that is expected there"),
    (r"invalid escape sequence: \\Z", r"has \Z", r"write \z for the end of the text"),
    (r"invalid escape sequence: \\[uUN]", "names a character by \\u, \\U or \\N", r"write the character, or \x{20AC}"),
    (r"bad repetition operator: [*+?}]\+$", "has a possessive repetition", "leave the second + out"),
    (r"invalid repetition size", "repeats something more than 1,000 times", "use * or +"),
    (r"pattern too large", "is too large", "repeat less"),
)
#: Python reads `a{,3}` as "at most three"; RE2 as these very characters, which nobody means.
_OPEN_COUNT = re.compile(r"\{,(\d+)\}")


class PatternError(ValueError):
    """The text cannot be used as a regular expression; one line: what is wrong; what would be right."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression. `source` is as it was written."""

    source: str
    _program: Any

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere. `$` stands for the end of the text, or before its last line feed, as in Python.

        Time is bounded (see LARGEST) but may be seconds for a hostile pattern and a long text: from an event loop, call
        it by `asyncio.to_thread`, since RE2 lets other threads run.
        """
        if self._program.search(text) is not None:
            return True
        return text.endswith("\n") and self._program.search(text[:-1]) is not None


def compile_pattern(source: str) -> Pattern:
    """Raises PatternError for what is no regular expression, or one that RE2 cannot run in bounded time."""
    options = re2.Options()
    options.log_errors = False
    open_count = _OPEN_COUNT.search(source)
    if open_count is not None:
        raise PatternError(f"{open_count[0]} is not supported; write {{0,{open_count[1]}}}")
    try:
        program = re2.compile(source, options=options)
    except UnicodeEncodeError:
        raise PatternError("holds half of a character (a surrogate); write the whole character") from None
    except re2.error as error:
        raise PatternError(_explain(error)) from None
    if program.programsize > LARGEST:
        raise PatternError(f"is too large ({program.programsize} instructions, at most {LARGEST}); repeat less")
    return Pattern(source, program)


def _explain(error: Exception) -> str:
    said = str(error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error)
    for beginning, wrong, right in _LACKING:
        if re.match(beginning, said):
            return f"{wrong}, which is not supported; {right}"
    return f"not a regular expression ({said}); the notation is that of RE2"

"""Commands as patterns see them: what a responder ran, and what repairs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from fnmatch import fnmatchcase

_PREFIX = "drills sandbox "
_SPECIAL = re.compile(r"([*?\[])")
#: Commands of the sandbox that change nothing, though a step that changes something may run them too.
_ONLY_LOOKING = frozenset({"certificate", "health", "logs", "releases", "report", "status"})


def commands_of(text: str) -> tuple[str, ...]:
    """The commands of a text, with single spaces, in lower case: what follows each 'drills sandbox'.

    Where it has none, each of its lines is a command.
    """
    found = []
    lines = text.splitlines()
    ours = any(_PREFIX in line for line in lines)
    for line in lines:
        for piece in line.split(_PREFIX)[1:] if ours else (line,):
            words = " ".join(_words(piece)).lower()
            if words:
                found.append(words)
    return tuple(found)


def remedies_in(text: str) -> tuple[str, ...]:
    """Patterns of the commands of a runbook's changing step, each of that command alone."""
    return tuple(
        _SPECIAL.sub(r"[\1]", command) for command in commands_of(text) if command.split()[0] not in _ONLY_LOOKING
    )


def is_like(commands: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether one of these commands is matched by one of the patterns, as a whole."""
    return any(fnmatchcase(command, pattern) for command in commands for pattern in patterns)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()

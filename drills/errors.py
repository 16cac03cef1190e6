"""The errors that users meet; the command line turns each into one line and an exit code.

DrillsError
├── BadInput              what the user wrote cannot be used                       exit 2
│   ├── InvalidFiles      a workspace's files, every problem with its line
│   └── NotAllowed        who asks may not see or do this, or not now
├── EnvironmentFailed     the sandbox, a port, the disk, the traffic generator     exit 3
│   ├── SandboxBusy       another runner holds the sandbox
│   ├── NotSupported      this sandbox driver cannot do what was asked
│   └── NotReady          a change was made, and the service does not answer with it
├── UndoOwed              something that a drill changed is not undone yet           exit 4
└── Aborted               a person, or the kill switch, ended the drill            exit 5
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means; documented in the README."""

    ALL_MET = 0
    LIMIT_MISSED = 1
    BAD_INPUT = 2
    NOT_VALID = 3
    UNDO_OWED = 4
    ABORTED = 5
    INTERRUPTED = 130


class DrillsError(Exception):
    """Base of every error that is shown to a user as one line."""

    exit_code: ExitCode = ExitCode.NOT_VALID


class BadInput(DrillsError):
    """What the user wrote cannot be used; the message says what would be right."""

    exit_code = ExitCode.BAD_INPUT


#: Characters of each part of a message: what people wrote is shown, but not all of a text of a megabyte.
_LONGEST = 400
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str, longest: int = _LONGEST) -> str:
    """The text without line breaks and other control characters; of a long one its beginning and its end."""
    text = text if len(text) <= longest else f"{text[: longest * 3 // 4]} … {text[-longest // 4 :]}"
    return _BREAKS.sub(" ", text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file. `str()` gives `file:line: field: what is wrong; what would be right`."""

    file: str
    line: int
    field: str
    wrong: str
    right: str = ""
    warning: bool = False

    def __str__(self) -> str:
        file = one_line(self.file)
        where = f"{file}:{self.line}: " if self.line else f"{file}: "
        field = f"{one_line(self.field)}: " if self.field else ""
        right = f"; {one_line(self.right)}" if self.right else ""
        mark = "warning: " if self.warning else ""
        return f"{where}{mark}{field}{one_line(self.wrong)}{right}"


class InvalidFiles(BadInput):
    """Files of a workspace that cannot be used; carries every problem, not the first one only."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotAllowed(BadInput):
    """Who asks may not see or do this, or not now; the message says why."""


class EnvironmentFailed(DrillsError):
    """The world around the drill failed: never to be reported as a failed drill."""

    exit_code = ExitCode.NOT_VALID


class SandboxBusy(EnvironmentFailed):
    """Another runner holds this sandbox; the message names it."""


class NotSupported(EnvironmentFailed):
    """The sandbox's driver lacks a capability; the message says which and why."""

    exit_code = ExitCode.BAD_INPUT


class NotReady(EnvironmentFailed):
    """The change was made, and the service does not answer with it (yet)."""


class UndoOwed(DrillsError):
    """A disturbance could not be taken back; `drills recover` tries again."""

    exit_code = ExitCode.UNDO_OWED


class Aborted(DrillsError):
    """A person, the kill switch or an abort condition ended the drill."""

    exit_code = ExitCode.ABORTED

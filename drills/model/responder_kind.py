"""Who can answer a drill; alone in its module, for the command line needs only this at its start."""

from __future__ import annotations

from enum import StrEnum


class ResponderKind(StrEnum):
    RUNBOOK = "runbook"
    PERSON = "person"
    NONE = "none"


def answered_blind(responder: str) -> bool:
    """Whether a drill of the calendar is blind: one that a person answers. Lists, logs and processes do not name it."""
    return responder == ResponderKind.PERSON


#: Set in the environment of a runbook's steps: what they do is told by the step's own event.
STEP_VARIABLE = "DRILLS_RUNBOOK_STEP"

"""Who can answer a drill. The events have it, and options of commands, which load no model of the events."""

from __future__ import annotations

from enum import StrEnum


class ResponderKind(StrEnum):
    RUNBOOK = "runbook"
    PERSON = "person"
    NONE = "none"


def answered_blind(responder: str) -> bool:
    """Whether a drill of the calendar is blind: one that a person answers. Lists, logs and processes do not name it."""
    return responder == ResponderKind.PERSON

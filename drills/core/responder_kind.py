"""Who can answer a drill; alone in its module, for the command line needs only this at its start."""

from __future__ import annotations

from enum import StrEnum


class ResponderKind(StrEnum):
    RUNBOOK = "runbook"
    PERSON = "person"
    NONE = "none"

"""The undo of a whole drill: the sandbox's state before the drill, as a row of the journal.

It is the first row of each drill, so it is settled last. It restores what no single fault's undo covers: what the
responder changed, and the side effects of faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from drills.faults.fault import UndoPlan
from drills.model.events import UndoWritten
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.sandbox import Sandbox
from drills.store.undos import UndoLog

RESTORE_SANDBOX = "restore-sandbox"
STOP_SANDBOX = "stop-sandbox"
_SUMMARY = "bring the sandbox back to its state before the drill"
_DOWN = "take the sandbox down again, which the drill brings up"


@dataclass(frozen=True, slots=True)
class OwedRestore:
    """The row that was written."""

    journal_id: int
    summary: str = _SUMMARY

    def event(self, *, t: float, at: datetime) -> UndoWritten:
        """Its event, which belongs to no single fault."""
        return UndoWritten(t=t, at=at, fault=None, journal_id=self.journal_id, summary=self.summary)


def owe_restore(journal: UndoLog, sandbox: Sandbox, drill_id: str) -> OwedRestore:
    """Commit to the journal that the sandbox's current state must be restored, before the drill changes anything."""
    plan = plan_of(sandbox.fingerprint())
    return OwedRestore(journal.write(drill_id, journal.sandbox_of(drill_id), RESTORE_SANDBOX, _SUMMARY, plan))


def owe_stop(journal: UndoLog, sandbox: Sandbox, drill_id: str) -> OwedRestore | None:
    """Commit that a sandbox which is down now, and is started for the drill, must be stopped afterwards."""
    if sandbox.is_up():
        return None
    return OwedRestore(journal.write(drill_id, journal.sandbox_of(drill_id), STOP_SANDBOX, _DOWN, {}), _DOWN)


def restore(sandbox: Sandbox, plan: UndoPlan) -> tuple[str, ...]:
    """Restore the sandbox; returns what had to be changed. Raises EnvironmentFailed."""
    return sandbox.restore(fingerprint_of(plan))


def plan_of(fingerprint: Fingerprint) -> UndoPlan:
    """The fingerprint as JSON. Raises TypeError for a value that JSON cannot hold."""
    return {name: _plain(part) for name, part in fingerprint.plan().items()}


def fingerprint_of(plan: UndoPlan) -> Fingerprint:
    """The fingerprint that `plan_of` wrote, or version 0.1: equal when its sequences are lists."""
    return Fingerprint.of_plan(plan)


def _plain(value: Any) -> JsonValue:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a fingerprint holds {value!r}, which JSON cannot represent")

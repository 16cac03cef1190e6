"""Applies one fault, in an order that is safe when the runner dies at any point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from drills.errors import BadInput, EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible
from drills.model.events import Event, FaultApplied, FaultFailed, FaultVerified, UndoWritten
from drills.sandbox.sandbox import Sandbox
from drills.store.undos import UndoLog


class MakeEvent(Protocol):
    """Makes an event for a given moment: `t` in seconds since the drill began, `at` in wall time."""

    def __call__(self, *, t: float, at: datetime) -> Event: ...


#: Appends the event to the timeline, stamped with the current time, before it returns.
Emit = Callable[[MakeEvent], None]


def lacking(faults: Iterable[Fault], sandbox: Sandbox) -> str | None:
    """Why this sandbox cannot have one of these faults; None when it can have all of them."""
    for fault in faults:
        if missing := sorted(fault.needs - sandbox.capabilities):
            reasons = [sandbox.unavailable[each] for each in missing if each in sandbox.unavailable]
            why = f": {'; '.join(reasons)}" if reasons else ""
            return f"the {sandbox.driver} sandbox lacks {', '.join(missing)}, needed by {fault.kind}{why}"
        for service, act in fault.affected(sandbox):
            if (refused := sandbox.refusal(service, act)) is not None:
                return f"{fault.kind}: {refused}"
        if (refused := fault.refused(sandbox)) is not None:
            return f"{fault.kind}: {refused}"
    return None


def inject(journal: UndoLog, sandbox: Sandbox, drill_id: str, index: int, fault: Fault, emit: Emit) -> bool:
    """check → undo committed to the journal → apply → verify; an event reports each step.

    `FaultApplied` is sent when applying begins, since its first part may already affect users. False when
    the fault could not be applied; the reason is then on the timeline, and the undo of what was done stays owed.
    """

    def failed(reason: str) -> bool:
        emit(lambda *, t, at: FaultFailed(t=t, at=at, fault=index, reason=reason))
        return False

    if (why_never := lacking((fault,), sandbox)) is not None:
        return failed(why_never)
    summary = fault.summary()
    try:
        fault.check(sandbox)
        plan = fault.undo_plan(sandbox)
        owed = journal.write(drill_id, journal.sandbox_of(drill_id), fault.kind, summary, plan)
        emit(lambda *, t, at: UndoWritten(t=t, at=at, fault=index, journal_id=owed, summary=f"undo: {summary}"))
        emit(lambda *, t, at: FaultApplied(t=t, at=at, fault=index, fault_kind=fault.kind, summary=summary))
        fault.apply(sandbox)
        evidence = fault.verify(sandbox)
    except (FaultImpossible, EnvironmentFailed, BadInput) as reason:
        return failed(str(reason))
    emit(lambda *, t, at: FaultVerified(t=t, at=at, fault=index, evidence=evidence))
    return True

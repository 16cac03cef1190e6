"""Settles owed undos: undo, verify, and only then mark as settled. The caller stores the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drills.daemon_work import start_daemon
from drills.errors import EnvironmentFailed
from drills.faults.registry import FAULTS
from drills.faults.restoring import RESTORE_SANDBOX, STOP_SANDBOX, restore
from drills.model.durations import format_duration
from drills.model.events import UndoFailed, UndoGivenUp, UndoSettled
from drills.sandbox.sandbox import Sandbox
from drills.store.undos import OwedUndo, Undos

#: Seconds for one undo. The slowest, restoring a sandbox of containers, has shorter timeouts of its own; an undo that
#: takes longer than this hangs, and must not block the others.
UNDO_WITHIN = 300.0

#: What to do when the journal names an unknown kind of fault.
_NOT_HERE = "use the version that wrote it, or install the distribution that adds this kind"


class _Hangs(EnvironmentFailed):
    """An undo did not end in time; an immediate second attempt would take as long."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of one owed row. `failed` says why it could not be undone; empty when it is settled.

    `hangs` says that it did not end in time, `given_up` why a person gave it up: it is then no longer owed.
    """

    journal_id: int
    drill_id: str
    summary: str
    changes: tuple[str, ...] = ()
    failed: str = ""
    hangs: bool = False
    given_up: str = ""

    def event(self, *, t: float, at: datetime) -> UndoSettled | UndoFailed | UndoGivenUp:
        """The event that reports it."""
        if self.given_up:
            return UndoGivenUp(
                t=t,
                at=at,
                journal_id=self.journal_id,
                summary=self.summary,
                reason=self.given_up,
                last_failure=self.failed,
            )
        if self.failed:
            return UndoFailed(t=t, at=at, journal_id=self.journal_id, summary=self.summary, reason=self.failed)
        return UndoSettled(t=t, at=at, journal_id=self.journal_id, summary=self.summary, changes=self.changes)


def settle_owed(undos: Undos, sandbox: Sandbox, *, within: float = UNDO_WITHIN) -> list[Settlement]:
    """Undo all that is owed on the sandbox, the last disturbance first. The outcome is not stored yet.

    Never raises for an undo that fails: it stays owed, and the others are still undone. Failed ones are tried a second
    time, because the restoration of the whole sandbox comes last and may have brought back what they need; one that
    did not end `within` that number of seconds is left for a later recovery.
    Running it again, even concurrently in another process, is safe: every undo is idempotent.
    """
    owed = undos.owed()
    disturbances = [row for row in owed if row.kind != STOP_SANDBOX]
    done: dict[int, Settlement] = {}
    for _ in range(2):
        for row in disturbances:
            if row.id not in done or (done[row.id].failed and not done[row.id].hangs):
                done[row.id] = _settle(undos, sandbox, row, within)
        if not _any_failed(done):
            break
    for row in owed:
        if row.kind == STOP_SANDBOX:
            # Nothing can be undone in a sandbox that is down: stop it last, and not while a later recovery must retry.
            waits = _any_failed(done)
            done[row.id] = _waiting(row) if waits else _settle(undos, sandbox, row, within)
    return [done[row.id] for row in owed]


def _any_failed(done: Mapping[int, Settlement]) -> bool:
    return any(settlement.failed for settlement in done.values())


def _waiting(row: OwedUndo) -> Settlement:
    return Settlement(row.id, row.drill_id, row.summary, failed="waits for the other undos")


def _settle(undos: Undos, sandbox: Sandbox, row: OwedUndo, within: float) -> Settlement:
    try:
        changes = _bounded(sandbox, row, within)
    except Exception as error:  # noqa: BLE001 - one failing undo must not prevent the others
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        undos.fail(row.id, reason)
        return Settlement(row.id, row.drill_id, row.summary, failed=reason, hangs=isinstance(error, _Hangs))
    undos.settle(row.id)
    return Settlement(row.id, row.drill_id, row.summary, changes)


def _bounded(sandbox: Sandbox, row: OwedUndo, within: float) -> tuple[str, ...]:
    """Undo in a daemon thread, which is abandoned when it hangs. Raises what the undo raises.

    An abandoned thread is harmless: every undo may run concurrently with others, and more than once.
    """
    outcome = start_daemon(_undo, sandbox, row, name=f"undo-{row.id}")
    try:
        return outcome.result(within)
    except TimeoutError:
        if outcome.done():
            raise
        raise _Hangs(f"it did not end within {format_duration(within)}") from None


def _undo(sandbox: Sandbox, row: OwedUndo) -> tuple[str, ...]:
    if row.kind == RESTORE_SANDBOX:
        return restore(sandbox, row.plan)
    if row.kind == STOP_SANDBOX:
        sandbox.down()
        return ()
    fault = FAULTS.get(row.kind)
    if fault is None:
        raise EnvironmentFailed(
            f"drills does not know how to undo {row.kind}: {FAULTS.broken_as(row.kind) or _NOT_HERE}"
        )
    fault.undo(sandbox, row.plan)
    fault.verify_undone(sandbox, row.plan)
    return ()

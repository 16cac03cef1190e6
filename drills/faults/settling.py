"""Settles what is owed: undo, verify that it is undone, and only then say so. Whoever asked stores what came of it."""

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

#: Seconds for one undo. The slowest, bringing a sandbox of containers back, has time-outs of its own below that; what
#: takes longer hangs, and must not keep the others from being undone.
UNDO_WITHIN = 300.0

#: Why a kind of fault that the journal names is not known.
_NOT_HERE = "use the version that wrote it, or install the distribution that adds this kind"


class _Hangs(EnvironmentFailed):
    """An undo did not end in time; to try it again at once would take as long."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one owed row. `failed` says why it could not be undone; empty when it is settled.

    `hangs` says that it failed for not ending in time, `given_up` why a person gave it up: it is owed no more.
    """

    journal_id: int
    drill_id: str
    summary: str
    changes: tuple[str, ...] = ()
    failed: str = ""
    hangs: bool = False
    given_up: str = ""

    def event(self, *, t: float, at: datetime) -> UndoSettled | UndoFailed | UndoGivenUp:
        """The event that tells it."""
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
    """Undo all that these say is owed on the sandbox, the last disturbance first. What comes of it is not stored yet.

    Never raises for an undo that fails: it stays owed, and the others are still undone. A second pass follows for
    those, because the restoration of the whole sandbox comes last and may have brought back what they needed; one that
    did not end `within` so many seconds is left for a later recovery.
    Running it again, also at the same time in another process, does no harm: every undo is idempotent.
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
            # A sandbox that is down cannot be mended: the others first, also those that a later recovery must retry.
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
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one undo, the others must still be made
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        undos.fail(row.id, reason)
        return Settlement(row.id, row.drill_id, row.summary, failed=reason, hangs=isinstance(error, _Hangs))
    undos.settle(row.id)
    return Settlement(row.id, row.drill_id, row.summary, changes)


def _bounded(sandbox: Sandbox, row: OwedUndo, within: float) -> tuple[str, ...]:
    """Undo in a thread, which is left behind when it hangs: the process may end without it. Raises what the undo does.

    What it still does then does no harm: every undo may run beside others, and again.
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

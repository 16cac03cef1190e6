"""Gives up an undo that can no longer be made: a person does it, and the drill's timeline keeps the reason.

every undo is tried again ──undone after all──► nothing to give up
   └── it fails, and its service is gone ──► given up
   └── it fails, and its service is there ──► refused, unless forced
"""

from __future__ import annotations

from dataclasses import replace

from drills.drill.recovery import RecoveryReport, keep_outcome
from drills.drill.stopping import recover_sandbox
from drills.errors import BadInput, ExitCode, UndoOwed
from drills.faults.service_fault import is_gone
from drills.faults.settling import Settlement
from drills.reporting.report import reports_into
from drills.store.holder import hold
from drills.store.journal import Journal
from drills.store.store import Store
from drills.store.undos import OwedUndo, Undos
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace


def give_up(workspace: Workspace, store: Store, number: int, because: str, *, forced: bool) -> tuple[str, ...]:
    """Settle the undo of that number as given up, after everything that is owed was tried once more.

    `forced` tries nothing, so that it works without an engine or a compose file. Returns what was done, a line for
    each. Raises BadInput for an undo that is not owed here, UndoOwed for one that may still be made, SandboxBusy while
    somebody holds the sandbox.
    """
    name = workspace.config.sandbox.name
    _owed(store, name, number)
    report = RecoveryReport() if forced else recover_sandbox(workspace, store)
    if any(row.journal_id == number for row in report.settled):
        return (*report.lines(), f"undo #{number} was made after all; there is nothing to give up")
    with hold(workspace.state_dir, name, "drills undo give-up"):
        row = _owed(store, name, number)
        if not forced:
            _refuse_what_can_be_made(workspace, row)
        failed: list[str] = []
        _settle(workspace, store, row, because, failed)
    others = replace(report, owed=tuple(line for line in report.owed if not line.startswith(f"#{number} ")))
    return (*others.lines(), *failed, f"undo #{number} given up: {row.summary}")


def exit_code_of(store: Store, sandbox: str) -> ExitCode:
    """Whether something is owed on it."""
    return ExitCode.UNDO_OWED if Journal(store).owed(sandbox) else ExitCode.ALL_MET


def _owed(store: Store, sandbox: str, number: int) -> OwedUndo:
    owed = {row.id: row for row in Journal(store).owed(sandbox)}
    if number not in owed:
        known = ", ".join(f"#{each}" for each in sorted(owed))
        raise BadInput(f"undo #{number} is not owed here; {f'owed: {known}' if known else 'nothing is owed'}")
    return owed[number]


def _refuse_what_can_be_made(workspace: Workspace, row: OwedUndo) -> None:
    service = str(row.plan.get("service") or row.plan.get("in") or "").partition("/")[0]
    if service and is_gone(open_sandbox(workspace, to_recover=True), service):
        return
    why = f"{service} is still there" if service else "it does not concern a single service"
    raise UndoOwed(
        f"undo #{row.id} may still be made, for {why}: {row.last_failure or 'it was not tried yet'}; fix that and run "
        "`drills recover`, or give it up anyway with --force"
    )


def _settle(workspace: Workspace, store: Store, row: OwedUndo, because: str, failed: list[str]) -> None:
    undos = Undos(store.clock.now, [row])
    undos.give_up(row.id, because)
    settlement = Settlement(row.id, row.drill_id, row.summary, failed=row.last_failure, given_up=because)
    record = next((each for each in store.drills() if each.drill_id == row.drill_id), None)
    keep_outcome(store, record, row.drill_id, [settlement], undos, reports_into(workspace.reports_dir), failed)

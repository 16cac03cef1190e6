"""Ending drills, undoing what they left, and checking the machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drills.app.access import Act
from drills.errors import BadInput, DrillsError, ExitCode

if TYPE_CHECKING:
    from drills.app.context import Context


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, one fact per line; the exit status is UNDO_OWED while something is owed."""

    lines: tuple[str, ...]
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class Owed:
    """An undo that is owed, by its number in the journal, and how often it was tried without success."""

    number: int
    drill_id: str
    since: datetime
    summary: str
    attempts: int
    last_failure: str


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """Something that drills need from the machine; `fix` says how to fix it if the check failed."""

    name: str
    ok: bool
    says: str
    fix: str


def stop(context: Context, because: str, *, stay_stopped: bool, say: Callable[[str], None] = lambda _: None) -> Done:
    """End the drill that runs on the sandbox and undo everything; with `stay_stopped` nothing starts again.

    `say` is given what is waited for. Raises NotAllowed, EnvironmentFailed when a runner cannot be ended or the switch
    cannot be stored, SandboxBusy when what holds the sandbox is not a drill; and what is wrong with a store that cannot
    be opened, when the drill was nevertheless ended.
    """
    from drills.drill.stopping import stop_everything

    context.require_on_sandbox(Act.STOP)
    with ExitStack() as stack:
        try:
            store = stack.enter_context(context.store())
        except DrillsError:
            for line in end_drills(context.workspace.home, say=say):
                say(line)
            raise
        stopped = stop_everything(context.workspace, store, because, stay_stopped=stay_stopped, say=say)
    return Done(stopped.lines, stopped.exit_code)


def end_drills(folder: Path, *, say: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """End the drill of the workspace that `folder` lies in, whose drills.yaml cannot be read; its runner undoes it.

    For the person at this machine. Returns how it ended; raises EnvironmentFailed when a runner cannot be ended.
    """
    from drills.drill.stopping import end_drills as end
    from drills.workspace.layout import find_root

    return tuple(end(find_root(folder) or folder, say=say))


def resume(context: Context) -> None:
    """Allow drills again. Raises NotAllowed, EnvironmentFailed."""
    from drills.store.switch import KillSwitch

    context.require_on_sandbox(Act.MAINTAIN)
    with context.store() as store:
        KillSwitch(store).resume()


def recover(context: Context) -> Done:
    """Finish every undo that a dead runner still owes, and store its drill as aborted.

    Where the sandbox cannot be opened, the lines say what is owed and why. Raises NotAllowed, SandboxBusy while
    somebody holds the sandbox.
    """
    from drills.drill.stopping import recover_or_say

    context.require_on_sandbox(Act.MAINTAIN)
    with context.store() as store:
        report = recover_or_say(context.workspace, store)
    return Done(report.lines(), ExitCode.UNDO_OWED if report.owed else ExitCode.ALL_MET)


def owed_undos(context: Context) -> tuple[Owed, ...]:
    """What is owed on the sandbox. Raises NotAllowed for a caller who may not know what is broken."""
    from drills.store.journal import Journal

    context.require_on_sandbox(Act.FOLLOW_TRUTH)
    with context.store() as store:
        rows = Journal(store).owed(context.workspace.config.sandbox.name)
    return tuple(
        Owed(row.id, row.drill_id, row.written_at, row.summary, row.attempts, row.last_failure) for row in rows
    )


def give_up(context: Context, number: int, because: str, *, forced: bool) -> Done:
    """Give up an undo that cannot be made any more, after everything that is owed was tried once more.

    `forced` tries nothing. Raises NotAllowed, BadInput without a reason or for an undo that is not owed here, UndoOwed
    for one that may still be made, SandboxBusy while somebody holds the sandbox.
    """
    from drills.drill.giving_up import exit_code_of
    from drills.drill.giving_up import give_up as settle
    from drills.masking.masking import mask
    from drills.model.visible import visible

    context.require_on_sandbox(Act.MAINTAIN)
    if not because.strip():
        raise BadInput("--because: write why it cannot be undone")
    with context.store() as store:
        lines = settle(context.workspace, store, number, mask(visible(because.strip())), forced=forced)
        return Done(lines, exit_code_of(store, context.workspace.config.sandbox.name))


def check_machine(context: Context) -> tuple[MachineCheck, ...]:
    """What drills need of this machine, and whether it is there. Raises NotAllowed."""
    from drills.doctor import examine

    context.require_on_sandbox(Act.MAINTAIN)
    return tuple(MachineCheck(each.name, each.ok, each.says, each.fix) for each in examine(context.workspace))

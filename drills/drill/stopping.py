"""Implements the kill switch: end the running drill, then finish whatever is still owed.

runner ──SIGTERM, SIGCONT──► it undoes its faults ─ended─┐
   └── does not end in time ──SIGKILL──► ended ──────────┴──► leftovers ended, undos made, drill stored as aborted
   ├── the store cannot be written ──► everything is undone anyway; the command says what it could not store
   ├── the sandbox cannot be opened ──► what is owed stays owed, and the command says what to fix
   └── drills.yaml cannot be read ──► the runner ends and undoes; the command says what else it could not clean up
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from drills.drill.recovery import RecoveryReport, recover
from drills.errors import DrillsError, EnvironmentFailed, ExitCode, SandboxBusy
from drills.model.durations import format_duration
from drills.reporting.report import reports_into
from drills.store.copies import fallback_folders
from drills.store.holder import Holder, hold, holder_of
from drills.store.journal import Journal
from drills.store.runner import Runner
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.workspace.sandbox import forget_copy, hold_project, open_sandbox
from drills.workspace.workspace import Workspace, state_dir_of

#: How long a runner has to undo its faults and end, in seconds; then it is killed, and its undos are made here.
PATIENCE = 60.0
#: How long a killed process may take to be gone, in seconds: one that waits for a device goes when that answers.
_UNTIL_GONE = 10.0


@dataclass(frozen=True, slots=True)
class Stopped:
    lines: tuple[str, ...]
    exit_code: ExitCode


def stop_everything(
    workspace: Workspace,
    store: Store,
    why: str,
    *,
    stay_stopped: bool,
    patience: float = PATIENCE,
    say: Callable[[str], None] = lambda _: None,
) -> Stopped:
    """End the drill that runs on the workspace's sandbox and undo everything; with `stay_stopped` nothing starts again.

    Works whether the runner lives (it is asked to end, and undoes its faults), hangs (it is killed after `patience`
    seconds, and its undos are made here) or is dead. `say` is given what is waited for. A store that cannot be written
    prevents no undo: that it could not be written is raised at the end.

    Raises EnvironmentFailed when a runner cannot be ended or the switch cannot be stored, SandboxBusy when what holds
    the sandbox is not a drill.
    """
    unset = _throw(store, why) if stay_stopped else None
    lines = []
    for who, runner in _runners(workspace, store):
        if runner.alive():
            lines.append(_end(who, runner, patience, say))
    report = _or_owed(workspace, store, _recovered)
    lines += report.lines()
    if unset is not None and (unset := _throw(store, why)) is not None:  # the runner may have kept the store locked
        for line in lines:
            say(line)
        raise EnvironmentFailed(f"drills may start again, for the kill switch could not be stored: {unset}")
    return Stopped(tuple(lines), ExitCode.UNDO_OWED if report.owed else ExitCode.ALL_MET)


def end_drills(home: Path, *, patience: float = PATIENCE, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """End what conducts a drill in the workspace of that folder, whose drills.yaml cannot be read.

    A runner that lives knows what it broke and undoes it. Returns how each ended; raises EnvironmentFailed for one that
    cannot be ended.
    """
    holders = [holder_of(path.parent, path.stem) for path in sorted(state_dir_of(home).glob("*.holder"))]
    return [_end(each.who, each.runner, patience, say) for each in holders if each is not None and each.drill]


def recover_or_say(workspace: Workspace, store: Store) -> RecoveryReport:
    """Settle what is owed on the workspace's sandbox. Where it cannot be opened, the report says what stays owed.

    Raises SandboxBusy while somebody holds it, and the error where nothing is owed and a drill is unfinished.
    """
    return _or_owed(workspace, store, recover_sandbox)


def _or_owed(
    workspace: Workspace, store: Store, settle: Callable[[Workspace, Store], RecoveryReport]
) -> RecoveryReport:
    try:
        return settle(workspace, store)
    except SandboxBusy:
        raise
    except DrillsError as error:
        return _not_recovered(workspace, store, error)


def _not_recovered(workspace: Workspace, store: Store, error: DrillsError) -> RecoveryReport:
    """What stays owed for that error. Raises the error when nothing does although a drill is unfinished."""
    name = workspace.config.sandbox.name
    rows = Journal(store).owed(name)
    if not rows and store.running(name) is not None:
        raise error
    return RecoveryReport(owed=tuple(f"#{row.id} {row.summary}: {error}" for row in rows))


def _recovered(workspace: Workspace, store: Store) -> RecoveryReport:
    """Recover once nobody holds the sandbox. Raises SandboxBusy, naming a holder that lives.

    The kernel lets go only when the last thread of a process has ended, some moments after the process seems gone.
    """
    deadline = time.monotonic() + _UNTIL_GONE
    while True:
        try:
            return recover_sandbox(workspace, store)
        except SandboxBusy as error:
            holder = holder_of(workspace.state_dir, workspace.config.sandbox.name)
            if (holder is not None and holder.runner.alive()) or time.monotonic() > deadline:
                raise SandboxBusy(str(error) if holder is None else _not_ended(holder, workspace)) from None
            time.sleep(0.1)


def _throw(store: Store, why: str) -> EnvironmentFailed | None:
    """Set the switch; returns why that failed."""
    try:
        KillSwitch(store).stop(why)
    except EnvironmentFailed as error:
        return error
    return None


def _not_ended(holder: Holder, workspace: Workspace) -> str:
    """Whatever else holds the sandbox is sent no signal: it has broken nothing, or is already undoing."""
    return (
        f"sandbox {workspace.config.sandbox.name} is held by {holder}; `drills stop` ends a running drill only: "
        "wait until it ends, then stop again"
    )


def recover_sandbox(workspace: Workspace, store: Store) -> RecoveryReport:
    """Settle what is owed for the workspace's sandbox. Raises SandboxBusy while somebody holds it."""
    name = workspace.config.sandbox.name
    with hold(workspace.state_dir, name, "drills recover"), hold_project(workspace, to_recover=True):
        reports = reports_into(workspace.reports_dir)
        folders = fallback_folders(workspace.state_dir, workspace.reports_dir)
        sandbox = open_sandbox(workspace, to_recover=True)
        report = recover(store, sandbox, name, workspace.home, reports, folders)
        if not report.owed:
            forget_copy(workspace)
        return report


def _runners(workspace: Workspace, store: Store) -> Iterator[tuple[str, Runner]]:
    """What conducts a drill here, or is about to: one that still settles what an earlier drill owes has no record yet.

    The second is asked for when the first has ended.
    """
    name = workspace.config.sandbox.name
    running = store.running(name)
    if running is not None:
        yield running.drill_id, running.runner
    holder = holder_of(workspace.state_dir, name)
    if holder is not None and holder.drill:
        yield holder.who, holder.runner


def _end(who: str, runner: Runner, patience: float, say: Callable[[str], None]) -> str:
    """Ask a runner to end, wait until it has, and kill it when it does not; returns how it ended.

    Raises EnvironmentFailed when it cannot be killed: it is another user's, or waits for a device.
    """
    process = f"{who} (process {runner.pid})"
    say(f"{process} is asked to undo its faults and end within {format_duration(patience)}")
    # One that is frozen cannot act on a signal. It undoes what it did, so it still gets the time for that.
    _signal(who, runner, signal.SIGTERM)
    _signal(who, runner, signal.SIGCONT)
    if _gone_within(runner, patience):
        return f"{who} ended"
    _signal(who, runner, signal.SIGKILL)
    if _gone_within(runner, _UNTIL_GONE):
        return (
            f"{process} did not end within {format_duration(patience)} and was killed; what it did is undone from here"
        )
    raise EnvironmentFailed(
        f"{process} was killed but does not exit: it is blocked on a disk or another device; "
        "fix that, then run `drills stop` again"
    )


def _signal(who: str, runner: Runner, number: signal.Signals) -> None:
    """Send it to the runner, and never to a later process that got its id."""
    try:
        if hasattr(os, "pidfd_open"):
            handle = os.pidfd_open(runner.pid)  # from here on the id cannot come to mean another process
            try:
                if runner.alive():
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)
        elif runner.alive():
            os.kill(runner.pid, number)
    except ProcessLookupError:
        pass  # It has just ended by itself.
    except PermissionError:
        raise EnvironmentFailed(
            f"{who}: its process {runner.pid} belongs to another user; run `drills stop` as that user"
        ) from None


def _gone_within(runner: Runner, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while runner.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True

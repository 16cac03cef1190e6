"""The kill switch's deed: end the running drill, then finish whatever is still owed."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

from drills.errors import EnvironmentFailed, ExitCode, SandboxBusy
from drills.faults.recovery import RecoveryReport, recover
from drills.reporting.report import reports_into
from drills.sandbox.open import open_sandbox
from drills.store.holder import hold, holder_of
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.workspace.workspace import Workspace

#: How long a runner has to mend what it broke and end, in seconds.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Stopped:
    lines: tuple[str, ...]
    exit_code: ExitCode


def stop_everything(workspace: Workspace, store: Store, why: str, *, stay_stopped: bool) -> Stopped:
    """End the drill that runs on the workspace's sandbox and undo everything; with `stay_stopped` nothing starts again.

    Works whether the runner lives (it is asked to end, and mends by itself) or is dead (its undos are done here).
    Raises EnvironmentFailed when a runner does not end, SandboxBusy when what holds the sandbox is not a drill.
    """
    switch = KillSwitch(store)
    if stay_stopped:
        switch.stop(why)
    lines = []
    running = store.running(workspace.config.sandbox.name)
    if running is not None and running.runner.alive():
        lines.append(_end(running))
    try:
        report = recover_sandbox(workspace, store)
    except SandboxBusy:
        raise SandboxBusy(_not_ended(workspace)) from None
    lines += report.lines()
    return Stopped(tuple(lines), ExitCode.UNDO_OWED if report.owed else ExitCode.ALL_MET)


def _not_ended(workspace: Workspace) -> str:
    """Whatever else holds the sandbox is sent no signal: it has broken nothing, or mends already."""
    name = workspace.config.sandbox.name
    holder = holder_of(workspace.state_dir, name)
    held = f"is held by {holder}" if holder is not None else "was held until just now"
    return f"sandbox {name} {held}; `drills stop` ends a running drill only: wait until it ends, then stop again"


def recover_sandbox(workspace: Workspace, store: Store) -> RecoveryReport:
    """Settle what is owed for the workspace's sandbox. Raises SandboxBusy while somebody holds it."""
    name = workspace.config.sandbox.name
    with hold(workspace.state_dir, name, "drills recover"):
        return recover(store, open_sandbox(workspace), name, workspace.home, reports_into(workspace.reports_dir))


def _end(record: DrillRecord) -> str:
    """Ask a runner to end and wait until it has; it aborts its drill and undoes what it did.

    Raises EnvironmentFailed when it does not end in time, or is another user's.
    """
    try:
        os.kill(record.runner_pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # It has just ended by itself.
    except PermissionError:
        raise EnvironmentFailed(
            f"{record.drill_id}: its process {record.runner_pid} belongs to another user; stop it as that one"
        ) from None
    deadline = time.monotonic() + PATIENCE
    while record.runner.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    if record.runner.alive():
        raise EnvironmentFailed(
            f"{record.drill_id} did not end within {PATIENCE:g} s; "
            f"end process {record.runner_pid} and run `drills recover`"
        )
    return f"{record.drill_id} ended"

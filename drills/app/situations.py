"""What is running now: on a workspace's sandbox, on this machine, and in one drill."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from drills.app.access import IDLE, Moment, Situation
from drills.processes.mark import DRILL

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.store.records import DrillRecord
    from drills.store.store import Store

#: The environment variable that a practice runs with, so that commands in other workspaces know of it.
PRACTICE = "DRILLS_PRACTICE"


def on_sandbox(context: Context) -> Situation:
    """What goes on on this workspace's sandbox. The store is opened only while somebody holds the sandbox."""
    from drills.store.holder import holder_of

    name = context.workspace.config.sandbox.name
    if holder_of(context.workspace.state_dir, name) is None:
        return IDLE
    with context.store() as store:
        record = store.running(name)
    return IDLE if record is None else of_drill(record)


def on_machine(context: Context) -> Situation:
    """The same, and whether somebody practises anywhere on this machine: in a copy of the workspace, for instance."""
    from drills.processes.leftovers import with_variable

    here = on_sandbox(context)
    if here.moment is not Moment.BLIND and (practising := with_variable(PRACTICE)):
        process, _ = practising[0]
        return Situation(Moment.BLIND, f"somebody practises blind on this machine (process {process.pid})")
    return here


def of_drill(record: DrillRecord) -> Situation:
    """What goes on with one drill. One whose runner has died is over, though the store does not know it yet."""
    if record.result != "running" or not record.runner.alive():
        return IDLE
    if record.blind:
        return Situation(Moment.BLIND, f"{record.drill_id} is a blind drill and still going on")
    return Situation(Moment.OPEN, f"{record.drill_id} is still going on")


def running_drill(store: Store, sandbox: str) -> DrillRecord | None:
    """The drill that runs on this sandbox now; for a program that a drill has started, no other than that one."""
    record = store.running(sandbox)
    own = os.environ.get(DRILL)
    return None if record is not None and own and record.drill_id != own else record

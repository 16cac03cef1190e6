"""What marks programs that a drill starts. Alone in its module: faults are read without loading psutil."""

from __future__ import annotations

import secrets

#: The environment variable with the id of the drill that a program belongs to, such as a runbook's step.
DRILL = "DRILLS_DRILL"
#: The one with the folder of its workspace: drills of two workspaces may have the same id. `drills` reads it, too.
WORKSPACE = "DRILLS_WORKSPACE"
#: The one of a runbook's steps: what they do is on the timeline as the step's own event.
RUNBOOK_STEP = "DRILLS_RUNBOOK_STEP"
#: The environment variable of the mark of programs that outlive the runner.
MARK = "DRILLS_BACKGROUND"
#: The one of processes that are a sandbox's own services.
SANDBOX_MARK = "DRILLS_SANDBOX"


def new_mark() -> str:
    """A mark that no other program has, and that nobody can guess a kind of fault from."""
    return secrets.token_hex(8)

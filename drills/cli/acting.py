"""A sandbox command during a drill is an action of the responder: it is put on the drill's timeline."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

from drills.app.situations import running_drill
from drills.cli.places import open_store
from drills.model.responder_kind import STEP_VARIABLE

if TYPE_CHECKING:
    from drills.workspace.workspace import Workspace

#: How much of a command's output is kept as evidence.
KEPT = 4_000


class _Tee(StringIO):
    """Prints and remembers."""

    def __init__(self, through: object) -> None:
        super().__init__()
        self._through = through

    def write(self, text: str) -> int:
        self._through.write(text)  # type: ignore[attr-defined]
        return super().write(text)

    def flush(self) -> None:
        self._through.flush()  # type: ignore[attr-defined]


@contextmanager
def action(workspace: Workspace, *, read_only: bool) -> Iterator[None]:
    """Run a sandbox command; when a drill runs on this sandbox, record the command, its end and what it printed.

    Raises SandboxBusy for one that changes something while another workspace drills the same compose project.
    """
    import time

    import typer

    from drills.errors import DrillsError
    from drills.sandbox.open import refuse_beside
    from drills.store.holder import holder_of

    if not read_only and holder_of(workspace.state_dir, workspace.config.sandbox.name) is None:
        refuse_beside(workspace)
    began = time.monotonic()
    status = 0
    tee = _Tee(sys.stdout)
    original, sys.stdout = sys.stdout, tee
    try:
        yield
    except DrillsError as error:
        status = int(error.exit_code)
        raise
    except typer.Exit as error:
        status = error.exit_code
        raise
    except BaseException as error:
        status = 130 if isinstance(error, KeyboardInterrupt) else 1
        raise
    finally:
        sys.stdout = original
        if not _recorded_otherwise(workspace):
            _record(workspace, read_only, status, time.monotonic() - began, tee.getvalue())


def _recorded_otherwise(workspace: Workspace) -> bool:
    """Whether nobody is interested: no drill runs, or a runbook's step is the evidence (the store is slow to load)."""
    from drills.store.holder import holder_of

    in_runbook = STEP_VARIABLE in os.environ
    return in_runbook or holder_of(workspace.state_dir, workspace.config.sandbox.name) is None


def _record(workspace: Workspace, read_only: bool, status: int, seconds: float, output: str) -> None:
    from drills.clock import SystemClock
    from drills.masking.masking import mask, shown
    from drills.model.events import ActionTaken
    from drills.model.visible import visible
    from drills.responders.typed_commands import typed_command, typed_secrets
    from drills.sandbox.known_secrets import KnownSecrets
    from drills.sandbox.open import open_sandbox

    store = open_store(workspace)
    try:
        drill = running_drill(store, workspace.config.sandbox.name)
        if drill is None:
            return
        clock = SystemClock()
        known = KnownSecrets(open_sandbox(workspace))
        words = [visible(word) for word in sys.argv[1:]]
        secrets = (*known(), *typed_secrets(words, known.names))
        store.append(
            drill.drill_id,
            ActionTaken(
                t=drill.t(clock),
                at=clock.now(),
                command=typed_command(["drills", *words], known.names, secrets),
                read_only=read_only,
                exit_status=status,
                seconds=round(seconds, 3),
                output=mask(visible(shown(output)).strip(), secrets)[:KEPT],
            ),
        )
    finally:
        store.close()

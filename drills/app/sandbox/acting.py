"""The sandbox for those who may operate it, and the record of their actions during a drill."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.app.access import Act
from drills.app.situations import running_drill
from drills.errors import DrillsError, EnvironmentFailed
from drills.processes.mark import RUNBOOK_STEP
from drills.sandbox.read_only import redis_is_read_only as redis_is_read_only
from drills.sandbox.read_only import sql_is_read_only as sql_is_read_only

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.sandbox.sandbox import Sandbox as Sandbox

#: The environment variable that says who types the commands, such as a role of the playbook.
ACTING_AS = "DRILLS_AS"
#: How much of a command's output is kept as evidence, in characters.
KEPT = 4_000


@dataclass(slots=True)
class Evidence:
    """What an action answered, as its surface showed it; the exit status that a command ends with."""

    output: str = ""
    status: int = 0


def open_sandbox(context: Context, *, must_be_up: bool = True) -> Sandbox:
    """The workspace's sandbox. Raises NotAllowed, EnvironmentFailed when it must be up and is not."""
    from drills.workspace.sandbox import open_sandbox as open_of

    context.require_on_sandbox(Act.OPERATE)
    sandbox = open_of(context.workspace)
    if must_be_up:
        require_up(sandbox)
    return sandbox


def require_up(sandbox: Sandbox) -> None:
    """Raises EnvironmentFailed when it is down."""
    if not sandbox.is_up():
        raise EnvironmentFailed("the sandbox is down; start it with `drills sandbox up`, or run a drill")


@contextmanager
def acting(context: Context, words: Sequence[str], *, read_only: bool) -> Iterator[Evidence]:
    """An action on the sandbox for the block; when a drill runs on it, an event of its timeline.

    `words` are the command as one would type it, without `drills`. Secrets in it and in the evidence are not kept.
    Raises NotAllowed; SandboxBusy for one that changes something while another workspace drills the same project.
    """
    context.require_on_sandbox(Act.OPERATE)
    if not read_only and not _is_held(context):
        from drills.workspace.sandbox import refuse_beside

        refuse_beside(context.workspace)
    evidence = Evidence()
    began = time.monotonic()
    try:
        yield evidence
    except DrillsError as error:
        evidence.status = int(error.exit_code)
        raise
    except BaseException as error:
        evidence.status = evidence.status or (130 if isinstance(error, KeyboardInterrupt) else 1)
        raise
    finally:
        # A runbook's step is its own evidence; the store is slow to load.
        if RUNBOOK_STEP not in os.environ and _is_held(context):
            _record(context, words, read_only, evidence, time.monotonic() - began)


def _is_held(context: Context) -> bool:
    """Whether somebody holds the sandbox, such as a drill."""
    from drills.store.holder import holder_of

    workspace = context.workspace
    return holder_of(workspace.state_dir, workspace.config.sandbox.name) is not None


def _record(context: Context, words: Sequence[str], read_only: bool, evidence: Evidence, seconds: float) -> None:
    from drills.masking.masking import mask, shown
    from drills.model.events import ActionTaken
    from drills.model.visible import visible, visible_line
    from drills.responders.typed_commands import typed_command, typed_secrets
    from drills.sandbox.known_secrets import KnownSecrets
    from drills.workspace.sandbox import open_sandbox as open_of

    with context.store() as store:
        drill = running_drill(store, context.workspace.config.sandbox.name)
        if drill is None:
            return
        known = KnownSecrets(open_of(context.workspace))
        typed = [visible(word) for word in words]
        secrets = (*known(), *typed_secrets(typed, known.names))
        store.append(
            drill.drill_id,
            ActionTaken(
                t=drill.t(context.clock),
                at=context.clock.now(),
                command=typed_command(["drills", *typed], known.names, secrets),
                read_only=read_only,
                exit_status=evidence.status,
                seconds=round(seconds, 3),
                output=mask(visible(shown(evidence.output)).strip(), secrets)[:KEPT],
                who=mask(visible_line(os.environ.get(ACTING_AS, "")), secrets)[:100],
            ),
        )

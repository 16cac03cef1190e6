"""Commands of a fault: how an undo plan stores them, and how their results are shown in one line, without secrets."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from drills.errors import EnvironmentFailed
from drills.masking.masking import mask, secrets_in, secrets_of
from drills.model.visible import visible_line
from drills.processes.command import Command
from drills.processes.supervised import CommandEnd
from drills.sandbox.known_secrets import KnownSecrets
from drills.sandbox.sandbox import Sandbox

#: How much of a command's output is searched for its last line, and how long that line may be, in characters.
_TAIL = 16_000
_LONGEST_LINE = 200


def plan_of(command: Command) -> JsonValue:
    """The command as JSON: an undo must not depend on the scenario's file."""
    run: JsonValue = command.run if isinstance(command.run, str) else list(command.run)
    return {"run": run, "limit": command.limit, "environment": dict(command.environment)}


def command_of(plan: JsonValue) -> Command:
    """What `plan_of` wrote."""
    assert isinstance(plan, Mapping)
    run, limit, environment = plan["run"], plan["limit"], plan["environment"]
    assert isinstance(limit, int | float)
    assert isinstance(environment, Mapping)
    return Command(
        tuple(str(word) for word in run) if isinstance(run, list) else str(run),
        float(limit),
        {name: str(value) for name, value in environment.items()},
    )


def masked(sandbox: Sandbox, command: Command, end: CommandEnd) -> CommandEnd:
    """The tail of its output, without secrets of the sandbox, of its environment and of the command itself."""
    typed = command.run if isinstance(command.run, str) else " ".join(command.run)
    secrets = (
        *_known(sandbox),
        *sandbox.commands.secrets(),
        *secrets_of(command.environment),
        *secrets_in(typed),
    )
    return replace(end, output=mask(end.output[-_TAIL:], secrets), why=mask(end.why, secrets))


def _known(sandbox: Sandbox) -> tuple[str, ...]:
    try:
        return KnownSecrets(sandbox)()
    except EnvironmentFailed:
        return ()  # The sandbox cannot be read now; secrets are still masked by their form.


def said(end: CommandEnd) -> str:
    """The last line of its output, shortened where it is too long."""
    lines = [line for each in end.output.splitlines() if (line := visible_line(each))]
    last = lines[-1] if lines else ""
    return last if len(last) <= _LONGEST_LINE else f"… {last[-_LONGEST_LINE:]}"


def failure(end: CommandEnd) -> str | None:
    """Why it failed, in one line; None when it succeeded."""
    if end.status == 0:
        return None
    last = said(end)
    if end.why:
        return end.why
    how = "it did not end in time" if end.timed_out else f"exit status {end.status}{_signal(end.status or 0)}"
    return f"{how}: {last}" if last else how


def _signal(status: int) -> str:
    """The signal that ended it: shells report 128 plus its number."""
    try:
        return f" ({signal.Signals(status - 128).name})"
    except ValueError:
        return ""

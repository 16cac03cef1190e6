"""Commands in containers of the sandbox, and the commands that only one system has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drills.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drills.app.context import Context
    from drills.sandbox.sandbox import Sandbox
    from drills.sandbox.system import CommandGroup as CommandGroup
    from drills.sandbox.system import Option as Option
    from drills.sandbox.system import SystemCommand as SystemCommand


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command printed, without what would steer a terminal, and its exit status.

    `failure` says why it did not end by itself; empty when it did.
    """

    output: str
    status: int
    failure: str = ""


def without_control(text: str) -> str:
    """What a program printed, as a terminal shows it: without what moves the cursor or colours."""
    from drills.masking.masking import shown

    return shown(text)


def require_containers(sandbox: Sandbox, service: str) -> None:
    """Raises BadInput where services are processes of this machine."""
    if not sandbox.commands.in_containers:
        raise BadInput(f"{service} is a process of this machine, not a container: run the command here")


def run_inside(sandbox: Sandbox, service: str, words: Sequence[str], timeout: float) -> CommandAnswer:
    """Run a command in a service's container, for at most `timeout` seconds; no process of it is left."""
    from drills.model.durations import humane
    from drills.processes.command import Command

    end = sandbox.commands.run(Command(tuple(words), timeout), where=service)
    late = f"{words[0]} did not end within {humane(timeout)}; it was ended" if end.timed_out else ""
    return CommandAnswer(without_control(end.output).rstrip("\n"), end.status or 0, end.why or late)


def included_commands() -> tuple[str, Sequence[CommandGroup]]:
    """The included system by its name, and its groups of commands."""
    from drills.sandbox.choice import INCLUDED
    from drills.sandbox.systems import system_of

    return INCLUDED, system_of(INCLUDED).commands


def commands_from_outside() -> Iterator[tuple[str, CommandGroup]]:
    """Pairs of a system's name and a group of its commands, for the systems that other distributions add."""
    from drills.sandbox.systems import SYSTEMS, system_of

    for system in SYSTEMS.outside:
        for group in system_of(system).commands:
            yield system, group


def require_system(context: Context, system: str, group: CommandGroup) -> None:
    """Raises BadInput when the workspace's sandbox is not of that system."""
    config = context.workspace.config.sandbox
    if config.services or config.system != system:
        own = "a compose project of your own" if config.services else f"the system {config.system}"
        raise BadInput(f"drills sandbox {group.name}: only the system {system} has it, and this sandbox is {own}")

"""The commands of `drills sandbox` that only one system has, made from its own declarations."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from drills.app.sandbox.acting import require_up
from drills.app.sandbox.commands import commands_from_outside, included_commands, require_system
from drills.cli.acting import action
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from drills.app.sandbox.commands import CommandGroup, Option, SystemCommand


def register(app: typer.Typer) -> None:
    system, groups = included_commands()
    for group in groups:
        app.add_typer(_app(system, group), name=group.name)


def of_another_system(name: str) -> Any:
    """The group of commands of that name that a system of another distribution has; None when none has."""
    found = _outside().get(name)
    return None if found is None else typer.main.get_command(_app(*found))


def of_other_systems() -> Sequence[str]:
    """The names of all of these."""
    return tuple(_outside())


def _outside() -> Mapping[str, tuple[str, CommandGroup]]:
    """Groups of commands by their names, each with its system."""
    return {group.name: (system, group) for system, group in commands_from_outside()}


def _app(system: str, group: CommandGroup) -> typer.Typer:
    app = typer.Typer(help=group.help, no_args_is_help=True, rich_markup_mode=None)
    # With a callback a group stays one, though it has a single command.
    app.callback()(lambda: None)
    for each in group.commands:
        app.command(each.name, help=each.help, epilog=f"Example: {each.example}")(_typed(system, group, each))
    return app


def _typed(system: str, group: CommandGroup, command: SystemCommand) -> Any:
    """The function whose parameters Typer reads."""

    def run(**given: Any) -> None:
        folder: Path = given.pop("workspace")
        context, sandbox = open_sandbox(folder, must_be_up=False)
        require_system(context, system, group)
        require_up(sandbox)
        with action(context, read_only=command.read_only):
            answer = command.run(sandbox, given)
            for line in answer.lines:
                echo(line)
            if not answer.well:
                raise typer.Exit(1)

    parameters = [_parameter(option) for option in command.options]
    workspace = inspect.Parameter("workspace", inspect.Parameter.KEYWORD_ONLY, default=HERE, annotation=WorkspaceOption)
    run.__signature__ = inspect.Signature([*parameters, workspace])  # type: ignore[attr-defined]
    return run


def _parameter(option: Option) -> inspect.Parameter:
    default = typer.Option(None, help=option.help)
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option.kind)

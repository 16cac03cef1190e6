"""A command in a container of the sandbox, for operators and runbooks."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.opening import open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(
        "exec",
        epilog="Example: drills sandbox exec cache --read-only -- redis-cli INFO memory",
        context_settings={"allow_interspersed_args": False},
    )(exec_)


def exec_(
    service: Annotated[str, typer.Argument(help="A service, or one replica of it: web/2.")],
    words: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The program and its arguments.")],
    timeout: Annotated[float, typer.Option(help="Seconds until the command is killed.", min=0.1, max=3600)] = 30.0,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="The command changes nothing; in a drill it counts as diagnosis.")
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run a command in a service's container. Exit status: that of the command.

    Options come before the service. No process of the command is left in the container.
    """
    from drills.app.sandbox.commands import require_containers, run_inside
    from drills.errors import BadInput, EnvironmentFailed

    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        raise BadInput(f"say what to run: drills sandbox exec {service} -- COMMAND")
    context, sandbox = open_sandbox(workspace)
    require_containers(sandbox, service)
    with action(context, read_only=read_only):
        answer = run_inside(sandbox, service, words, timeout)
        if answer.output:
            echo(answer.output)
        if answer.failure:
            raise EnvironmentFailed(answer.failure)
        if answer.status:
            raise typer.Exit(answer.status)

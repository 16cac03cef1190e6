"""Resource use, limits and the certificate: show and change them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from drills.cli.acting import action
from drills.cli.sandbox.answers import megabytes, print_table
from drills.cli.sandbox.opening import ServiceArgument, open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox stats")(stats)
    app.command(epilog="Example: drills sandbox resize app --memory 768m --cpus 1.5")(resize)
    app.command(epilog="Example: drills sandbox certificate")(certificate)
    app.command(epilog="Example: drills sandbox renew-certificate --days 90")(renew_certificate)


def stats(workspace: WorkspaceOption = HERE) -> None:
    """Show memory, CPU and disk use, restarts and OOM kills per service."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        rows = [
            (
                each.name,
                each.replicas,
                _of(megabytes(each.memory_bytes), None if each.memory_limit is None else megabytes(each.memory_limit)),
                _of(f"{each.cpu:.2f}", None if each.cpu_limit is None else f"{each.cpu_limit:g} cores"),
                "" if each.disk_bytes is None else _of(megabytes(each.disk_bytes), _limit(each.disk_limit)),
                each.restarts,
                each.oom_kills,
                each.pids,
            )
            for each in sandbox.resources.stats()
        ]
        columns = ("service", "replicas", "memory", "cpu", "disk", "restarts", "oom kills", "processes")
        print_table(columns, rows)


def _limit(limit: int | None) -> str | None:
    return None if limit is None else megabytes(limit)


def _of(used: str, limit: str | None) -> str:
    return used if limit is None else f"{used} of {limit}"


def resize(
    service: ServiceArgument,
    memory: Annotated[str | None, typer.Option(help="Limit per replica: 512m, 2g, or a number of megabytes.")] = None,
    cpus: Annotated[float | None, typer.Option(help="CPU cores per replica.", min=0.01, max=1024)] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Change a service's memory or CPU limit."""
    from drills.errors import BadInput

    if memory is None and cpus is None:
        raise BadInput("say what to change: --memory 512m, --cpus 1, or both")
    wanted = None if memory is None else _megabytes_of(memory)
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.resources.resize(service, memory_mb=wanted, cpus=cpus)
        memory_set = [] if wanted is None else [f"{wanted} MB"]
        cores_set = [] if cpus is None else [f"{cpus:g} cores"]
        echo(f"{service}: {', '.join(memory_set + cores_set)}")


def _megabytes_of(text: str) -> int:
    from drills.errors import BadInput

    units = {"": 1, "m": 1, "g": 1024}
    number, unit = (text[:-1], text[-1:].lower()) if text[-1:].isalpha() else (text, "")
    if unit not in units or not number.isdecimal() or not int(number):
        raise BadInput(f"--memory: {text!r} is not a size; write 512m or 2g")
    return int(number) * units[unit]


def certificate(workspace: WorkspaceOption = HERE) -> None:
    """Show the edge's certificate: for which names, by whom, until when. Exit status 1 when it has expired."""
    from datetime import UTC, datetime

    from drills.model.durations import humane

    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        found = sandbox.certificate.read()
        left = (found.not_after - datetime.now(UTC)).total_seconds()
        echo(f"names       {', '.join(found.names)}")
        echo(f"subject     {found.subject}")
        echo(f"issuer      {found.issuer}")
        echo(f"not before  {found.not_before:%Y-%m-%d %H:%M:%S} UTC")
        state = f"{humane(left)} left" if left > 0 else f"EXPIRED {humane(-left)} ago"
        echo(f"not after   {found.not_after:%Y-%m-%d %H:%M:%S} UTC  {state}")
        if left <= 0:
            raise typer.Exit(1)


def renew_certificate(
    days: Annotated[int, typer.Option(help="Days that it is valid.", min=1, max=825)] = 90,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Install a new certificate at the edge and reload it."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=False):
        sandbox.certificate.renew(timedelta(days=days))
        echo(f"a new certificate is in use, valid until {sandbox.certificate.read().not_after:%Y-%m-%d}")

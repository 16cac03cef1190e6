"""Questions to the sandbox: SQL, Redis, logs, health."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.app.sandbox.acting import redis_is_read_only, require_up, sql_is_read_only
from drills.cli.acting import action
from drills.cli.sandbox.answers import print_table, readable
from drills.cli.sandbox.opening import SERVICES, age, folder_for, keep, open_sandbox
from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    pass


def register(app: typer.Typer) -> None:
    example = 'Example: drills sandbox sql "SELECT count(*), state FROM pg_stat_activity GROUP BY state"'
    app.command(epilog=example)(sql)
    app.command(epilog="Example: drills sandbox redis INFO memory")(redis)
    app.command(epilog="Example: drills sandbox logs app database --since 15m --grep ERROR")(logs)
    app.command(epilog="Example: drills sandbox health --all --wait 30s --steady 3s")(health)


def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement, run directly on the database.")],
    timeout: Annotated[float, typer.Option(help="Seconds.", min=0.1, max=3600)] = 30.0,
    service: Annotated[str | None, typer.Option(help="The database; default: the only one.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run one statement on the database, and print its rows."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=sql_is_read_only(statement)):
        columns, rows = sandbox.databases.of(service).sql(statement, timeout=timeout)
        if columns:
            print_table(columns, rows)
        echo(f"({len(rows)} row{'' if len(rows) == 1 else 's'})" if columns else "done")


def redis(
    words: Annotated[list[str], typer.Argument(help="A Redis command and its arguments.")],
    service: Annotated[str | None, typer.Option(help="The cache; default: the only one.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run one Redis command on the cache."""
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=redis_is_read_only(words)):
        echo(readable(sandbox.caches.of(service).command(*words)))


def logs(
    services: Annotated[list[str] | None, typer.Argument(metavar="[SERVICE]...", help=SERVICES)] = None,
    service: Annotated[list[str] | None, typer.Option(help="A service, as an option; may be repeated.")] = None,
    since: Annotated[str | None, typer.Option(help="A duration such as 15m; default: all logs.")] = None,
    grep: Annotated[str | None, typer.Option(help="Only lines that contain this.")] = None,
    lines: Annotated[int, typer.Option(help="The last lines per service, at most this many.", min=1)] = 200,
    output_dir: Annotated[
        Path | None, typer.Option(help="Write whole logs to this folder, one file per service, instead of printing.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Print the logs of services (default: all), or write them to files."""
    from drills.app.sandbox.commands import without_control
    from drills.app.sandbox.questions import known_services

    within = age("--since", since)
    context, sandbox = open_sandbox(workspace, must_be_up=False)
    named = known_services(sandbox, [*(services or ()), *(service or ())])
    require_up(sandbox)
    wanted = named or [status.name for status in sandbox.services.list()]
    with action(context, read_only=True):
        for name in wanted:
            found = list(sandbox.services.logs(name, since=within, grep=grep))
            if output_dir is not None:
                path = folder_for(output_dir) / f"{name.replace('/', '-')}.log"
                keep(path, "".join(f"{line}\n" for line in found), sandbox)
                echo(f"{path}  {len(found)} line{'' if len(found) == 1 else 's'}")
                continue
            for line in map(without_control, found[-lines:]):
                echo(line if len(wanted) == 1 else f"{name:<14} {line}")


def health(
    every: Annotated[bool, typer.Option("--all", help="Every service, not only the health endpoints.")] = False,
    wait: Annotated[str, typer.Option(help="Wait at most this long until everything is healthy.")] = "0s",
    steady: Annotated[str, typer.Option(help="It must stay healthy for this long.")] = "0s",
    output_dir: Annotated[Path | None, typer.Option(help="Also write them to health.txt in this folder.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Check the health endpoints. Exit status 1 when something is unhealthy."""
    from drills.app.sandbox.questions import wait_for_health

    patience, still = _seconds("--wait", wait), _seconds("--steady", steady)
    context, sandbox = open_sandbox(workspace)
    with action(context, read_only=True):
        found = wait_for_health(sandbox, every=every, patience=patience, steady=still)
        shown = [f"{'ok  ' if good else 'FAIL'}  {name:<14} {said}" for name, (good, said) in found.answers.items()]
        echo("\n".join(shown))
        if output_dir is not None:
            keep(folder_for(output_dir) / "health.txt", "\n".join(shown) + "\n", sandbox)
        if not found.well:
            raise typer.Exit(1)


def _seconds(option: str, text: str) -> float:
    within = age(option, text)
    return 0.0 if within is None else within.total_seconds()

"""`drills sandbox …`: operate the sandbox, as runbooks and people do. The same commands on every driver."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.acting import action
from drills.cli.places import HERE, WorkspaceOption, open_workspace
from drills.cli.sandbox_answers import plain, print_services, print_table, readable, shown_settings, whole_state
from drills.sandbox.only_looks import redis_only_looks, sql_only_looks

if TYPE_CHECKING:
    from datetime import timedelta

    from drills.sandbox.protocol import Sandbox
    from drills.workspace.workspace import Workspace

sandbox_app = typer.Typer(
    help="Operate the sandbox: the same commands that runbooks use.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    app.add_typer(sandbox_app, name="sandbox")


ServiceArgument = Annotated[str, typer.Argument(help="app, database, cache, external-api or toxiproxy.")]


def _open(folder: Path, *, must_be_up: bool = True) -> tuple[Workspace, Sandbox]:
    from drills.errors import EnvironmentFailed
    from drills.sandbox.open import open_sandbox

    workspace = open_workspace(folder)
    sandbox = open_sandbox(workspace)
    if must_be_up and not sandbox.is_up():
        raise EnvironmentFailed("the sandbox is down; start it with `drills sandbox up`, or run a drill")
    return workspace, sandbox


@sandbox_app.command(epilog="Example: drills sandbox up")
def up(workspace: WorkspaceOption = HERE) -> None:
    """Start what does not run, and wait until it is ready."""
    place, sandbox = _open(workspace, must_be_up=False)
    began = time.monotonic()
    with action(place, read_only=False):
        sandbox.up()
        print_services(sandbox.services())
        typer.echo(f"up in {time.monotonic() - began:.1f} s: {sandbox.addresses['app']}")


@sandbox_app.command(epilog="Example: drills sandbox down")
def down(workspace: WorkspaceOption = HERE) -> None:
    """End every process of the sandbox, and only those."""
    from drills.store.holder import hold

    place, sandbox = _open(workspace, must_be_up=False)
    with hold(place.state_dir, place.config.sandbox.name, "drills sandbox down"):
        sandbox.down()
    typer.echo("down")


@sandbox_app.command(epilog="Example: drills sandbox status --json")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="The whole state, for comparison.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show services, release, settings and links."""
    place, sandbox = _open(workspace)
    with action(place, read_only=True):
        if as_json:
            typer.echo(json.dumps(whole_state(sandbox.fingerprint()), indent=2, default=plain, sort_keys=True))
            return
        print_services(sandbox.services())
        current = next((release.version for release in sandbox.releases() if release.current), "none")
        typer.echo(f"\nrelease   {current}")
        typer.echo("settings  " + "  ".join(f"{name}={value}" for name, value in shown_settings(sandbox.settings())))
        for link in sandbox.links():
            toxics = ", ".join(f"{toxic.type} {dict(toxic.attributes)}" for toxic in link.toxics) or "no toxics"
            typer.echo(f"link      {link.name}  {'open' if link.enabled else 'CUT'}  {toxics}")


@sandbox_app.command(epilog='Example: drills sandbox sql "SELECT count(*), state FROM pg_stat_activity GROUP BY state"')
def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement, run straight on the database.")],
    timeout: Annotated[float, typer.Option(help="Seconds.", min=0.1, max=3600)] = 30.0,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run one statement on the database, and print its rows."""
    place, sandbox = _open(workspace)
    with action(place, read_only=sql_only_looks(statement)):
        columns, rows = sandbox.sql(statement, timeout=timeout)
        if columns:
            print_table(columns, rows)
        typer.echo(f"({len(rows)} row{'' if len(rows) == 1 else 's'})" if columns else "done")


@sandbox_app.command(epilog="Example: drills sandbox redis INFO memory")
def redis(
    words: Annotated[list[str], typer.Argument(help="A Redis command and its arguments.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run one Redis command on the cache."""
    place, sandbox = _open(workspace)
    with action(place, read_only=redis_only_looks(words)):
        typer.echo(readable(sandbox.redis(*words)))


@sandbox_app.command(epilog="Example: drills sandbox logs app --since 15m --grep ERROR")
def logs(
    service: ServiceArgument,
    since: Annotated[str | None, typer.Option(help="A duration such as 15m; default: all there is.")] = None,
    grep: Annotated[str | None, typer.Option(help="Only lines that contain this.")] = None,
    lines: Annotated[int, typer.Option(help="At most this many, the last ones.", min=1)] = 200,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Print a service's log."""
    age = _age(since)
    place, sandbox = _open(workspace)
    with action(place, read_only=True):
        for line in list(sandbox.logs(service, since=age, grep=grep))[-lines:]:
            typer.echo(line)


@sandbox_app.command(epilog="Example: drills sandbox releases --since 15m")
def releases(
    since: Annotated[str | None, typer.Option(help="Only what was deployed within this duration.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List the app's releases, the last deployed first, and when."""
    from datetime import UTC, datetime

    from drills.core.durations import humane

    age = _age(since)
    place, sandbox = _open(workspace)
    with action(place, read_only=True):
        now = datetime.now(UTC)
        shown = [
            release
            for release in sandbox.releases()
            if age is None or (release.deployed_at is not None and now - release.deployed_at <= age)
        ]
        for release in shown:
            when = f"{humane((now - release.deployed_at).total_seconds())} ago" if release.deployed_at else "never"
            mark = "*" if release.current else " "
            typer.echo(f"{mark} {release.version:<10} deployed {when:<14} {release.summary}")
        if not shown:
            typer.echo("nothing was deployed in that time")


@sandbox_app.command(epilog="Example: drills sandbox deploy 1.1.0")
def deploy(version: Annotated[str, typer.Argument(help="A release.")], workspace: WorkspaceOption = HERE) -> None:
    """Deploy a release of the app."""
    place, sandbox = _open(workspace)
    with action(place, read_only=False):
        sandbox.deploy(version)
        typer.echo(f"release {version} is running")


@sandbox_app.command(epilog="Example: drills sandbox rollback --to 1.0.0")
def rollback(
    to: Annotated[str | None, typer.Option(help="A release; default: the one before.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Go back to the release that ran before."""
    place, sandbox = _open(workspace)
    with action(place, read_only=False):
        typer.echo(f"release {sandbox.rollback(to)} is running")


@sandbox_app.command(epilog="Example: drills sandbox restart database, or: drills sandbox restart all")
def restart(
    service: Annotated[str, typer.Argument(help="A service, or all.")], workspace: WorkspaceOption = HERE
) -> None:
    """Restart one service, or all of them, and wait until they answer."""
    place, sandbox = _open(workspace)
    with action(place, read_only=False):
        sandbox.restart(None if service == "all" else service)
        typer.echo(f"{service} restarted")


@sandbox_app.command(epilog="Example: drills sandbox scale 3")
def scale(
    replicas: Annotated[int, typer.Argument(help="How many replicas of the app; 0 stops it.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run this many replicas of the app."""
    place, sandbox = _open(workspace)
    with action(place, read_only=False):
        sandbox.scale(replicas)
        typer.echo(f"{replicas} replica{'' if replicas == 1 else 's'}")


@sandbox_app.command("set", epilog="Example: drills sandbox set recommendations=off")
def set_(
    changes: Annotated[list[str], typer.Argument(help="NAME=VALUE, one or more.")], workspace: WorkspaceOption = HERE
) -> None:
    """Change settings: feature flags, pool size, secrets. Without a restart where that is possible."""
    from drills.errors import BadInput

    pairs = [change.partition("=") for change in changes]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise BadInput(f"{wrong[0]!r}: write NAME=VALUE, such as recommendations=off")
    place, sandbox = _open(workspace)
    with action(place, read_only=False):
        sandbox.set({name: value for name, _, value in pairs})
        typer.echo("set " + ", ".join(name for name, _, _ in pairs))


@sandbox_app.command(epilog="Example: drills sandbox health --all --wait 30s --steady 3s")
def health(
    every: Annotated[bool, typer.Option("--all", help="Every service, not the app alone.")] = False,
    wait: Annotated[str, typer.Option(help="Wait at most this long until all is well.")] = "0s",
    steady: Annotated[str, typer.Option(help="It must be well without a break for this long.")] = "0s",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Ask the health endpoints. Exit status 1 when something is not well."""
    from drills.core.durations import parse_duration
    from drills.errors import BadInput

    try:
        patience, still = (parse_duration(text).total_seconds() for text in (wait, steady))
    except ValueError as error:
        raise BadInput(str(error)) from None
    place, sandbox = _open(workspace)
    with action(place, read_only=True):
        well, answers = _wait_for_health(sandbox, every, patience, still)
        for name, (good, said) in answers.items():
            typer.echo(f"{'ok  ' if good else 'FAIL'}  {name:<14} {said}")
        if not well:
            raise typer.Exit(1)


@sandbox_app.command(epilog="Example: drills sandbox link app-external-api, or: … link app-cache --cut")
def link(
    name: Annotated[str, typer.Argument(help="app-database, app-cache or app-external-api.")],
    cut: Annotated[bool | None, typer.Option("--cut/--open", help="Cut the link, or let it through.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show a link with its toxics; cut it or let it through."""
    from drills.errors import BadInput
    from drills.nearest import suggest

    place, sandbox = _open(workspace)
    known = {status.name: status for status in sandbox.links()}
    if name not in known:
        raise BadInput(f"there is no link {name!r}; {suggest(name, known)}")
    with action(place, read_only=cut is None):
        if cut is not None:
            sandbox.set_link(name, enabled=not cut)
            known = {status.name: status for status in sandbox.links()}
        status = known[name]
        typer.echo(f"{status.name}  {'open' if status.enabled else 'CUT'}  {status.listen} → {status.upstream}")
        for toxic in status.toxics:
            typer.echo(f"  {toxic.name}: {toxic.type} {toxic.stream} {dict(toxic.attributes)}")


def _age(since: str | None) -> timedelta | None:
    from drills.core.durations import parse_duration
    from drills.errors import BadInput

    try:
        return parse_duration(since) if since else None
    except ValueError as error:
        raise BadInput(f"--since: {error}") from None


def _wait_for_health(
    sandbox: Sandbox, every: bool, patience: float, still: float
) -> tuple[bool, Mapping[str, tuple[bool, str]]]:
    deadline = time.monotonic() + patience + still
    well_since: float | None = None
    while True:
        answers = sandbox.health()
        if not every:
            answers = {name: answer for name, answer in answers.items() if name.startswith(("app", "/"))} or answers
        now = time.monotonic()
        if all(good for good, _ in answers.values()):
            well_since = now if well_since is None else well_since
            if now - well_since >= still:
                return True, answers
        else:
            well_since = None
        if now >= deadline:
            return False, answers
        time.sleep(0.2)

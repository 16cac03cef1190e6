"""`drills prober`: checks for the probers of other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drills.cli.terminal import echo


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills prober --token-file secrets/paris.token")(prober)


def prober(
    token_file: Annotated[Path, typer.Option(help="A file with the token that callers must send.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT.")] = "127.0.0.1:8970",
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A kind of probe that is refused unless this names it, such as exec."),
    ] = None,
) -> None:
    """Check from here for other machines, which name this prober in `probers` of drills.yaml; until Ctrl-C or SIGTERM.

    Anyone who has the token can make it check any address that this machine reaches; with --allow exec, run commands.
    """
    import asyncio

    from drills.app.prober import listen_for_others
    from drills.clock import SystemClock
    from drills.json_log import JsonLog
    from drills.service.stopping import until_told_to_stop

    listening = listen_for_others(listen, token_file, allow or ())
    json_log = JsonLog(echo, SystemClock())
    for warning in listening.warnings:
        json_log.say("warning", reason=warning)
    json_log.say("listening", url=listening.url, kinds=listening.kinds)
    asyncio.run(until_told_to_stop(listening.serving))
    json_log.say("stopped")

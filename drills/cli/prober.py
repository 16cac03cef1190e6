"""`drills prober`: looks for the probers of other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drills.cli.terminal import echo


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills prober --token-file secrets/paris.token")(prober)


def prober(
    token_file: Annotated[Path, typer.Option(help="A file with the token that whoever asks must have.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT.")] = "127.0.0.1:8970",
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A kind of probe that is refused unless this names it, such as exec."),
    ] = None,
) -> None:
    """Look from here for other machines, which name this prober in `probers` of drills.yaml; until Ctrl-C or SIGTERM.

    Whoever has the token may make it look at any address that this machine reaches; with --allow exec, run commands.
    """
    import asyncio

    from drills.clock import SystemClock
    from drills.errors import BadInput
    from drills.json_log import Lines
    from drills.probing.remote.config import read_token
    from drills.probing.remote.http_server import goes_beyond_this_machine, listen_at, serve_looks, url_of
    from drills.probing.remote.server import kinds_for_others
    from drills.service.stopping import until_told_to_stop

    try:
        token = read_token(token_file)
    except ValueError as error:
        raise BadInput(f"{error}; `openssl rand -hex 32` makes one") from None
    kinds = kinds_for_others(allow or ())
    listener = listen_at(listen)
    lines = Lines(echo, SystemClock())
    if token_file.stat().st_mode & 0o044:
        lines.say("warning", reason=f"{token_file} can be read by others; chmod 600 {token_file}")
    if goes_beyond_this_machine(listener):
        lines.say("warning", reason="it speaks plain HTTP: let a private network, or TLS before it, guard the token")
    lines.say("listening", url=url_of(listener), kinds=len(kinds))
    asyncio.run(until_told_to_stop(serve_looks(listener, token, kinds)))
    lines.say("stopped")

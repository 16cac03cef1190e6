"""A prober for other machines: runs probes from here for callers that have the token."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.errors import BadInput


@dataclass(frozen=True, slots=True)
class ListeningProber:
    """A prober that listens; `serving` answers until it is cancelled. `warnings` are for whoever started it."""

    url: str
    kinds: int
    warnings: tuple[str, ...]
    serving: Coroutine[Any, Any, None]


def listen_for_others(listen: str, token_file: Path, allow: Sequence[str]) -> ListeningProber:
    """Listen at HOST:PORT with the token of that file; kinds such as `exec` are refused unless they are allowed.

    Raises BadInput for a file without a token, an unknown kind, or an address that is not valid;
    EnvironmentFailed when it cannot listen there.
    """
    from drills.probing.remote.config import read_token
    from drills.probing.remote.http_server import goes_beyond_this_machine, listen_at, serve_checks, url_of
    from drills.probing.remote.server import kinds_for_others

    try:
        token = read_token(token_file)
    except ValueError as error:
        raise BadInput(f"{error}; `openssl rand -hex 32` makes one") from None
    kinds = kinds_for_others(allow)
    listener = listen_at(listen)
    warnings = []
    if token_file.stat().st_mode & 0o044:
        warnings.append(f"{token_file} can be read by others; chmod 600 {token_file}")
    if goes_beyond_this_machine(listener):
        warnings.append("it speaks plain HTTP: let a private network, or TLS before it, guard the token")
    return ListeningProber(url_of(listener), len(kinds), tuple(warnings), serve_checks(listener, token, kinds))

"""Probers on other machines, as a workspace declares them, and the token that both sides share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from drills.text_files import UnreadableFile, read_text

#: Of a file with a token.
_MOST_BYTES = 65_536
#: A prober keeps no asker's check going for longer.
LONGEST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class KnownProber:
    """Another machine's `drills prober`: `url` is where it listens, `token_file` holds its token."""

    name: str
    url: str
    token_file: Path


def is_this_machine(url: str) -> bool:
    """Whether a prober's address is one of the asker's own machine, perhaps the end of a tunnel."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(path: Path) -> str:
    """The token in a file, without the blanks around it. Raises ValueError, saying what is wrong with the file."""
    try:
        token = read_text(path, _MOST_BYTES).strip()
    except UnreadableFile as why:
        raise ValueError(f"token file {path}: {why.wrong}") from None
    if not token:
        raise ValueError(f"token file {path}: it is empty; write the token that both sides keep into it")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError(f"token file {path}: a token is one word of plain letters, digits and signs")
    return token

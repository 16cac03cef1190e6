"""The URL of a server that asks for a password, read so that nothing of it can get into a message.

    postgresql://user:password@host:port/path?name=value

A library's own words about a URL that it cannot read repeat parts of it, and with them parts of the password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

#: Of schemes, where a URL names none.
_PORTS = {
    **{"http": 80, "https": 443, "redis": 6379, "rediss": 6379},
    **{"postgresql": 5432, "postgres": 5432},
}
_ENCODE = "in a user's name or password write '/' as %2F, '?' as %3F, '@' as %40, ':' as %3A and '%' as %25"


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """Its parts, decoded. `host` is without brackets; `port` is None where none is written; `path` without its '/'."""

    scheme: str
    user: str
    password: str = field(repr=False)
    host: str
    port: int | None
    path: str
    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, text: str, example: str) -> ServerUrl:
        """Read a URL (RFC 3986; of several '@' the last ends the password, as people paste them).

        Raises ValueError, in one line that repeats nothing of the text; `example` is what would be right.
        """
        scheme, mark, rest = text.partition("://")
        if not mark or not scheme.isalpha() or re.search(r"[\s\x00-\x1f]", text):
            raise ValueError(f"is not a URL; write {example}")
        rest, _, query = rest.partition("?")
        authority, _, path = rest.partition("/")
        userinfo, _, host_port = authority.rpartition("@")
        user, _, password = userinfo.partition(":")
        host, port = _host_and_port(host_port)
        if "@" in path or "@" in query.partition("=")[0]:
            raise ValueError(f"has an '@' after its host; {_ENCODE}")
        try:
            named = dict(_parameter(each) for each in query.split("&") if each)
            parts = [unquote(each, errors="strict") for each in (user, password, host, path)]
        except UnicodeDecodeError:
            raise ValueError("has percent-encoded bytes that are not UTF-8; encode its parts as UTF-8") from None
        if any("\0" in each for each in (*parts, *named.values())):
            raise ValueError("has a zero byte (%00) in it; leave it out")
        return cls(scheme.lower(), parts[0], parts[1], parts[2], port, parts[3], named)


def host_and_port(address: str) -> tuple[str, int]:
    """Of `host:port` or of a URL. Raises ValueError, saying what would be right."""
    scheme, mark, rest = address.partition("://") if "://" in address else ("", "", address)
    try:
        read = ServerUrl.read(f"tcp://{re.split('[/?#]', rest, maxsplit=1)[0]}", "host:port")
    except ValueError as error:
        raise ValueError(f"the address {error}") from None
    port = read.port or (_PORTS.get(scheme.lower()) if mark else None)
    if not read.host or port is None:
        bare = repr(address) if re.fullmatch(r"[\w.-]*", address) else "the address"  # nothing that may be a password
        raise ValueError(f"{bare} has no host and port; write host:port")
    return read.host, port


def _host_and_port(host_port: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", host_port)
    host, written = (bracketed[1], bracketed[2]) if bracketed else host_port.partition(":")[::2]
    if not written:
        return host, None
    if not (written.isascii() and written.isdigit() and 0 < int(written[:6]) < 65_536):
        raise ValueError(f"has a port that is not a number from 1 to 65535; {_ENCODE}")
    return host, int(written)


def _parameter(written: str) -> tuple[str, str]:
    name, _, value = written.partition("=")
    return unquote(name, errors="strict"), unquote(value, errors="strict")

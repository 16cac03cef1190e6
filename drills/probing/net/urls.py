"""URLs as browsers send them (WHATWG URL, UTS 46), for http and https and nothing else.

    "HTTP://Bob:pw@Bücher.example:80/a b?q=ä#top"  ──►  http://xn--bcher-kva.example/a%20b?q=%C3%A4

Credentials and the fragment are kept beside it: they are no part of what is asked for.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import quote, unquote

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_PARTS = re.compile(r"//([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_PADDING = " \t\r\n\f"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: The forbidden domain code points; `%` is one too, once it was decoded.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]")
#: What the path and the query percent-encode sets leave alone, besides letters, digits and -._~ (WHATWG 1.3).
_IN_PATH = "!$%&'()*+,/:;=@[\\]|"
_IN_QUERY = "!$%&()*+,/:;=?@[\\]^`{|}"
_DOTS = {".": ".", "%2e": ".", "..": "..", ".%2e": "..", "%2e.": "..", "%2e%2e": ".."}
_DEFAULT_PORTS = {"http": 80, "https": 443}


class UnsupportedScheme(ValueError):
    """The URL is of another scheme than http and https; `scheme` is it, as it was written, with its `//`."""

    def __init__(self, scheme: str) -> None:
        super().__init__(f"{scheme} is neither http:// nor https://; write http://host/path")
        self.scheme = scheme


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """A URL taken apart. `host` is ASCII in small letters, of IPv6 without brackets and with its zone after `%`;
    `target` is the path and the query; `credentials` are `user:password`, decoded, None when there are none.
    """

    scheme: str
    host: str
    port: int
    target: str
    credentials: str | None = None
    fragment: str | None = None

    @classmethod
    def of(cls, text: str) -> HttpUrl:
        """Raises ValueError, one line that names what is wrong; UnsupportedScheme for another scheme."""
        text = _without_backslashes(text.strip(_PADDING))
        if control := _CONTROL.search(text):
            raise ValueError(f"it holds the control character U+{ord(control[0]):04X}; write it percent-encoded")
        scheme = _SCHEME.match(text)
        if scheme is None:
            raise ValueError("it has no scheme; write http:// or https:// before the host")
        if scheme[1].lower() not in _DEFAULT_PORTS:
            slashes = "//" if text.startswith("//", scheme.end()) else ""
            raise UnsupportedScheme(f"{scheme[1].lower()}:{slashes}")
        parts = _PARTS.fullmatch(text, scheme.end())
        if parts is None:
            raise ValueError(f"it names no host; write {scheme[1].lower()}://host/path")
        authority, path, query, fragment = parts.groups()
        userinfo, _, host_port = authority.rpartition("@")
        host, port = _host_and_port(host_port)
        try:
            target = _without_dots(quote(path or "/", _IN_PATH, errors="surrogateescape"))
            if query is not None:
                target += f"?{quote(query, _IN_QUERY, errors='surrogateescape')}"
        except UnicodeEncodeError:
            raise ValueError("it holds half of a surrogate pair, which is no character") from None
        known = userinfo.strip(":")
        return cls(
            scheme=scheme[1].lower(),
            host=host,
            port=_DEFAULT_PORTS[scheme[1].lower()] if port is None else port,
            target=target,
            credentials=(unquote(userinfo) if ":" in userinfo else f"{unquote(userinfo)}:") if known else None,
            fragment=fragment,
        )

    def joined(self, reference: str) -> HttpUrl:
        """Where a reference leads that was read at this URL (RFC 3986 5.2). It keeps the fragment unless it has one
        of its own (RFC 9110 10.2.2). Raises as `of` does.
        """
        reference = _without_backslashes(reference.strip(_PADDING))
        path = self.target.partition("?")[0]
        if _SCHEME.match(reference):
            whole = reference
        elif reference.startswith("//"):
            whole = f"{self.scheme}:{reference}"
        elif reference.startswith("/"):
            whole = self.root + reference
        elif reference.startswith("?"):
            whole = self.root + path + reference
        elif not reference or reference.startswith("#"):
            whole = self.root + self.target + reference
        else:
            whole = f"{self.root}{path.rpartition('/')[0]}/{reference}"
        found = HttpUrl.of(whole)
        return found if found.fragment is not None else found.with_fragment(self.fragment)

    def with_fragment(self, fragment: str | None) -> HttpUrl:
        """The same with another fragment."""
        return HttpUrl(self.scheme, self.host, self.port, self.target, self.credentials, fragment)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what credentials, cookies' senders and headers are bound to (RFC 6454 4)."""
        return self.scheme, self.host, self.port

    @property
    def root(self) -> str:
        """`scheme://host:port`, the port only where it is not the scheme's own."""
        return f"{self.scheme}://{self._with_port(self.host.replace('%', '%25'))}"

    @property
    def authority(self) -> str:
        """What the `Host` header says. A zone is of this machine only: it is left out (RFC 6874 4)."""
        return self._with_port(self.host.partition("%")[0])

    def at(self, address: str) -> str:
        """The same to be asked of one of the host's addresses."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.target}"

    def _with_port(self, host: str) -> str:
        host = f"[{host}]" if ":" in host else host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def wire(self) -> str:
        """What is asked for: without credentials and fragment."""
        return self.root + self.target

    @property
    def shown(self) -> str:
        """For a person: with the fragment, never with credentials."""
        return self.wire if self.fragment is None else f"{self.wire}#{self.fragment}"


def _without_backslashes(text: str) -> str:
    """Before the query and the fragment, browsers take `\\` for `/`: what only one side takes for a host is a trap."""
    end = min((at for at in (text.find("?"), text.find("#")) if at >= 0), default=len(text))
    return text[:end].replace("\\", "/") + text[end:]


def _host_and_port(host_port: str) -> tuple[str, int | None]:
    if host_port.startswith("["):
        inside, bracket, rest = host_port[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{host_port!r} is not an IPv6 address in brackets; write [::1]:8080")
        host, port = _ipv6(inside), rest[1:]
    else:
        name, _, port = host_port.partition(":")
        if ":" in port:
            raise ValueError(f"{host_port!r} is not host:port; write an IPv6 address in brackets, [::1]:8080")
        host = _named(name)
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit()):
        raise ValueError("its port is not a number; write one from 1 to 65535")  # it may be half of a password
    if not 0 < int(port[:6]) <= 65535 or len(port.lstrip("0")) > 5:
        raise ValueError(f"port {port[:12]} is out of range; write one from 1 to 65535")
    return host, int(port)


def _ipv6(text: str) -> str:
    """An address, in its shortest form, with its zone as RFC 6874 writes it (`%25eth0`) or as people do (`%eth0`)."""
    address, percent, zone = text.partition("%")
    try:
        shortest = str(ipaddress.IPv6Address(address))
    except ValueError:
        raise ValueError(f"[{text}] is not an IPv6 address") from None
    zone = unquote(zone[2:] if zone.startswith("25") and len(zone) > 2 else zone)
    if percent and not re.fullmatch(r"[\w.~\-]+", zone, re.ASCII):
        raise ValueError(f"[{text}] has an invalid zone; write [fe80::1%25eth0]")
    return f"{shortest}%{zone}" if percent else shortest


def _named(written: str) -> str:
    host = unquote(written)
    if not host:
        raise ValueError("it names no host; write http://host/path")
    host = host.lower() if host.isascii() else in_ascii(host)
    if wrong := _FORBIDDEN.search(host):
        raise ValueError(f"host {written!r} holds {wrong[0]!r}, which is not allowed in a host name")
    last = host.removesuffix(".").rpartition(".")[2]
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last):
        try:
            return socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))
        except OSError:
            raise ValueError(f"host {written!r} is not an IPv4 address, but ends with a number") from None
    if any(not label for label in host.removesuffix(".").split(".")):
        raise ValueError(f"host {written!r} has an empty label between its dots")
    if len(host.removesuffix(".")) > 253 or any(len(label) > 63 for label in host.split(".")):
        raise ValueError("its host is longer than a name may be: 253 characters, 63 between two dots (RFC 1035)")
    return host


def in_ascii(host: str) -> str:
    """A name's A-labels by UTS 46, non-transitional, as browsers do: they take emoji too, which IDNA 2008 does
    not. Raises ValueError.
    """
    from idna import uts46_remap  # its tables are read only where a name needs them

    try:
        mapped = uts46_remap(host, std3_rules=False, transitional=False)
        return ".".join(
            label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in mapped.split(".")
        )
    except UnicodeError:  # also IDNAError
        raise ValueError(f"host {host!r} holds a character that is not allowed in a host name") from None


def _without_dots(path: str) -> str:
    """`/a/./b/../c` is `/a/c` (RFC 3986 5.2.4); `%2e` is a dot as well."""
    if "/." not in path and "/%2" not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        dots = _DOTS.get(segment.lower())
        if dots == ".." and kept:
            kept.pop()
        if dots is None:
            kept.append(segment)
        elif number == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)

"""Cookies of one probe run, as RFC 6265 (5.3, 5.4) keeps and sends them.

Three rules are those of its successor (RFC 6265bis), as curl and browsers have them: the prefixes `__Secure-` and
`__Host-` bind, plain HTTP sets no secure cookie, and loopback counts as secure. There is no list of public suffixes:
a domain of one label is taken from that host alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import mktime_tz, parsedate_tz

from drills.probing.net.resolver import is_numeric
from drills.probing.net.urls import HttpUrl

#: Bytes of a name and its value together (RFC 6265bis 5.6).
_LONGEST = 4096
_NO_TEXT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    secure: bool
    host_only: bool
    #: Seconds since 1970; None: until the run ends.
    expires: float | None


class CookieJar:
    """What servers have set since the run began. `now` is wall time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        #: (domain, path, name), in the order in which they were first set.
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def take(self, url: HttpUrl, lines: Iterable[str]) -> None:
        """Keep what the `Set-Cookie` lines of an answer from this URL set; a line that breaks a rule is left out."""
        for line in lines:
            self._set(url, line)

    def sent_to(self, url: HttpUrl) -> list[tuple[str, str]]:
        """Names and values of the cookies for a request: longer paths first, then older ones."""
        now, secure, path = self._now().timestamp(), _is_secure(url), url.target.partition("?")[0]
        found = [
            (kept_path, name, cookie.value)
            for (domain, kept_path, name), cookie in self._cookies.items()
            if (url.host == domain if cookie.host_only else _is_within(url.host, domain))
            and _is_below(path, kept_path)
            and (secure or not cookie.secure)
            and (cookie.expires is None or cookie.expires > now)
        ]
        found.sort(key=lambda each: -len(each[0]))
        return [(name, value) for _, name, value in found]

    def _set(self, url: HttpUrl, line: str) -> None:
        first, *rest = line.split(";")
        name, equals, value = first.partition("=")
        if not equals:
            name, value = "", first
        name, value = name.strip(" \t"), value.strip(" \t")
        if not (name or value) or len(name) + len(value) > _LONGEST or _NO_TEXT.search(line):
            return
        written = [attribute.partition("=") for attribute in rest]
        attributes = {key.strip(" \t").lower(): said.strip(" \t") for key, _, said in written}
        domain = attributes.get("domain", "").removeprefix(".").lower()
        if domain and domain != url.host and ("." not in domain or not _is_within(url.host, domain)):
            return
        path = attributes.get("path", "")
        if not path.startswith("/"):
            path = _default_path(url)
        secure = "secure" in attributes
        if secure and not _is_secure(url):
            return
        prefix = name.lower()
        if prefix.startswith("__secure-") and not secure:
            return
        if prefix.startswith("__host-") and not (secure and "domain" not in attributes and path == "/"):
            return
        host_only = not domain or (domain == url.host and ("." not in domain or is_numeric(domain)))
        key, expires = (domain or url.host, path, name), self._expires(attributes)
        if expires is not None and expires <= self._now().timestamp():
            self._cookies.pop(key, None)
        else:
            self._cookies[key] = _Cookie(value, secure, host_only, expires)

    def _expires(self, attributes: dict[str, str]) -> float | None:
        """`Max-Age` comes before `Expires`; one that is no number, or no date, is not there (RFC 6265 5.2)."""
        age = attributes.get("max-age", "")
        if re.fullmatch(r"-?[0-9]{1,12}", age):
            return self._now().timestamp() + int(age) if int(age) > 0 else 0.0
        try:
            date = parsedate_tz(attributes.get("expires", ""))
            return None if date is None else float(mktime_tz(date))
        except (ValueError, OverflowError, TypeError):
            return None


def with_own(own: str, jar: Iterable[tuple[str, str]]) -> str:
    """One `Cookie` value of the probe's own and what servers have set; theirs replace the probe's of that name."""
    given = list(jar)
    names = {name for name, _ in given}
    kept = [pair.strip() for pair in own.split(";") if pair.strip() and pair.partition("=")[0].strip() not in names]
    return "; ".join([*kept, *(f"{name}={value}" if name else value for name, value in given)])


def _is_secure(url: HttpUrl) -> bool:
    host = url.host
    if url.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    return is_numeric(host) and ipaddress.ip_address(host).is_loopback


def _is_within(host: str, domain: str) -> bool:
    return host == domain or (host.endswith(f".{domain}") and not is_numeric(host))


def _is_below(path: str, kept: str) -> bool:
    return path == kept or (path.startswith(kept) and (kept.endswith("/") or path[len(kept)] == "/"))


def _default_path(url: HttpUrl) -> str:
    return url.target.partition("?")[0].rpartition("/")[0] or "/"

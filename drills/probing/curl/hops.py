"""The requests of one probe run, from the first to where redirects lead: what each asks, and what it may carry.

Redirects are those of the Fetch standard (301, 302, 303, 307, 308), to http and https only. The probe's own headers and
the credentials of its URL go to the origin of its first request and to no other; they are sent again when a later
redirect leads back there, as curl does. Cookies that servers set on the way go where RFC 6265 lets them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from drills.probing.curl.cookies import CookieJar, with_own
from drills.probing.curl.heads import Pairs, values_of
from drills.probing.curl.reasons import SEVERAL_PLACES
from drills.probing.net.urls import HttpUrl, UnsupportedScheme

REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: What describes a body (the Fetch standard's request-body-headers): it goes when the body goes.
_OF_BODY = frozenset({"content-encoding", "content-language", "content-location", "content-type", "content-length"})


class RedirectRefused(Exception):
    """A redirect that is not followed; the message is one line."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent. `headers` keep the letters in which they were written."""

    method: str
    url: HttpUrl
    headers: Mapping[str, str]
    body: bytes | None


class Hops:
    """`request` is the one to be sent; `follow` goes on with what was answered.

    `always` are headers that go everywhere, `own` the probe's; `most` is how many redirects are followed, and with 0 a
    redirect is an answer like any other. `body_type` is the Content-Type of the body where `own` has none.
    """

    def __init__(
        self,
        first: Request,
        *,
        always: Mapping[str, str],
        body_type: str = "",
        most: int,
        cookies: CookieJar,
    ) -> None:
        self._origin = first.url.origin
        self._own = first.headers
        self._had_body = first.body is not None
        self._always = always
        self._body_type = body_type
        self._most = self._left = most
        self._cookies = cookies
        self._credentials = {self._origin: first.url.credentials}
        self.request = self._made(first.method, first.url, first.body)

    def follow(self, status: int, pairs: Pairs) -> bool:
        """Whether there is another request to be sent. Raises RedirectRefused for one that is not to be followed."""
        request = self.request
        self._cookies.take(request.url, values_of(pairs, "set-cookie"))
        locations = {value for value in values_of(pairs, "location") if value}
        if not self._most or status not in REDIRECTS or not locations:
            return False
        if len(locations) > 1:
            raise RedirectRefused(SEVERAL_PLACES)
        if not self._left:
            raise RedirectRefused(f"redirected more than {self._most} times")
        self._left -= 1
        url = _target(request.url, locations.pop())
        method, body = request.method, request.body
        if (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD")):
            method, body = "GET", None
        if url.credentials is not None:
            self._credentials[url.origin] = url.credentials
        self.request = self._made(method, url, body)
        return True

    def _made(self, method: str, url: HttpUrl, body: bytes | None) -> Request:
        home = url.origin == self._origin
        own = {name.lower(): (name, value) for name, value in self._own.items()}
        if not home:
            own = {name: pair for name, pair in own.items() if name == "content-type" and body is not None}
        if body is None and self._had_body:
            own = {name: pair for name, pair in own.items() if name not in _OF_BODY}
        headers = {name.lower(): (name, value) for name, value in self._always.items()}
        if body is not None and self._body_type:
            headers["content-type"] = ("Content-Type", self._body_type)
        headers |= own
        if (credentials := self._credentials.get(url.origin)) is not None and "authorization" not in headers:
            headers["authorization"] = ("Authorization", f"Basic {base64.b64encode(credentials.encode()).decode()}")
        if cookies := self._cookies.sent_to(url):
            headers["cookie"] = ("Cookie", with_own(headers["cookie"][1] if "cookie" in headers else "", cookies))
        return Request(method, url, dict(headers.values()), body)


def _target(url: HttpUrl, location: str) -> HttpUrl:
    """Browsers read the header as UTF-8 where it is that, and send on each of its bytes where it is not."""
    try:
        return url.joined(location.encode("latin-1").decode("utf-8", "surrogateescape"))
    except UnsupportedScheme as other:
        raise RedirectRefused(f"redirect to {other.scheme} is not followed") from None
    except ValueError as wrong:
        raise RedirectRefused(f"redirect is not followed: {wrong}") from None

"""One HTTP request over a fresh connection, by libcurl, each phase timed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pycurl
from pydantic_core import from_json

from drills.probing.bind import BoundProbe
from drills.probing.curl.bodies import Body, BodyFault
from drills.probing.curl.cookies import CookieJar
from drills.probing.curl.heads import (
    HEAD_LIMIT,
    Pairs,
    content_type_of,
    joined,
    pairs_of,
    sent_headers,
    spelled_in,
    text_of,
    values_of,
    without_mark,
)
from drills.probing.curl.hops import REDIRECTS, Hops, RedirectRefused, Request
from drills.probing.curl.reasons import curl_own_fault, curl_reason
from drills.probing.curl.transfers import Transfers
from drills.probing.kinds.http.settings import HttpSettings
from drills.probing.net.resolver import NameNotResolved, ResolverBusy, is_numeric, names_of
from drills.probing.net.trusted import ca_file
from drills.probing.net.urls import HttpUrl
from drills.probing.seen import Check, ProbeContext, Seen

_TIMES = (
    ("connect", pycurl.CONNECT_TIME),
    ("tls", pycurl.APPCONNECT_TIME),
    ("first-byte", pycurl.STARTTRANSFER_TIME),
    ("total", pycurl.TOTAL_TIME),
)


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that asks once and fills in what the probe's conditions name."""
    settings = cast(HttpSettings, probe.settings)
    needs, fields, spelled = probe.needs, probe.json_fields, spelled_in((*probe.asserts, *probe.degraded))
    exchange = Exchange(settings, probe.timeout, context, needs)

    async def check() -> Seen:
        seen = await exchange.ask()
        if seen.failure or seen.unknown or not needs:
            return seen
        values, absent = cast(dict[str, Any], seen.values), {}
        if "time" in needs:
            values["time"] = {phase.replace("-", "_"): seconds for phase, seconds in seen.phases.items()}
        if "body" in needs:
            values["body"] = exchange.answer.text()
        if "json" in needs:
            try:
                values["json"] = named_only(exchange.answer.parsed(), fields)
            except ValueError as error:
                absent["json"] = f"the body is not JSON ({error})"
            seen.absent = absent
        if "headers" in needs:
            values["headers"] = joined(exchange.answer.pairs, spelled)
        return seen

    return check


def named_only(document: Any, fields: frozenset[str] | None) -> Any:
    """Only the fields that conditions name: to hand a whole body to CEL would cost more than the probe."""
    if fields is None or not isinstance(document, dict):
        return document
    return {field: document[field] for field in fields if field in document}


class Answer:
    """What came back in one exchange: of the body only what somebody wants is kept.

    `fault` says why it was not taken to its end.
    """

    __slots__ = ("_body", "_kept", "_left", "_limit", "_lines", "_pairs", "fault")

    def __init__(self, limit: int, *, kept: bool) -> None:
        self._limit = limit
        self._kept = kept
        self.begin()

    def begin(self) -> None:
        self.fault = ""
        self._lines: list[bytes] = []
        self._left = HEAD_LIMIT
        self._body: Body | None = None
        self._pairs: Pairs | None = None

    def take_header(self, line: bytes) -> int | None:
        """libcurl's header callback, for each line of each head; a number that is not its length stops the transfer."""
        self._left = left = self._left - len(line)
        if left < 0:
            self.fault = f"headers over {HEAD_LIMIT} bytes, stopped"
            return 0
        self._lines.append(line)
        return None

    def take(self, chunk: bytes) -> int | None:
        """libcurl's write callback; another number than the chunk's length stops the transfer."""
        try:
            if self._body is None:
                self._body = Body(self._limit, self._codings(), kept=self._kept)
            self._body.take(chunk)
        except BodyFault as why:
            self.fault = str(why)
            return 0
        return None

    def end(self) -> None:
        """Nothing more comes: whether the body is whole."""
        if self._body is not None:
            try:
                self._body.end()
            except BodyFault as why:
                self.fault = str(why)

    @property
    def pairs(self) -> Pairs:
        """The final answer's headers."""
        if self._pairs is None:
            self._pairs = pairs_of(self._lines)
        return self._pairs

    @property
    def content_type(self) -> str:
        return content_type_of(self.pairs)

    def text(self) -> str:
        return text_of(self._content(), self.content_type)

    def parsed(self) -> Any:
        """The body as JSON. Raises ValueError, also for NaN and Infinity, which JSON does not have."""
        return from_json(without_mark(self._content()), allow_inf_nan=False)

    def _content(self) -> bytes | bytearray:
        return b"" if self._body is None else self._body.content

    def _codings(self) -> str:
        if b"content-encoding" not in b"".join(self._lines).lower():  # most have none: a quick check
            return ""
        return ", ".join(values_of(self.pairs, "content-encoding"))


class Exchange:
    """One request, made ready once and asked again and again; `answer` is that of the last asking.

    Raises ValueError for a URL that cannot be asked for, or a DNS server that is not one.
    """

    def __init__(self, settings: HttpSettings, timeout: float, context: ProbeContext, needs: frozenset[str]) -> None:
        self._settings = settings
        self._timeout = timeout
        self._context = context
        self._needs = needs
        self._first = self._hops().request
        self._numeric = is_numeric(self._first.url.host)
        self._names = names_of(settings, context.resolver)
        self.answer = Answer(settings.body_limit, kept=not needs.isdisjoint(("body", "json")))
        self._curl = self._handle()
        self._load(self._first)
        if context.transfers is None:
            context.transfers = Transfers()
        self._transfers = cast(Transfers, context.transfers)

    async def ask(self) -> Seen:
        """Ask once. `values` has the status, and url and version if needed; `phases` count from this call on."""
        settings, curl, began = self._settings, self._curl, self._context.monotonic()
        request, numeric = self._first, self._numeric
        hops: Hops | None = None
        refused, offset, dns = "", 0.0, None
        while True:
            if not numeric:
                url = request.url
                try:
                    found = await self._names.resolve(url.host, self._timeout - offset)
                except ResolverBusy as busy:
                    seen = Seen(unknown=str(busy))
                    break
                except NameNotResolved as why:
                    seen = Seen(failure=str(why))
                    break
                at = f":{url.port}:{_listed(found.addresses)}"
                # Versions of libcurl differ in whether a name keeps the dot at its end.
                curl.setopt(pycurl.RESOLVE, [f"+{name}{at}" for name in {url.host, url.host.removesuffix(".")}])
                offset = self._context.monotonic() - began
                dns = offset
                curl.setopt(pycurl.TIMEOUT_MS, max(1, int((self._timeout - offset) * 1000)))
            self.answer.begin()
            code = await self._transfers.perform(curl)
            phases = _phases(curl, offset, dns, whole=not code)
            if not code and settings.redirects and curl.getinfo(pycurl.RESPONSE_CODE) in REDIRECTS:
                hops = hops or self._hops()
                try:
                    onward = hops.follow(curl.getinfo(pycurl.RESPONSE_CODE), self.answer.pairs)
                except RedirectRefused as why:
                    onward, refused = False, str(why)
                if onward:
                    request = hops.request
                    numeric = is_numeric(request.url.host)
                    self._load(request)
                    offset = self._context.monotonic() - began
                    curl.setopt(pycurl.TIMEOUT_MS, max(1, int((self._timeout - offset) * 1000)))
                    continue
            if not code:
                self.answer.end()
            seen = self._seen(code, phases, request)
            seen.failure = seen.failure or refused
            break
        if request is not self._first or not numeric:
            self._load(self._first)
            curl.setopt(pycurl.TIMEOUT_MS, max(1, int(self._timeout * 1000)))
        return seen

    def _seen(self, code: int, phases: Mapping[str, float], request: Request) -> Seen:
        curl = self._curl
        if fault := self.answer.fault:
            return Seen(failure=fault, phases=phases)
        if code:
            if unknown := curl_own_fault(code, curl):
                return Seen(unknown=unknown)
            return Seen(failure=curl_reason(code, curl, self._timeout), phases=phases)
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        values: dict[str, Any] = {"status": status}
        if self._settings.http2 and curl.getinfo(pycurl.INFO_HTTP_VERSION) != pycurl.CURL_HTTP_VERSION_2_0:
            return Seen(values, phases, failure="answered, but not over HTTP/2")
        if "url" in self._needs:
            values["url"] = request.url.shown
        if "version" in self._needs:
            values["version"] = _VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")
        return Seen(values, phases)

    def _hops(self) -> Hops:
        """The way of one run, at its beginning."""
        settings = self._settings
        method = settings.method
        body = json.dumps(settings.json_) if settings.json_ is not None else settings.body
        if body is None and method in ("POST", "PUT", "PATCH"):
            body = ""  # which is announced, as Content-Length: 0 (RFC 9110 8.6)
        if body is not None and method == "GET":
            method = "POST"
        return Hops(
            Request(
                method,
                HttpUrl.of(settings.url),
                settings.headers,
                None if method == "HEAD" or body is None else body.encode(),
            ),
            always={"User-Agent": "drills-probe"},
            body_type="application/json" if settings.json_ is not None else "",
            most=settings.redirects,
            cookies=CookieJar(self._context.now),
        )

    def _load(self, request: Request) -> None:
        """Make the handle ready to send this."""
        curl, headers = self._curl, sent_headers(request.headers)
        curl.setopt(pycurl.URL, request.url.wire)
        curl.setopt(pycurl.HTTPGET, 1)
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        if request.method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        elif request.body is not None:
            curl.setopt(pycurl.COPYPOSTFIELDS, request.body)
            headers.append(b"Expect:")  # libcurl would ask first, and wait, with a large one
            if not request.body:
                headers.append(b"Content-Type:")
        curl.setopt(pycurl.HTTPHEADER, headers)

    def _handle(self) -> pycurl.Curl:
        settings, curl = self._settings, pycurl.Curl()
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(self._timeout * 1000)))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(self._timeout * 1000)))
        curl.setopt(pycurl.WRITEFUNCTION, self.answer.take)
        curl.setopt(pycurl.HEADERFUNCTION, self.answer.take_header)
        curl.setopt(pycurl.HTTP_VERSION, _version(settings, self._first.url))
        if self._first.url.scheme == "https" or settings.redirects:
            curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        if not settings.verify:
            curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.CAINFO, ca_file(settings.ca))
        return curl


_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
}


def _version(settings: HttpSettings, url: HttpUrl) -> int:
    if not settings.http2:
        return int(pycurl.CURL_HTTP_VERSION_1_1)
    return int(pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE if url.scheme == "http" else pycurl.CURL_HTTP_VERSION_2TLS)


def _phases(curl: pycurl.Curl, offset: float, dns: float | None, *, whole: bool) -> dict[str, float]:
    phases = {} if dns is None else {"dns": dns}
    for phase, info in _TIMES:
        seconds = curl.getinfo(info)
        if seconds:
            if not whole and (phase == "total" or (phase == "first-byte" and not curl.getinfo(pycurl.HEADER_SIZE))):
                break  # libcurl dates these for transfers that failed, too
            phases[phase] = seconds + offset
    return phases


def _listed(addresses: tuple[str, ...]) -> str:
    return ",".join(f"[{address}]" if ":" in address else address for address in addresses)

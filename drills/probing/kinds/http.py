"""One HTTP request over a fresh connection, by libcurl, each phase timed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import pycurl
from pydantic_core import from_json

from drills.probing.bind import BoundProbe
from drills.probing.curl_reasons import curl_own_fault, curl_reason
from drills.probing.resolver import NameNotResolved, ResolverBusy, is_numeric, names_of
from drills.probing.seen import Look, Means, Seen
from drills.probing.settings import HttpSettings
from drills.probing.transfers import Transfers
from drills.probing.trusted import ca_file

_KEEPS_METHOD = (307, 308)
_TIMES = (
    ("connect", pycurl.CONNECT_TIME),
    ("tls", pycurl.APPCONNECT_TIME),
    ("first-byte", pycurl.STARTTRANSFER_TIME),
    ("total", pycurl.TOTAL_TIME),
)


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that asks once and fills in what the probe's conditions name."""
    settings = cast(HttpSettings, probe.settings)
    needs, fields = probe.needs, probe.json_fields
    exchange = Exchange(settings, probe.timeout, means, needs)

    async def look() -> Seen:
        seen = await exchange.ask()
        if seen.failure or seen.blind or not needs:
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
            values["headers"] = exchange.answer.headers
        return seen

    return look


def named_only(document: Any, fields: frozenset[str] | None) -> Any:
    """Only the fields that conditions name: to hand a whole body to CEL would cost more than the probe."""
    if fields is None or not isinstance(document, dict):
        return document
    return {field: document[field] for field in fields if field in document}


@dataclass(slots=True)
class Answer:
    """What came back in one exchange: only as much of it as somebody wants is kept."""

    limit: int
    kept: bool
    length: int = 0
    chunks: list[bytes] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        self.length = 0
        self.chunks = []
        self.headers = {}

    def take(self, chunk: bytes) -> int | None:
        """libcurl's write callback; another number than the chunk's length stops the transfer."""
        self.length += len(chunk)
        if self.length > self.limit:
            return 0
        if self.kept:
            self.chunks.append(chunk)
        return None

    def take_header(self, line: bytes) -> None:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self.headers[name.strip().lower()] = value.strip()

    def text(self) -> str:
        return b"".join(self.chunks).decode("utf-8", "replace")

    def parsed(self) -> Any:
        """The body as JSON. Raises ValueError, also for NaN and Infinity, which JSON does not have."""
        return from_json(b"".join(self.chunks), allow_inf_nan=False)


class Exchange:
    """One request, made ready once and asked again and again; `answer` is that of the last asking."""

    def __init__(self, settings: HttpSettings, timeout: float, means: Means, needs: frozenset[str]) -> None:
        self._settings = settings
        self._timeout = timeout
        self._means = means
        self._target = urlsplit(settings.url)
        self._numeric = is_numeric(self._target.hostname or "")
        self._needs = needs
        self._names = names_of(settings, means.resolver)
        self.answer = Answer(settings.body_limit, kept=not needs.isdisjoint(("body", "json")))
        self._curl = self._handle()
        if means.transfers is None:
            means.transfers = Transfers()
        self._transfers = cast(Transfers, means.transfers)

    async def ask(self) -> Seen:
        """Ask once. `values` has the status, and url and version if needed; `phases` count from this call on."""
        settings, curl, began = self._settings, self._curl, self._means.monotonic()
        target, numeric, left = self._target, self._numeric, settings.redirects
        offset, dns = 0.0, None
        while True:
            if not numeric:
                try:
                    found = await self._names.resolve(target.hostname or "", self._timeout - offset)
                except ResolverBusy as busy:
                    return Seen(blind=str(busy))
                except NameNotResolved as why:
                    return Seen(failure=str(why))
                port = target.port or (443 if target.scheme == "https" else 80)
                curl.setopt(pycurl.RESOLVE, [f"+{target.hostname}:{port}:{_listed(found.addresses)}"])
                offset = self._means.monotonic() - began
                dns = offset
                curl.setopt(pycurl.TIMEOUT_MS, max(1, int((self._timeout - offset) * 1000)))
            self.answer.begin()
            code = await self._transfers.perform(curl)
            phases = _phases(curl, offset, dns, whole=not code)
            if code:
                break
            status = curl.getinfo(pycurl.RESPONSE_CODE)
            if not left or not 300 <= status < 400 or not (onward := curl.getinfo(pycurl.REDIRECT_URL)):
                break
            left -= 1
            target, numeric = self._follow(onward, status)
            offset = self._means.monotonic() - began
            curl.setopt(pycurl.TIMEOUT_MS, max(1, int((self._timeout - offset) * 1000)))
        seen = self._seen(code, phases)
        if target is not self._target or not numeric:
            self._aim(self._target.geturl())
        return seen

    def _seen(self, code: int, phases: Mapping[str, float]) -> Seen:
        curl = self._curl
        if code:
            if blind := curl_own_fault(code, curl):
                return Seen(blind=blind)
            if code in (pycurl.E_WRITE_ERROR, pycurl.E_FILESIZE_EXCEEDED):
                return Seen(failure=f"body over {self._settings.body_limit} bytes, stopped", phases=phases)
            return Seen(failure=curl_reason(code, curl, self._timeout), phases=phases)
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        values: dict[str, Any] = {"status": status}
        if self._settings.http2 and curl.getinfo(pycurl.INFO_HTTP_VERSION) != pycurl.CURL_HTTP_VERSION_2_0:
            return Seen(values, phases, failure="answered, but not over HTTP/2")
        if "url" in self._needs:
            values["url"] = curl.getinfo(pycurl.EFFECTIVE_URL)
        if "version" in self._needs:
            values["version"] = _VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")
        return Seen(values, phases)

    def _follow(self, url: str, status: int) -> tuple[SplitResult, bool]:
        target = urlsplit(url)
        self._curl.setopt(pycurl.URL, url)
        if status not in _KEEPS_METHOD and self._settings.method != "HEAD":
            self._curl.setopt(pycurl.HTTPGET, 1)
            self._curl.unsetopt(pycurl.CUSTOMREQUEST)
        return target, is_numeric(target.hostname or "")

    def _aim(self, url: str) -> None:
        self._curl.setopt(pycurl.URL, url)
        self._curl.setopt(pycurl.TIMEOUT_MS, max(1, int(self._timeout * 1000)))
        self._set_method()

    def _set_method(self) -> None:
        settings, curl = self._settings, self._curl
        body = json.dumps(settings.json_) if settings.json_ is not None else settings.body
        if settings.method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        elif body is not None:
            curl.setopt(pycurl.COPYPOSTFIELDS, body.encode())
            curl.setopt(pycurl.CUSTOMREQUEST, settings.method if settings.method != "GET" else "POST")
        elif settings.method != "GET":
            curl.setopt(pycurl.CUSTOMREQUEST, settings.method)

    def _handle(self) -> pycurl.Curl:
        settings, curl = self._settings, pycurl.Curl()
        curl.setopt(pycurl.URL, settings.url)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(self._timeout * 1000)))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(self._timeout * 1000)))
        curl.setopt(pycurl.MAXFILESIZE_LARGE, settings.body_limit)
        curl.setopt(pycurl.WRITEFUNCTION, self.answer.take)
        if "headers" in self._needs:
            curl.setopt(pycurl.HEADERFUNCTION, self.answer.take_header)
        curl.setopt(pycurl.HTTP_VERSION, _version(settings))
        if settings.url.startswith("https"):
            curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        if not settings.verify:
            curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.CAINFO, ca_file(settings.ca))
        sent = {"User-Agent": "drills-probe", **settings.headers}
        if settings.json_ is not None:
            sent = {"Content-Type": "application/json", **sent}
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in sent.items()])
        self._curl = curl
        self._set_method()
        return curl


_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
}


def _version(settings: HttpSettings) -> int:
    if not settings.http2:
        return int(pycurl.CURL_HTTP_VERSION_1_1)
    plain = settings.url.startswith("http:")
    return int(pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE if plain else pycurl.CURL_HTTP_VERSION_2TLS)


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

"""Several requests in a row, as one user makes them, each step judged and timed.

check ──► a new client: no connection, no cookie
  step 1 ──asserted──► what it extracts ──► step 2 … ──► all is closed, also when time runs out
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any, cast

import httpx
from pydantic_core import from_json

from drills.model.conditions import Condition, compile_condition
from drills.probing.bind import BoundProbe
from drills.probing.curl.bodies import ACCEPTED, Body, BodyFault
from drills.probing.curl.cookies import CookieJar
from drills.probing.curl.heads import (
    HEAD_LIMIT,
    Pairs,
    content_type_of,
    joined,
    spelled_in,
    text_of,
    values_of,
    without_mark,
)
from drills.probing.curl.hops import Hops, RedirectRefused, Request
from drills.probing.curl.reasons import own_fault
from drills.probing.engine.evaluation import NotEvaluated
from drills.probing.engine.verdict import shortfall
from drills.probing.kinds.journey.placeholders import Filled
from drills.probing.kinds.journey.settings import JourneySettings, JourneyStep, url_of_step
from drills.probing.net.connecting import os_reason
from drills.probing.net.resolver import NameNotResolved, Names, ResolverBusy, is_numeric, names_of
from drills.probing.net.trusted import client_context
from drills.probing.net.urls import HttpUrl
from drills.probing.seen import Check, ProbeContext, Seen
from drills.probing.settings_model import checked_value

_SENT = {"Accept": "*/*", "Accept-Encoding": ACCEPTED, "User-Agent": "drills-probe"}


class _Stopped(Exception):
    """A step did not go as it must; the message says why, without the step's name."""


@dataclass(frozen=True, slots=True)
class _Step:
    spec: JourneyStep
    asserts: tuple[Condition, ...]
    extract: tuple[tuple[str, Condition], ...]
    spelled: frozenset[str]

    @classmethod
    def of(cls, spec: JourneyStep) -> _Step:
        asserts = tuple(compile_condition(text) for text in spec.assert_ or ("status < 400",))
        extract = tuple((name, compile_condition(text)) for name, text in spec.extract.items())
        return cls(spec, asserts, extract, spelled_in((*asserts, *(condition for _, condition in extract))))


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that makes the whole journey. Raises ValueError for a CA file or a DNS server that cannot be used."""
    settings = cast(JourneySettings, probe.settings)
    steps = tuple(_Step.of(step) for step in settings.steps)
    names, trusting = names_of(settings, context.resolver), client_context(settings.ca, verify=settings.verify)

    async def check() -> Seen:
        began = context.monotonic()
        phases: dict[str, float] = {}
        values: dict[str, Any] = {"steps": {}, "extracted": {}}
        step = steps[0]
        failure = ""
        try:
            async with (
                asyncio.timeout(probe.timeout),
                httpx.AsyncHTTPTransport(verify=trusting) as transport,
            ):
                connections = _Connections(names, probe.timeout, transport)
                user = _User(connections, settings, CookieJar(context.now), context)
                for step in steps:
                    values["steps"][step.spec.name] = await user.make(step, values["extracted"])
                    phases[step.spec.name] = context.monotonic() - began
        except (ResolverBusy, NotEvaluated) as why:
            return Seen(unknown=str(why))
        except TimeoutError:
            failure = f"not done within {probe.timeout:g} s"
        except (_Stopped, NameNotResolved, RedirectRefused, BodyFault) as why:
            failure = str(why)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if unknown := own_fault(_os_error(error)):
                return Seen(unknown=unknown)
            failure = journey_reason(error)
        if failure:
            return Seen(values, phases, failure=f"step {step.spec.name}: {failure}")
        phases["total"] = context.monotonic() - began
        values["time"] = {"total": phases["total"]}
        return Seen(values, phases)

    return check


class _User:
    """Makes the steps of one journey, over the same connections and with the same cookies."""

    def __init__(
        self,
        connections: _Connections,
        settings: JourneySettings,
        cookies: CookieJar,
        context: ProbeContext,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._base = HttpUrl.of(settings.base)
        self._cookies = cookies
        self._context = context

    async def make(self, step: _Step, extracted: dict[str, Any]) -> dict[str, Any]:
        """Make one step; what it extracts is added to `extracted`.

        Raises _Stopped when it is not as asserted, and NotEvaluated when that cannot be known.
        """
        hops = self._hops(Filled.of(step.spec, extracted))
        began = self._context.monotonic()
        while True:
            answer = await self._ask(hops.request)
            if not hops.follow(answer.status, answer.pairs):
                break
        total = self._context.monotonic() - began
        content = answer.body.content
        values: dict[str, Any] = {
            "status": answer.status,
            "time": {"first_byte": answer.came - began, "total": total},
            "headers": joined(answer.pairs, step.spelled),
            "url": hops.request.url.shown,
            "body": text_of(content, content_type_of(answer.pairs)),
        }
        absent = {}
        try:
            values["json"] = from_json(without_mark(content), allow_inf_nan=False)
        except ValueError as error:
            absent["json"] = f"the body is not JSON ({error})"
        if wrong := await shortfall(step.asserts, Seen(values, absent=absent), self._context.evaluator):
            raise _Stopped(wrong)
        for name, condition in step.extract:
            try:
                extracted[name] = await self._context.evaluator.value(condition, values)
            except LookupError:
                raise _Stopped(f"{name} cannot be extracted: {condition.text} is not in the answer") from None
        return {"status": answer.status, "seconds": total}

    def _hops(self, filled: Filled) -> Hops:
        try:
            url = url_of_step(self._base, filled.url)
            headers = {name: checked_value(value) for name, value in filled.headers.items()}
        except ValueError as wrong:  # by what an earlier step extracted
            raise _Stopped(f"cannot be asked: {wrong}") from None
        text = filled.body if filled.json is None else json.dumps(filled.json)
        if text is None and filled.method in ("POST", "PUT", "PATCH"):
            text = ""  # which is announced, as Content-Length: 0 (RFC 9110 8.6)
        return Hops(
            Request(filled.method, url, headers, None if text is None else text.encode()),
            always=_SENT,
            body_type="" if filled.json is None else "application/json",
            most=self._settings.redirects,
            cookies=self._cookies,
        )

    async def _ask(self, request: Request) -> _Answer:
        """One exchange. Raises BodyFault for a body, or headers, that cannot be taken."""
        response = await self._connections.send(request)
        came = self._context.monotonic()
        try:
            raw = [(name.lower(), value) for name, value in response.headers.raw]
            if sum(len(name) + len(value) + 4 for name, value in raw) > HEAD_LIMIT:
                raise _Stopped(f"headers over {HEAD_LIMIT} bytes, stopped")
            pairs = [(name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in raw]
            body = Body(self._settings.body_limit, ", ".join(values_of(pairs, "content-encoding")))
            async for chunk in cast(AsyncIterable[bytes], response.stream):
                body.take(chunk)
            body.end()
        finally:
            await response.aclose()
        return _Answer(response.status_code, pairs, body, came)


@dataclass(frozen=True, slots=True)
class _Answer:
    """`came` is when its head was there, monotonic."""

    status: int
    pairs: Pairs
    body: Body
    came: float


class _Connections:
    """Sends requests to hosts whose names are resolved as all probes do, once in a journey; the certificate is still
    that of the name.
    """

    def __init__(self, names: Names, timeout: float, transport: httpx.AsyncBaseTransport) -> None:
        self._names = names
        self._timeout = timeout
        self._transport = transport
        self._known: dict[str, tuple[str, ...]] = {}

    async def send(self, request: Request) -> httpx.Response:
        """The head of the answer, its body still to be read. Raises httpx's errors, and those of resolving a name."""
        host = request.url.host
        if host not in self._known:
            self._known[host] = (await self._names.resolve(host, self._timeout)).addresses
        *others, last = self._known[host]
        for address in others:
            try:
                response = await self._transport.handle_async_request(_aimed(request, address))
            except httpx.ConnectError as error:
                if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):  # it was there
                    raise
            else:
                self._known[host] = (address,)
                return response
        self._known[host] = (last,)
        return await self._transport.handle_async_request(_aimed(request, last))


def _aimed(request: Request, address: str) -> httpx.Request:
    url, sent = (
        request.url,
        [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
    )
    if all(name.lower() != b"host" for name, _ in sent):
        sent.insert(0, (b"Host", url.authority.encode()))
    named = {} if is_numeric(url.host) else {"sni_hostname": url.host.removesuffix(".")}
    return httpx.Request(request.method, url.at(address), headers=sent, content=request.body, extensions=named)


def journey_reason(error: Exception) -> str:
    """One line for a request that got no whole answer."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "TLS handshake failed"
        if isinstance(cause, OSError) and cause.errno:
            return os_reason(cause)
    said = str(error).split("\n")[0].rstrip(".") or type(error).__name__
    if said == "Receive buffer too long":  # h11, of a head that does not end
        return f"headers over {HEAD_LIMIT} bytes, stopped"
    return said[:1].lower() + said[1:]


def _os_error(error: Exception) -> int:
    return next((cause.errno for cause in _causes(error) if isinstance(cause, OSError) and cause.errno), 0)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        if isinstance(error, BaseExceptionGroup):  # several addresses were tried
            found.extend(error.exceptions)
        error = error.__cause__ or error.__context__
    return found

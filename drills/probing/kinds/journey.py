"""Several requests in a row, as one user makes them, each step judged and timed.

look ──► a new client: no connection, no cookie
  step 1 ──asserted──► what it extracts ──► step 2 … ──► all is closed, also when time runs out
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any, cast

import httpx
from pydantic_core import from_json

from drills.core.conditions import Condition, compile_condition
from drills.probing.bind import BoundProbe
from drills.probing.connecting import os_reason
from drills.probing.curl_reasons import own_fault
from drills.probing.evaluation import NotEvaluated
from drills.probing.journey_settings import JourneySettings, JourneyStep
from drills.probing.placeholders import Filled
from drills.probing.resolver import NameNotResolved, Names, ResolverBusy, is_numeric, names_of
from drills.probing.seen import Look, Means, Seen
from drills.probing.trusted import client_context
from drills.probing.verdict import shortfall

_SENT = {"User-Agent": "drills-probe"}


class _Stopped(Exception):
    """A step did not go as it must; the message tells why, without the step's name."""


@dataclass(frozen=True, slots=True)
class _Step:
    spec: JourneyStep
    asserts: tuple[Condition, ...]
    extract: tuple[tuple[str, Condition], ...]

    @classmethod
    def of(cls, spec: JourneyStep) -> _Step:
        asserts = tuple(compile_condition(text) for text in spec.assert_ or ("status < 400",))
        return cls(spec, asserts, tuple((name, compile_condition(text)) for name, text in spec.extract.items()))


def prepare(probe: BoundProbe, means: Means) -> Look:
    """A look that makes the whole journey. Raises ValueError for a CA file or a DNS server that cannot be used."""
    settings = cast(JourneySettings, probe.settings)
    steps = tuple(_Step.of(step) for step in settings.steps)
    names, trusting = names_of(settings, means.resolver), client_context(settings.ca, verify=settings.verify)

    async def look() -> Seen:
        began = means.monotonic()
        phases: dict[str, float] = {}
        values: dict[str, Any] = {"steps": {}, "extracted": {}}
        step = steps[0]
        failure = ""
        try:
            async with (
                asyncio.timeout(probe.timeout),
                httpx.AsyncClient(
                    base_url=settings.base,
                    headers=_SENT,
                    timeout=None,
                    trust_env=False,
                    follow_redirects=settings.redirects > 0,
                    max_redirects=settings.redirects or 1,
                    transport=_Resolving(names, probe.timeout, httpx.AsyncHTTPTransport(verify=trusting)),
                ) as client,
            ):
                for step in steps:
                    values["steps"][step.spec.name] = await _make(step, client, settings, values["extracted"], means)
                    phases[step.spec.name] = means.monotonic() - began
        except (ResolverBusy, NotEvaluated) as why:
            return Seen(blind=str(why))
        except TimeoutError:
            failure = f"not done within {probe.timeout:g} s"
        except (_Stopped, NameNotResolved) as why:
            failure = str(why)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if blind := own_fault(_os_error(error)):
                return Seen(blind=blind)
            failure = journey_reason(error)
        if failure:
            return Seen(values, phases, failure=f"step {step.spec.name}: {failure}")
        phases["total"] = means.monotonic() - began
        values["time"] = {"total": phases["total"]}
        return Seen(values, phases)

    return look


async def _make(
    step: _Step,
    client: httpx.AsyncClient,
    settings: JourneySettings,
    extracted: dict[str, Any],
    means: Means,
) -> dict[str, Any]:
    """Make one step; what it extracts is added to `extracted`.

    Raises _Stopped when it is not as asserted, and NotEvaluated when that cannot be known.
    """
    filled = Filled.of(step.spec, extracted)
    began = means.monotonic()
    async with client.stream(
        step.spec.method,
        filled.url,
        headers=filled.headers,
        **({"json": filled.json} if filled.json is not None else {"content": filled.body}),
    ) as response:
        first_byte = means.monotonic() - began
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > settings.body_limit:
                raise _Stopped(f"body over {settings.body_limit} bytes, stopped")
    total = means.monotonic() - began
    values: dict[str, Any] = {
        "status": response.status_code,
        "time": {"first_byte": first_byte, "total": total},
        "headers": dict(response.headers),
        "url": str(response.url),
        "body": body.decode("utf-8", "replace"),
    }
    absent = {}
    try:
        values["json"] = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        absent["json"] = f"the body is not JSON ({error})"
    if wrong := await shortfall(step.asserts, Seen(values, absent=absent), means.evaluator):
        raise _Stopped(wrong)
    for name, condition in step.extract:
        try:
            extracted[name] = await means.evaluator.value(condition, values)
        except LookupError:
            raise _Stopped(f"{name} cannot be extracted: {condition.text} is not in the answer") from None
    return {"status": response.status_code, "seconds": total}


class _Resolving(httpx.AsyncBaseTransport):
    """Resolves names as all probes do, once in a journey; the certificate is still that of the name."""

    def __init__(self, names: Names, timeout: float, inner: httpx.AsyncBaseTransport) -> None:
        self._names = names
        self._timeout = timeout
        self._inner = inner
        self._known: dict[str, tuple[str, ...]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if is_numeric(host):
            return await self._inner.handle_async_request(request)
        if host not in self._known:
            self._known[host] = (await self._names.resolve(host, self._timeout)).addresses
        *others, last = self._known[host]
        for address in others:
            try:
                response = await self._inner.handle_async_request(_aimed(request, address))
            except httpx.ConnectError as error:
                if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):  # it was there
                    raise
            else:
                self._known[host] = (address,)
                return response
        self._known[host] = (last,)
        return await self._inner.handle_async_request(_aimed(request, last))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _aimed(request: httpx.Request, address: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def journey_reason(error: Exception) -> str:
    """One line for a request that got no whole answer."""
    if isinstance(error, httpx.TooManyRedirects):
        return "redirected too often"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "TLS handshake failed"
        if isinstance(cause, OSError) and cause.errno:
            return os_reason(cause)
    said = str(error).split("\n")[0].rstrip(".") or type(error).__name__
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

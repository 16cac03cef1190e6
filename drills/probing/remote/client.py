"""The client of remote probing: has a prober on another machine check from a vantage with `via`.

check ──POST /check──► `drills prober` there: binds, checks, judges ──► outcome, reason, phases, metrics
  └── no answer, the token refused, an invalid answer: the result is unknown, not a failure
"""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from pathlib import Path

import httpx
from pydantic import ValidationError

from drills.model.durations import format_duration
from drills.model.probe import Outcome
from drills.probing.bind import BoundProbe
from drills.probing.kinds.journey.probe import journey_reason
from drills.probing.net.addresses import escaped
from drills.probing.net.trusted import trust
from drills.probing.remote.config import LONGEST, KnownProber, read_token
from drills.probing.remote.messages import FORMAT, Answer, Question
from drills.probing.seen import Check, ProbeContext, Seen
from drills.text_files import UnreadableFile, read_text

#: Seconds that the way there and back may take beyond the probe's own timeout.
GRACE = 2.0
#: Less than a prober keeps an idle connection open, so that none is used that is just being closed.
_KEEP_ALIVE = 30.0
_ANSWER_LIMIT = 262_144


class ProbeClient:
    """One client for all checks of a prober that remote probers run; connections are kept."""

    def __init__(self) -> None:
        self.asker = uuid.uuid4().hex
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=256, keepalive_expiry=_KEEP_ALIVE)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust(trusting, None)
        self.client = httpx.AsyncClient(limits=limits, timeout=None, trust_env=False, verify=trusting)

    async def close(self) -> None:
        await self.client.aclose()


class _NoAnswer(Exception):
    """The prober gave no usable answer; the message says why, in one line."""


def prepare(probe: BoundProbe, context: ProbeContext) -> Check:
    """A check that is made by the prober `probe.via`.

    Raises ValueError for a timeout that a prober does not wait for, and a file of certificates that cannot be read.
    """
    via = probe.via
    if via is None:
        raise ValueError("it is not checked by way of another prober")
    if probe.spec.timeout > LONGEST:
        raise ValueError(f"timeout: another prober allows at most {format_duration(LONGEST)}")
    if context.client is None:
        context.client = ProbeClient()
    client: httpx.AsyncClient = context.client.client
    question = _question(probe, context.client.asker).encode()
    within = probe.timeout + GRACE

    async def check() -> Seen:
        try:
            async with asyncio.timeout(within):
                answer = _understood(await _ask(client, via, question), via)
        except TimeoutError:
            return Seen(unknown=f"the prober {via.name} does not answer (nothing within {within:g} s)")
        except httpx.InvalidURL as error:
            return Seen(unknown=f"the prober {via.name} cannot be asked ({error})")
        except httpx.HTTPError as error:
            return Seen(unknown=f"the prober {via.name} does not answer ({journey_reason(error)})")
        except (_NoAnswer, ValueError) as why:
            return Seen(unknown=f"the prober {via.name} {why}")
        reason = " ".join(answer.reason.split())
        if answer.outcome is Outcome.UNKNOWN:
            return Seen(unknown=f"the prober {via.name} could not run the check ({reason})", phases=answer.phases)
        metrics = {name: value for name, value in answer.metrics.items() if name in probe.settings.metrics}
        return Seen(phases=answer.phases, metrics=metrics, verdict=(answer.outcome, reason))

    return check


def _question(probe: BoundProbe, asker: str) -> str:
    settings = probe.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    files = {name: settings.pop(name, None) for name in probe.settings.files}
    asked = Question(
        asker=asker,
        name=probe.name,
        kind=probe.spec.kind,
        settings=escaped(settings),
        assert_=probe.spec.assert_,
        degraded=probe.spec.degraded_when,
        timeout=probe.spec.timeout,
        ca=_contents(files.get("ca")),
    )
    return asked.model_dump_json(by_alias=True)


def _contents(ca: str | None) -> str | None:
    if ca is None:
        return None
    try:
        return read_text(Path(ca))
    except UnreadableFile as why:
        raise ValueError(f"ca: {ca}: {why}") from None


async def _ask(client: httpx.AsyncClient, via: KnownProber, question: bytes) -> tuple[int, bytes]:
    """The status and the body. The token is read each time: it may be changed while a service runs."""
    try:
        token = read_token(via.token_file)
    except ValueError as why:
        raise _NoAnswer(f"cannot be asked ({why})") from None
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("POST", f"{via.url.rstrip('/')}/check", content=question, headers=headers) as response:
        body = b""
        async for chunk in response.aiter_raw():  # as it came: a packed answer has no bound
            body += chunk
            if len(body) > _ANSWER_LIMIT:
                raise _NoAnswer(_unlike("more than a prober's answer may have"))
        return response.status_code, body


def _understood(answered: tuple[int, bytes], via: KnownProber) -> Answer:
    """Raises _NoAnswer when there is no check in it."""
    status, body = answered
    if status == 401:
        raise _NoAnswer(f"refuses the token of {via.token_file}")
    if status != 200:
        if said := _said(body):
            raise _NoAnswer(f"refuses: {said}")
        if status >= 500:  # it was stopped while it checked, or what stands before it does not reach it
            raise _NoAnswer(f"does not answer (status {status})")
        raise _NoAnswer(_unlike(f"status {status}; is {via.url} its address?"))
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _NoAnswer(_unlike(f"{field}: {first['msg']}" if field else "no JSON")) from None
    if answer.format > FORMAT:
        raise _NoAnswer(f"answers in format {answer.format}, which is newer than {FORMAT}; upgrade drills here")
    return answer


def _said(body: bytes) -> str:
    """Why it refuses, in the prober's words; empty when this is not an answer of a prober."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    error = answer.get("error") if isinstance(answer, dict) else None
    return " ".join(error.split())[:300] if isinstance(error, str) else ""


def _unlike(what: str) -> str:
    return f"does not answer like a prober ({what})"

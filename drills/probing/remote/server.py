"""The server of remote probing: makes a probe of a request, keeps it ready for the next one, checks and judges."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from drills.errors import BadInput
from drills.model.probe import ProbeSpec
from drills.nearest import suggest
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.preparing import prepare
from drills.probing.engine.verdict import judge
from drills.probing.kinds.postgres.settings import PostgresSettings
from drills.probing.kinds.postgres.url import postgres_parameters
from drills.probing.kinds.redis.settings import RedisSettings
from drills.probing.kinds.redis.url import RedisAddress
from drills.probing.net.resolver import Resolver
from drills.probing.registry import PROBE_KINDS
from drills.probing.remote.messages import FORMAT, Answer, Question
from drills.probing.seen import Check, ProbeContext, Seen
from drills.probing.settings_model import ForOthers

_log = logging.getLogger(__name__)

#: Checks that go on at once.
CONCURRENT_CHECKS = 256
#: Bytes of all answers that may be held at once, and of one.
_HELD = 536_870_912
_BODY = 8_388_608
#: Bytes of a question without its certificates, and texts in it: each may be a condition, which takes time to compile.
_QUESTION = 32_768
_TEXTS = 256
#: Bytes of the questions that are kept ready; a compiled condition takes a hundred times its text.
_KEPT_BYTES = 1_048_576


class Overloaded(Exception):
    """As many checks go on as may; the message is one line."""


@dataclass(slots=True)
class _Ready:
    probe: BoundProbe
    check: Check
    ca: Path | None
    #: Two checks of one probe never overlap: a prepared check remembers, and may hold a connection.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: int = 0
    #: Bytes of the question, without its certificates; and bytes that an answer may have.
    size: int = 0
    holds: int = 0


def kinds_for_others(allowed: Iterable[str] = ()) -> frozenset[str]:
    """The kinds that are checked for others; `allowed` are those that this prober's owner allows besides.

    Raises BadInput for one that there is not, or that checks its own machine only.
    """
    for name in allowed:
        if name not in PROBE_KINDS:
            raise BadInput(f"--allow: {name!r} is not a kind of probe; {PROBE_KINDS.why_not(name)}")
        if PROBE_KINDS[name].for_others is ForOthers.NEVER:
            raise BadInput(f"--allow: a {name} probe checks its own machine only; leave it out")
    return frozenset(name for name, kind in PROBE_KINDS.items() if kind.for_others is ForOthers.ALWAYS) | {*allowed}


class ProbeServer:
    """Checks for whoever asks, with probes of `kinds`; absent: those that are checked for anybody.

    `concurrency` bounds the checks that go on at once, `kept` those that are kept ready.

    What was not asked for longest is forgotten first, and with it what a kind remembers between two checks.
    """

    def __init__(
        self, *, kinds: frozenset[str] | None = None, concurrency: int = CONCURRENT_CHECKS, kept: int = 1024
    ) -> None:
        self._kinds = kinds_for_others() if kinds is None else kinds
        self._concurrency = concurrency
        self._kept = max(kept, concurrency)
        self._going_on = 0
        self._held = 0
        self._kept_bytes = 0
        self._ready: OrderedDict[bytes, _Ready] = OrderedDict()
        self._resolver = Resolver()
        self._context = ProbeContext(self._resolver, time.monotonic)
        self._folder = tempfile.TemporaryDirectory(prefix="drills-prober-")

    async def answer(self, question: Question) -> Answer:
        """Check once. Raises BadInput for a probe that cannot be run here, Overloaded when no slot is free."""
        if self._going_on >= self._concurrency:
            raise Overloaded(f"overloaded: {self._concurrency} checks are already running")
        ready = self._made_ready(question)
        if self._held + ready.holds > _HELD:
            raise Overloaded(f"overloaded: running checks may already hold {self._held} bytes; lower body-limit")
        self._going_on += 1
        self._held += ready.holds
        ready.asked += 1
        try:
            seen = await _check(ready)
            outcome, reason = await judge(ready.probe, seen, self._context.evaluator)
        finally:
            self._going_on -= 1
            self._held -= ready.holds
            ready.asked -= 1
        return Answer(
            format=FORMAT,
            outcome=outcome,
            reason=reason,
            phases={name: value for name, value in seen.phases.items() if math.isfinite(value)},
            metrics={name: value for name, value in seen.metrics.items() if math.isfinite(value)},
        )

    async def close(self) -> None:
        """Let go of all that is kept ready; checks must have ended."""
        await self._context.close()
        self._ready.clear()
        self._folder.cleanup()

    def _made_ready(self, question: Question) -> _Ready:
        key = hashlib.sha256(question.model_dump_json().encode()).digest()
        if key in self._ready:
            self._ready.move_to_end(key)
            return self._ready[key]
        size = _size(question)
        ca = self._certificates(question, key.hex())
        try:
            probe = bind(_spec(question, ca, self._kinds), {})
            _check_reach(probe)
            _not_of_this_machine(probe)
            holds = _body_limit(probe)
            ready = self._ready[key] = _Ready(probe, prepare(probe, self._context), ca, size=size, holds=holds)
        except BadInput:
            if ca is not None:
                ca.unlink()
            raise
        self._kept_bytes += size
        self._forget()
        return ready

    def _certificates(self, question: Question, name: str) -> Path | None:
        if question.ca is None:
            return None
        path = Path(self._folder.name, f"{name}.pem")
        path.write_text(question.ca, encoding="utf-8")
        return path

    def _forget(self) -> None:
        """The oldest one not in use; the last one is about to be used."""
        idle = [key for key, ready in self._ready.items() if not ready.asked][:-1]
        for key in idle:
            if len(self._ready) <= self._kept and self._kept_bytes <= _KEPT_BYTES:
                break
            forgotten = self._ready.pop(key)
            self._kept_bytes -= forgotten.size
            if forgotten.ca is not None:
                forgotten.ca.unlink(missing_ok=True)


async def _check(ready: _Ready) -> Seen:
    try:
        async with asyncio.timeout(ready.probe.timeout):
            await ready.turn.acquire()
    except TimeoutError:
        return Seen(unknown="the previous check is still running")
    try:
        return await ready.check()
    except Exception as error:  # noqa: BLE001 - a fault of ours must be seen as ours
        _log.exception("probe %s", ready.probe.name)
        return Seen(unknown=f"the prober failed: {type(error).__name__}: {error}".split("\n")[0])
    finally:
        ready.turn.release()


def _size(question: Question) -> int:
    """Bytes, without the certificates. Raises BadInput for more than is checked for others."""
    size = len(question.model_dump_json(exclude={"ca"}))
    if size > _QUESTION:
        raise BadInput(
            f"probe {question.name}: it has {size} bytes; at most {_QUESTION} are accepted from other machines"
        )
    texts = len(question.assert_) + len(question.degraded) + _texts(question.settings)
    if texts > _TEXTS:
        raise BadInput(
            f"probe {question.name}: it has {texts} texts; at most {_TEXTS} are accepted from other machines"
        )
    return size


def _texts(value: JsonValue) -> int:
    if isinstance(value, dict):
        return sum(map(_texts, value.values()))
    if isinstance(value, list):
        return sum(map(_texts, value))
    return 1


def _check_reach(probe: BoundProbe) -> None:
    """Raises BadInput for a socket in a folder: its server may know the user that checks, and ask for no password."""
    match probe.settings:
        case RedisSettings(url=url):
            socket = RedisAddress.read(url).socket
        case PostgresSettings(url=url, ca=ca):
            socket = postgres_parameters(url, ca)["host"]
        case _:
            socket = ""
    if socket.startswith(("/", "@")):
        wrong = f"{probe.spec.kind}.url: a prober opens no Unix socket for other machines; write a host and a port"
        raise BadInput(f"probe {probe.name}: {wrong}")


def _body_limit(probe: BoundProbe) -> int:
    """Bytes of an answer. Raises BadInput for more than is held for others."""
    wanted = int(getattr(probe.settings, "body_limit", 0))
    if wanted > _BODY:
        raise BadInput(
            f"probe {probe.name}: {probe.spec.kind}.body-limit: at most {_BODY} bytes are allowed for other machines"
        )
    return wanted


def _not_of_this_machine(probe: BoundProbe) -> None:
    if own := probe.settings.here_only:
        raise BadInput(
            f"probe {probe.name}: {probe.spec.kind}.{own} belongs to this machine and cannot be used by others"
        )


def _spec(question: Question, ca: Path | None, kinds: frozenset[str]) -> ProbeSpec:
    """The probe that is asked for. Raises BadInput for what is not checked for others."""
    kind, settings = question.kind, dict(question.settings)
    if kind not in PROBE_KINDS:
        raise BadInput(f"probe {question.name}: {kind!r} is not a kind of probe here; {suggest(kind, kinds)}")
    if PROBE_KINDS[kind].for_others is ForOthers.NEVER:
        raise BadInput(f"probe {question.name}: a {kind} probe checks its own machine only, not for others")
    if kind not in kinds:
        raise BadInput(
            f"probe {question.name}: {kind} probes are refused here, unless with drills prober --allow {kind}"
        )
    if "ca" in settings:
        raise BadInput(
            f"probe {question.name}: {kind}.ca: a prober reads no file for other machines; send its contents as 'ca'"
        )
    if ca is not None:
        settings["ca"] = str(ca)
    return ProbeSpec(
        name=question.name,
        kind=kind,
        settings=settings,
        assert_=question.assert_,
        degraded_when=question.degraded,
        timeout=question.timeout,
    )

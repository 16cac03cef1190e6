"""One check of a probe, as the engine does it, without the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from drills.model.probe import Outcome, ProbeSpec
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.preparing import prepare
from drills.probing.engine.verdict import judge
from drills.probing.net.resolver import Resolver
from drills.probing.seen import ProbeContext, Seen
from drills.sandbox.sandbox import Sandbox
from drills.sandbox.service_usage import ReplicaUsage, ServiceUsage
from drills.sandbox.state import StateStore


@dataclass(frozen=True)
class Checked:
    outcome: Outcome
    reason: str
    seen: Seen


class KeptSandbox:
    """What probes ask a sandbox, of one whose state is kept in that file; `replicas` finds those of a service."""

    def __init__(self, state: Path, replicas: Callable[[str], ReplicaUsage] | None = None) -> None:
        self._store = StateStore(state, "test")
        self._replicas = replicas

    @property
    def heartbeats(self) -> Path:
        return self._store.heartbeats

    @property
    def resources(self) -> KeptSandbox:
        return self

    def usage(self, service: str) -> ServiceUsage:
        assert self._replicas is not None
        return ServiceUsage(self._store, service, self._replicas(service))


def both_ways(_name: str) -> tuple[str, str]:
    """What `localhost` is on many machines; the servers of these tests listen at the second only."""
    return ("::1", "127.0.0.1")


def probe(kind: str, settings: dict[str, Any], **more: Any) -> BoundProbe:
    """A bound probe; `more` are the other fields of its spec (`asserts` for `assert`)."""
    asserts = more.pop("asserts", [])
    spec = {"name": "checked-at", kind: settings, "timeout": "3s", "assert": asserts, **more}
    return bind(ProbeSpec.model_validate(spec), {})


async def run_probe(
    kind: str,
    settings: dict[str, Any],
    *,
    times: int = 1,
    lookup: Callable[[str], Sequence[str]] | None = None,
    between: Callable[[], None] | None = None,
    sandbox: KeptSandbox | None = None,
    **more: Any,
) -> Checked:
    """What the last of some checks saw, judged."""
    bound = probe(kind, settings, **more)
    with closing(Resolver(lookup=lookup) if lookup else Resolver()) as resolver:
        context = ProbeContext(resolver, time.monotonic, sandbox=cast(Sandbox | None, sandbox))
        try:
            check = prepare(bound, context)
            seen = await check()
            for _ in range(times - 1):
                if between is not None:
                    between()
                seen = await check()
            return Checked(*await judge(bound, seen, context.evaluator), seen)
        finally:
            await context.evaluator.close()
            if context.transfers is not None:
                context.transfers.close()

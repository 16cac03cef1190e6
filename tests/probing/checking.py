"""One check of a probe, as the engine does it, without the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from drills.model.probe import Outcome, ProbeSpec
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.preparing import prepare
from drills.probing.engine.verdict import judge
from drills.probing.net.resolver import Resolver
from drills.probing.seen import ProbeContext, Seen


@dataclass(frozen=True)
class Checked:
    outcome: Outcome
    reason: str
    seen: Seen


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
    **more: Any,
) -> Checked:
    """What the last of some checks saw, judged."""
    bound = probe(kind, settings, **more)
    with closing(Resolver(lookup=lookup) if lookup else Resolver()) as resolver:
        context = ProbeContext(resolver, time.monotonic)
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

"""From what a look saw to an outcome and a short reason."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from drills.core.conditions import Condition
from drills.core.probe import Outcome
from drills.probing.bind import BoundProbe
from drills.probing.evaluation import Evaluator, NotEvaluated
from drills.probing.reasons import missing, why_false, with_values
from drills.probing.seen import Seen

#: Seconds for all conditions of a probe; a process for them may have to start first.
TOGETHER = 5.0


async def judge(probe: BoundProbe, seen: Seen, evaluator: Evaluator) -> tuple[Outcome, str]:
    """The outcome of a look and why; the reason of a pass is empty.

    A condition that needs a value which the answer lacks has failed: the answer came, and was not what was asked for.
    One that could not be evaluated in time says nothing about the target: the outcome is unknown.
    """
    if seen.verdict is not None:
        return seen.verdict
    if seen.blind:
        return Outcome.UNKNOWN, seen.blind
    if seen.failure:
        return Outcome.FAIL, seen.failure
    try:
        async with asyncio.timeout(TOGETHER):
            if wrong := await shortfall(probe.asserts, seen, evaluator):
                return Outcome.FAIL, wrong
            if seen.doubt:
                return Outcome.UNKNOWN, seen.doubt
            for condition in probe.degraded:
                if await evaluator.holds(condition, seen.values) is True:
                    return Outcome.DEGRADED, with_values(condition, seen.values)
    except NotEvaluated as why:
        return Outcome.UNKNOWN, str(why)
    except TimeoutError:
        return Outcome.UNKNOWN, f"its conditions were not evaluated: they took longer than {TOGETHER:g} s together"
    return Outcome.PASS, ""


async def shortfall(asserts: Iterable[Condition], seen: Seen, evaluator: Evaluator) -> str:
    """Why the first of these conditions that is not met is not; empty when all are. Raises NotEvaluated."""
    for condition in asserts:
        holds = await evaluator.holds(condition, seen.values)
        if holds is False:
            return await why_false(condition, seen.values, evaluator)
        if holds is None and condition.names.isdisjoint(seen.unmeasured):
            return _not_evaluated(condition, seen)
    return ""


def _not_evaluated(condition: Condition, seen: Seen) -> str:
    why = _why_absent(condition, seen.absent) or missing(condition, seen.values)
    return f"{condition.text!r} could not be evaluated: {why}"


def _why_absent(condition: Condition, absent: Mapping[str, Any]) -> str:
    return "; ".join(str(absent[name]) for name in sorted(condition.names & absent.keys()))

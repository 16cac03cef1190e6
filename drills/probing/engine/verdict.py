"""Turns the result of a check into an outcome and a short reason."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from drills.model.conditions import Condition
from drills.model.probe import Outcome
from drills.probing.bind import BoundProbe
from drills.probing.engine.evaluation import Evaluator, NotEvaluated
from drills.probing.engine.reasons import missing, why_false, with_values
from drills.probing.seen import Seen

#: Seconds for all conditions of a probe; a process for them may have to start first.
TOGETHER = 5.0


async def judge(probe: BoundProbe, seen: Seen, evaluator: Evaluator) -> tuple[Outcome, str]:
    """The outcome of a check and why; the reason of a pass is empty, or says what was not measured.

    A condition that needs a value which the answer lacks has failed: the answer came, and was not what was asked for.
    One that could not be evaluated in time says nothing about the target: the outcome is unknown. So does one that
    needs a value which the target withholds from the prober, unless another has failed.
    """
    if seen.verdict is not None:
        return seen.verdict
    if seen.unknown:
        return Outcome.UNKNOWN, seen.unknown
    if seen.failure:
        return Outcome.FAIL, seen.failure
    if all(condition.is_cheap(seen.values) for condition in (*probe.asserts, *probe.degraded)):
        return await _judged(probe, seen, evaluator)  # a time-out costs as much as both conditions of most probes
    try:
        async with asyncio.timeout(TOGETHER):
            return await _judged(probe, seen, evaluator)
    except NotEvaluated as why:
        return Outcome.UNKNOWN, str(why)
    except TimeoutError:
        return Outcome.UNKNOWN, f"its conditions were not evaluated: they took longer than {TOGETHER:g} s together"


async def _judged(probe: BoundProbe, seen: Seen, evaluator: Evaluator) -> tuple[Outcome, str]:
    """By the conditions alone. Raises NotEvaluated."""
    if wrong := await shortfall(probe.asserts, seen, evaluator):
        return Outcome.FAIL, wrong
    if doubt := seen.doubt or await _withheld(probe.asserts, seen, evaluator):
        return Outcome.UNKNOWN, doubt
    if seen.degraded:
        return Outcome.DEGRADED, seen.degraded
    for condition in probe.degraded:
        if await evaluator.holds(condition, seen.values) is True:
            return Outcome.DEGRADED, with_values(condition, seen.values)
    if doubt := await _withheld(probe.degraded, seen, evaluator):
        return Outcome.UNKNOWN, doubt
    return Outcome.PASS, _not_measured(seen)


async def shortfall(asserts: Iterable[Condition], seen: Seen, evaluator: Evaluator) -> str:
    """Why the first of these conditions that is not met is not; empty when all are. Raises NotEvaluated."""
    for condition in asserts:
        holds = await evaluator.holds(condition, seen.values)
        if holds is False:
            return await why_false(condition, seen.values, evaluator)
        if holds is None and condition.names.isdisjoint(seen.unmeasured.keys() | seen.withheld.keys()):
            return _not_evaluated(condition, seen)
    return ""


def _not_evaluated(condition: Condition, seen: Seen) -> str:
    why = _why_absent(condition, seen.absent) or missing(condition, seen.values)
    return f"{condition.text!r} could not be evaluated: {why}"


async def _withheld(conditions: Iterable[Condition], seen: Seen, evaluator: Evaluator) -> str:
    """Why the first of these that needs a withheld value cannot be judged; empty when all can."""
    for condition in conditions:
        why = _why_absent(condition, seen.withheld)
        if why and await evaluator.holds(condition, seen.values) is None:
            return f"{condition.text!r} is not measured: {why}"
    return ""


def _not_measured(seen: Seen) -> str:
    reasons: dict[str, list[str]] = {}
    for name, why in sorted(seen.withheld.items()):
        reasons.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)} not measured: {why}" for why, names in reasons.items())


def _why_absent(condition: Condition, absent: Mapping[str, Any]) -> str:
    return "; ".join(dict.fromkeys(str(absent[name]) for name in sorted(condition.names & absent.keys())))

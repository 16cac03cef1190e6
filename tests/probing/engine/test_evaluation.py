"""Conditions that take too long or too much are ended, and nothing else waits for them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psutil
import pytest

from drills.model.conditions import compile_condition
from drills.model.probe import Outcome
from drills.probing.engine.evaluation import Evaluator, NotEvaluated
from drills.probing.engine.verdict import judge
from drills.probing.seen import Seen
from tests.probing.checking import probe

HUNDRED = {"json": {"rows": list(range(100))}}
FOUR_LOOPS = "json.rows.all(a, json.rows.all(b, json.rows.all(c, json.rows.all(d, a + b + c + d >= 0))))"
EXPLODES = "json.rows.map(a, json.rows.map(b, json.rows.map(c, json.rows.map(d, [a, b, c, d])))).size() > 0"
GROWS = "size([" + ", ".join(["body + body"] * 80) + "]) > 0"


def with_evaluator(play: Callable[[Evaluator], Awaitable[Any]], *, within: float = 5.0, processes: int = 2) -> Any:
    """What comes out of `play`; afterwards no process may be left."""

    async def played() -> Any:
        evaluator = Evaluator(within=within, processes=processes)
        try:
            return await play(evaluator)
        finally:
            await evaluator.close()
            left = [child for child in psutil.Process().children() if "evaluation_process" in " ".join(child.cmdline())]
            assert left == []

    return asyncio.run(played())


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("json.rows.all(row, row >= 0)", HUNDRED, True),
        ("json.rows.exists(row, row > 99)", HUNDRED, False),
        ("body.matches('^a+$')", {"body": "a" * 1000}, True),
        ("json.a == json.a", {"json": {"a": [0] * 10_000}}, True),
        ("json.rows.all(row, row.total > 1)", HUNDRED, None),
        ("json.rows.map(row, row)", HUNDRED, None),
        ("rows.all(row, row > 0)", {}, None),
        ("[longest].all(each, each > duration('1m'))", {"longest": timedelta(seconds=70)}, True),
    ],
)
def test_what_is_evaluated_elsewhere_gives_the_same(text: str, values: dict[str, Any], result: bool | None) -> None:
    condition = compile_condition(text)
    assert not condition.is_cheap(values)
    assert condition.holds(values) is result
    assert with_evaluator(lambda evaluator: evaluator.holds(condition, values)) is result


def test_a_value_comes_back_as_it_is() -> None:
    condition = compile_condition("json.rows.filter(row, row > 97)")
    assert with_evaluator(lambda evaluator: evaluator.value(condition, HUNDRED)) == [98, 99]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (FOUR_LOOPS, "took longer than 5s"),
        (EXPLODES, "took "),  # too long or too much memory: whichever comes first
    ],
)
def test_a_condition_without_end_is_ended_while_all_else_goes_on(text: str, why: str) -> None:
    async def play(evaluator: Evaluator) -> str:
        other = asyncio.create_task(asyncio.sleep(0))
        with pytest.raises(NotEvaluated) as unknown:
            await evaluator.holds(compile_condition(text), HUNDRED)
        assert other.done()
        assert await evaluator.holds(compile_condition("json.rows.all(row, row >= 0)"), HUNDRED) is True
        return str(unknown.value)

    # Four loops take a minute, one takes a moment: also on a machine that is busy.
    told = with_evaluator(play, within=5)
    assert why in told
    assert "\n" not in told


def test_a_condition_that_wants_too_much_memory_is_ended() -> None:
    async def play(evaluator: Evaluator) -> str:
        with pytest.raises(NotEvaluated) as unknown:
            await evaluator.holds(compile_condition(GROWS), {"body": "x" * 4_000_000})
        return str(unknown.value)

    assert "took too much memory" in with_evaluator(play, within=60)


def test_those_that_wait_too_long_for_their_turn_are_unknown() -> None:
    async def play(evaluator: Evaluator) -> None:
        condition = compile_condition(FOUR_LOOPS)
        found = await asyncio.gather(*(evaluator.holds(condition, HUNDRED) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(each, NotEvaluated) for each in found)
        assert any("the other conditions took all the time" in str(each) for each in found)

    with_evaluator(play, within=0.1, processes=1)


def test_whoever_is_cancelled_leaves_no_process_that_computes() -> None:
    async def play(evaluator: Evaluator) -> None:
        assert await evaluator.holds(compile_condition("json.rows.all(row, row >= 0)"), HUNDRED) is True
        (process,) = evaluator._idle
        evaluating = asyncio.create_task(evaluator.holds(compile_condition(FOUR_LOOPS), HUNDRED))
        await asyncio.sleep(0)
        assert evaluator._idle == []
        evaluating.cancel()
        await asyncio.gather(evaluating, return_exceptions=True)
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)

    with_evaluator(play, within=60)


def test_a_probe_whose_condition_takes_too_long_is_unknown_not_failed() -> None:
    async def play(evaluator: Evaluator) -> tuple[Outcome, str]:
        return await judge(probe("http", {"url": "http://a"}, asserts=[FOUR_LOOPS]), Seen(HUNDRED), evaluator)

    outcome, reason = with_evaluator(play, within=0.1)
    assert outcome is Outcome.UNKNOWN
    assert reason.startswith(repr(FOUR_LOOPS))
    assert reason.endswith("was not evaluated: it took longer than 100ms")


def test_many_conditions_have_a_bound_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.probing.engine.verdict.TOGETHER", 0.2)

    async def play(evaluator: Evaluator) -> tuple[Outcome, str]:
        return await judge(probe("http", {"url": "http://a"}, asserts=[FOUR_LOOPS]), Seen(HUNDRED), evaluator)

    assert with_evaluator(play, within=60) == (
        Outcome.UNKNOWN,
        "its conditions were not evaluated: they took longer than 0.2 s together",
    )

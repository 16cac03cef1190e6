"""Conditions: what holds, what does not, and what cannot be known."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from drills.model.conditions import ConditionError, compile_condition


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("status == 200", {"status": 200}, True),
        ("status == 200", {"status": 503}, False),
        ("time.total < 2", {"time": {"total": 0.5}}, True),
        ("size(json.orders) > 0", {"json": {"orders": [1]}}, True),
        ("longest > duration('1m')", {"longest": timedelta(seconds=70)}, True),
        ("json.orders.all(order, order.total > 0)", {"json": {"orders": [{"total": 3.5}]}}, True),
        ("true", {}, True),
    ],
)
def test_what_was_measured_decides(text: str, values: dict[str, Any], holds: bool) -> None:
    assert compile_condition(text).holds(values) is holds


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("error_rate > 0.05", {}),
        ("error_rate > 0.05", {"error_rate": math.nan}),
        ("error_rate > 0.05", {"p95": 1.0}),
        ("time.total < 2.0", {"time": {"connect": 0.1}}),
        ("json.orders[3].id == 1", {"json": {"orders": []}}),
        ("json.total > 2", {"json": {"total": "many"}}),
        ("1 / count > 0", {"count": 0}),
        ("json", {"json": 3}),
    ],
)
def test_what_nobody_could_measure_is_unknown_never_false(text: str, values: dict[str, Any]) -> None:
    assert compile_condition(text).holds(values) is None


def test_what_is_missing_does_not_matter_where_the_rest_decides() -> None:
    assert compile_condition("error_rate > 0.05 || site_failing").holds({"site_failing": True}) is True
    assert compile_condition("error_rate > 0.05 && site_failing").holds({"site_failing": False}) is False
    assert compile_condition("error_rate > 0.05 || site_failing").holds({"site_failing": False}) is None


def test_a_text_that_is_no_condition_is_refused_in_one_line_that_says_where() -> None:
    with pytest.raises(ConditionError) as refused:
        compile_condition("status == ")
    assert "\n" not in str(refused.value)
    assert "1:11" in str(refused.value)


def test_a_condition_knows_what_it_names() -> None:
    assert compile_condition("p95 > 2.0 && error_rate > 0.1").names == {"p95", "error_rate"}


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("status == 200 && json.small + 1 > 2", False),
        ("json.total + json.filtered > 2", True),  # an addition and a macro's name: taken for the worse
        ("json.orders.all(order, order.total > 0)", True),
        ("json.orders.exists(order, order.total > 0)", True),
        ("json.orders.exists_one(order, order.total > 0)", True),
        ("json.orders.existsOne(order, order.total > 0)", True),
        ("json.orders.map(order, order.total) == [1]", True),
        ("json.orders.filter(order, order.total > 0) == []", True),
        ("json.orders. // out of sight\n  all(order, order.total > 0)", True),
        ("body.matches('a+')", True),
        ("matches(body, 'a+')", True),
    ],
)
def test_what_has_no_bounded_cost_is_known_from_the_parsed_text(text: str, loops: bool) -> None:
    assert compile_condition(text).loops is loops


@pytest.mark.parametrize(
    ("text", "values", "cheap"),
    [
        ("json.status == 'ok'", {"json": {"status": "ok"}}, True),
        ("body.contains('ok')", {"body": "x" * 100_000}, True),
        ("json.a == json.a", {"json": {"a": [0] * 100_000}}, False),
        ("json.a == json.a", {"json": {"a": {str(key): [] for key in range(10_000)}}}, False),
        ("body.contains('ok')", {"body": "x" * 10_000_000}, False),
        (" && ".join(["status == 200"] * 100), {"status": 200}, False),
        ("json.orders.all(order, order > 0)", {"json": {"orders": [1]}}, False),
        ("status == 200", {"status": 200, "json": [0] * 100_000}, True),
    ],
)
def test_a_condition_is_cheap_by_its_text_and_the_values_that_it_names(
    text: str, values: dict[str, Any], cheap: bool
) -> None:
    assert compile_condition(text).is_cheap(values) is cheap

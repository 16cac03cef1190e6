"""Why a condition does not hold, in a person's words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.model.conditions import Condition, compile_condition
from drills.probing.engine import reasons
from drills.probing.engine.evaluation import Evaluator
from drills.probing.engine.paths import fields_of, paths
from drills.probing.engine.reasons import missing


def why_false(condition: Condition, values: Mapping[str, Any]) -> str:
    return asyncio.run(reasons.why_false(condition, values, Evaluator()))


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ("status == 200", {"status": 503}, "status 503, not 200"),
        ("time.total < 2.0", {"time": {"total": 2.3142}}, "2.31 s, over 2 s"),
        ("time.connect <= 0.5", {"time": {"connect": 0.75}}, "connect 0.75 s, over 0.5 s"),
        ("time.first_byte < 1", {"time": {"first_byte": 1.5}}, "first byte 1.50 s, over 1 s"),
        ("json.status == 'ok'", {"json": {"status": "down"}}, 'json.status "down", not "ok"'),
        ("size(json.orders) > 0", {"json": {"orders": []}}, "size(json.orders) 0, not over 0"),
        ("rows[0].count >= 3", {"rows": [{"count": 2}]}, "rows[0].count 2, not at least 3"),
        ("json.ok", {"json": {"ok": False}}, "json.ok is false"),
        ("lock_waits < 5", {"lock_waits": 5}, "lock_waits 5, not below 5"),
        ("status != 500", {"status": 500}, "status 500, which it must not be"),
        ("error_rate < 0.05", {"error_rate": 0.1234}, "error_rate 0.123, over 0.05"),
        ("memory < limit", {"memory": 9, "limit": 5}, "memory < limit (memory 9, limit 5)"),
        ("status == 200 || status == 204", {"status": 404}, "status == 200 || status == 204 (status 404)"),
        ("body.contains('well')", {"body": "all\nis lost"}, "body.contains('well') (body \"all is lost\")"),
        (f"status{' ' * 1000}== 200", {"status": 503}, "status 503, not 200"),
        (f"{' ' * 1000}json.ok", {"json": {"ok": False}}, f"{' ' * 1000}json.ok (json.ok false)"),
        ("'x-a' in headers", {"headers": {"b": "1"}}, "'x-a' in headers (headers with b)"),
    ],
)
def test_reasons_are_short_and_have_the_actual_value(text: str, values: dict[str, Any], reason: str) -> None:
    condition = compile_condition(text)
    assert condition.holds(values) is False
    assert why_false(condition, values) == reason


@pytest.mark.parametrize(
    ("text", "values", "gone"),
    [
        ("json.orders[0].total > 1", {"json": {}}, "json.orders is missing"),
        ("json.orders[0].total > 1", {"json": {"orders": []}}, "json.orders[0] is missing"),
        ("headers['x-a'] == 'b'", {"headers": {}}, "headers['x-a'] is missing"),
        ("size(json.orders) > 0", {}, "json is missing"),
        ("json.a > 1", {"json": {"a": "b"}}, 'its values cannot be compared: json.a "b"'),
    ],
)
def test_the_first_missing_step_is_named(text: str, values: dict[str, Any], gone: str) -> None:
    condition = compile_condition(text)
    assert condition.holds(values) is None
    assert missing(condition, values) == gone


def test_paths_are_not_found_in_texts_nor_in_calls() -> None:
    assert paths("json.name == 'a.b.c' && json.name.startsWith('a') && size(rows) > 1") == ["json.name", "rows"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("json.status == 'ok' && size(json.orders) > 0", {"status", "orders"}),
        ("json['status'] == 'ok'", {"status"}),
        ("json.orders.all(o, o.total > json.least)", {"orders", "least"}),
        ("has(json.orders)", {"orders"}),
        ("status == 200", set()),
        ("size(json) > 0", None),
        ("'orders' in json", None),
        ("json[0].id == 1", None),
        ("json . status == 'ok'", None),
    ],
)
def test_the_fields_that_a_condition_may_need_are_never_too_few(text: str, fields: set[str] | None) -> None:
    assert fields_of("json", [compile_condition(text)]) == fields


@given(status=st.integers(), body=st.text(), seconds=st.floats(0, 1e6))
def test_any_value_gives_one_line(status: int, body: str, seconds: float) -> None:
    values = {"status": status, "body": body, "time": {"total": seconds}}
    for text in ("status == 200", "body == 'x'", "time.total < 2.0", "status == 1 || body.contains('y')"):
        condition = compile_condition(text)
        if condition.holds(values) is False:
            assert len(why_false(condition, values).splitlines()) == 1

"""What a journey's step sends, filled in with what earlier steps extracted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drills.probing.kinds.journey.placeholders import Filled
from drills.probing.kinds.journey.settings import JourneySettings, JourneyStep


def filled(extracted: dict[str, Any], **step: Any) -> Filled:
    return Filled.of(JourneyStep.model_validate({"name": "pay", "url": "/", **step}), extracted)


@pytest.mark.parametrize(
    ("value", "in_text", "in_json"),
    [
        ("a b", "a b", "a b"),
        (7, "7", 7),
        (7.0, "7", 7.0),
        (0.1, "0.1", 0.1),
        (True, "true", True),
        (None, "null", None),
        ({"a": [1, "é"]}, '{"a": [1, "é"]}', {"a": [1, "é"]}),
        (["x", None], '["x", null]', ["x", None]),
        (b"abc", "abc", "abc"),
        (timedelta(seconds=5), "0:00:05", "0:00:05"),
        (float("inf"), "inf", "inf"),
    ],
)
def test_a_value_stays_what_it_is_in_json_and_is_written_as_json_in_a_text(
    value: Any, in_text: str, in_json: Any
) -> None:
    sent = filled({"x": value}, method="POST", json={"whole": "{{x}}", "part": "<{{ x }}>", "k-{{x}}": 1})
    assert sent.json == {"whole": in_json, "part": f"<{in_text}>", f"k-{in_text}": 1}
    json.dumps(sent.json, allow_nan=False)
    assert filled({"x": value}, method="POST", body="{{x}}").body == in_text


def test_a_value_in_a_url_is_one_part_of_it() -> None:
    assert filled({"x": "a/b?c=d&e #%"}, url="/orders/{{x}}?q={{x}}").url == (
        "/orders/a%2Fb%3Fc%3Dd%26e%20%23%25?q=a%2Fb%3Fc%3Dd%26e%20%23%25"
    )


#: What templates are made of.
TOKENS = [
    "{{x}}",
    "{{ y }}",
    "{{\nx\t}}",
    "{{",
    "}}",
    "{",
    "}",
    "x",
    "{{z}}",
    "{{X}}",
    "$",
    "é",
    '"',
    "\\",
    " ",
    "{{x}}}}",
]
templates = st.lists(st.sampled_from(TOKENS), max_size=6).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
documents = st.recursive(
    templates, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(templates, inner, max_size=3), max_leaves=5
)


@given(templates, templates, documents, st.fixed_dictionaries({"x": values, "y": values}))
def test_what_is_accepted_can_be_filled_in(path: str, body: str, document: Any, extracted: dict[str, Any]) -> None:
    can_be_filled_in(path, body, document, extracted)


def can_be_filled_in(path: str, body: str, document: Any, extracted: dict[str, Any]) -> None:
    """Settings that are accepted never fail later, whatever was extracted, and what they send is JSON."""
    first = {"name": "first", "url": "/", "extract": {"x": "json.x", "y": "json.y"}}
    for more in ({"url": f"/{path}"}, {"body": body}, {"json": document}, {"headers": {"X-Id": body}}):
        try:
            settings = JourneySettings.model_validate(
                {"base": "http://shop", "steps": [first, {"name": "then", "url": "/", "method": "POST", **more}]}
            )
        except ValidationError:
            continue
        sent = Filled.of(settings.steps[1], extracted)
        json.dumps(sent.json, allow_nan=False)
        assert not {"z"} & settings.steps[1].placeholders()
        assert sent.url.isascii() or not path.isascii()

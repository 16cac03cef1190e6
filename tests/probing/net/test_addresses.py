"""`${name}` and `$${name}` in a probe's texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.model.probe import ProbeSpec
from drills.probing.bind import bind, names_addresses
from drills.probing.net.addresses import escaped, filled, literal, named, unclosed

ADDRESSES = {"app": "http://h:1", "x": "X"}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("${app}/a", "http://h:1/a"),
        ("$${app}", "${app}"),
        ("$$${app}", "$http://h:1"),
        ("$$$${x}", "$${x}"),
        ("$$$$${x}", "$$X"),
        ("price $${amount} at ${app}", "price ${amount} at http://h:1"),
        ("a$b $ {x} $$ $$$ {$x} 5$", "a$b $ {x} $$ $$$ {$x} 5$"),
        ("${", "${"),
        ("$${", "${"),
        ("${app", "${app"),
        ("${x}${x}$${x}", "XX${x}"),
        ("$${{total}}", "${{total}}"),
    ],
)
def test_an_even_number_of_dollars_is_text_and_an_odd_one_names_an_address(text: str, made: str) -> None:
    assert filled(text, ADDRESSES.__getitem__) == made


def test_keys_lists_and_nested_mappings_are_read_as_well() -> None:
    written = {"$${k}": ["${x}", {"${x}": "$${v}"}], "n": 1, "none": None}
    assert filled(written, ADDRESSES.__getitem__) == {"${k}": ["X", {"X": "${v}"}], "n": 1, "none": None}
    assert list(named(written)) == [(("$${k}", 0), "x"), (("$${k}", 1, "${x}"), "x")]


def test_a_brace_that_is_not_closed_is_found() -> None:
    assert list(unclosed({"a": "x ${", "b": "$${", "c": "${x}", "d": "${x} ${y"})) == [("a",), ("d",)]


def test_an_assertion_names_no_address() -> None:
    probe = ProbeSpec.model_validate(
        {
            "name": "leak",
            "http": {"url": "http://h/", "body": "price $${amount}"},
            "assert": ["!body.contains('${price}')", "!body.contains('$${price}')"],
        }
    )
    assert not names_addresses(probe)
    bound = bind(probe, {})
    assert [condition.text for condition in bound.asserts] == ["!body.contains('${price}')"] * 2
    assert literal("$$${x}") == "$${x}"


def test_a_journeys_step_may_say_a_dollar_before_what_was_extracted() -> None:
    steps = [
        {"name": "a", "url": "/a", "extract": {"total": "json.total"}, "assert": ["!body.contains('$${price}')"]},
        {"name": "b", "url": "/b", "method": "POST", "json": {"sum": "$${{total}}", "list": ["$${x}"]}},
    ]
    bound = bind(ProbeSpec.model_validate({"name": "j", "journey": {"base": "${app}", "steps": steps}}), ADDRESSES)
    first, second = bound.settings.model_dump(by_alias=True)["steps"]
    assert first["assert"] == ("!body.contains('${price}')",)
    assert second["json"] == {"sum": "${{total}}", "list": ["${x}"]}


@given(st.text("$${}ax", max_size=12))
def test_what_was_filled_is_filled_alike_once_it_is_escaped(text: str) -> None:
    assert filled(escaped(text), ADDRESSES.__getitem__) == text
    assert list(named(escaped(text))) == []

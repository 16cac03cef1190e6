"""Regular expressions that people write are found where Python finds them, at a bounded cost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.model.patterns import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("(a+)+$", "a" * 40 + "!", False),
        (r"^(\w+\s?)*$", "word " * 50_000 + "!", False),
        ("(x*x*x*x*x*x*x*x*)*y", "x" * 200_000, False),
        ("api-key: revoked", "partner lantern  api-key: revoked  since 2026-11-02\n", True),
        ("ready$", "ready\n", True),
        ("^ready$", "ready\n", True),
        ("^ready$", "is ready\nready\nnow", False),
        ("(?m)^ready$", "is ready\nready\nnow", True),
        ("(?i)zürich", "ZÜRICH", True),
        ("ready\n$", "ready\n", True),
        (r"(?P<n>\d+) rows", "12 rows", True),
        ("a.c", "a\nc", False),
    ],
)
def test_a_pattern_is_found_where_python_finds_it_and_hostile_ones_come_back(
    source: str, text: str, found: bool
) -> None:
    assert compile_pattern(source).found_in(text) is found


PARTS = st.lists(st.sampled_from(["a", "b", "\\n", ".", "x*", "(ab)?", "[^b]", "^", "a|b", "\\d+"]), max_size=6)


@given(PARTS, st.sampled_from(["", "$"]), st.text("ab1x\n", max_size=12))
def test_common_patterns_mean_what_they_mean_in_python(parts: list[str], end: str, text: str) -> None:
    source = "".join(parts) + end
    assert compile_pattern(source).found_in(text) is (re.search(source, text) is not None), (source, text)


@pytest.mark.parametrize(
    ("source", "right"),
    [
        ("(?=ok)x", "write what stands there"),
        ("(?<!not )ready", "write what stands there"),
        (r"(a)\1", "write the text that is expected"),
        ("(?P<a>x)(?P=a)", "write the text that is expected"),
        (r"end\Z", r"write \z"),
        ("a++", "leave the second + out"),
        ("(?>a+)", "write (?:…)"),
        ("a{,3}", "write {0,3}"),
        ("a{1001}", "use * or +"),
        (r"\u20ac", r"\x{20AC}"),
        ("(?x) a", "use (?i)"),
        ("(", "RE2"),
        ("((x{0,100}){0,10}y){0,10}", ""),
        ("a" * 5_000, "repeat less"),
        ("\ud800", "write the whole character"),
    ],
)
def test_what_cannot_run_in_bounded_time_is_refused_with_what_to_write(source: str, right: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(source)
    assert right in str(refused.value)
    assert "; " in str(refused.value)
    assert "\n" not in str(refused.value)

"""YAML as data with the line of every key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drills.workspace.yaml_lines import dotted, parse_document, read_document


def test_every_key_has_its_line():
    document = parse_document("a: 1\nb:\n  - c: 2\n    d: 3\n  - 4\n", "f.yaml")
    assert document.data == {"a": 1, "b": [{"c": 2, "d": 3}, 4]}
    places = [("a",), ("b",), ("b", 0), ("b", 0, "d"), ("b", 1)]
    assert [document.line(place) for place in places] == [1, 2, 3, 4, 5]


def test_a_place_that_is_not_there_has_the_line_of_what_is_around_it():
    document = parse_document("a:\n  b: 1\n", "f.yaml")
    assert document.line(("a", "missing", 3)) == 1


def test_a_key_written_twice_is_an_error_that_names_both_lines():
    document = parse_document("a: 1\nb: 2\na: 3\n", "f.yaml")
    assert [str(problem) for problem in document.problems] == [
        "f.yaml:3: a: is written twice (first on line 1); keep one"
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("14:00", "14:00"),
        ("2026-12-03", "2026-12-03"),
        ("1_000", "1_000"),
        ("010", "010"),
        ("yes", "yes"),
        ("true", True),
        ("12", 12),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("~", None),
        ("", None),
    ],
)
def test_words_are_read_as_editors_read_them(text, value):
    assert parse_document(f"key: {text}", "f.yaml").data == {"key": value}


def test_on_is_a_key_like_any_other():
    assert parse_document("on: 2026-12-03T14:00", "f.yaml").data == {"on": "2026-12-03T14:00"}


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "a:\n\t- 1", "- a\nb: 1", "{", "a: !!python/object:os.system {}"])
def test_broken_yaml_is_one_problem_with_a_line(text):
    (problem,) = parse_document(text, "f.yaml").problems
    assert problem.line >= 1
    assert problem.right
    assert "\n" not in str(problem)


def test_an_alias_that_contains_itself_is_refused():
    (problem,) = parse_document("a: &a [*a]", "f.yaml").problems
    assert "contains itself" in problem.wrong


def test_aliases_that_grow_without_end_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    problems = parse_document("\n".join(lines), "f.yaml").problems
    assert any("grows without end" in problem.wrong for problem in problems)


def test_a_file_that_is_not_there_or_not_text_is_one_problem(tmp_path: Path):
    (missing,) = read_document(tmp_path / "none.yaml", "none.yaml").problems
    assert str(missing) == "none.yaml: there is no such file; write it, or correct the name"
    (tmp_path / "bytes.yaml").write_bytes(b"a: 1\nb: \xff\n")
    (binary,) = read_document(tmp_path / "bytes.yaml", "bytes.yaml").problems
    assert str(binary) == "bytes.yaml:2: is not UTF-8 text; save it as UTF-8"


def test_a_place_is_written_as_people_read_it():
    assert dotted(("timeline", 0, "fault", "kind")) == "timeline[0].fault.kind"


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]))
data = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(words, data, max_size=4))
def test_what_yaml_writes_is_read_back(value):
    # Quoted throughout: the writer follows YAML 1.1, where 0E0 is a text, and the reader 1.2, where it is a number.
    text = yaml.safe_dump(value, allow_unicode=True, default_style='"')
    document = parse_document(text, "f.yaml")
    assert document.problems == ()
    assert document.data == value


@given(st.text(max_size=80))
def test_no_text_makes_the_reader_fail(text):
    document = parse_document(text, "f.yaml")
    assert document.data is None or document.problems == ()

"""YAML as data with the line of every key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drills.included import included_root
from drills.workspace.layout import playbook_files, probe_files, scenario_files
from drills.workspace.yaml_lines import Document, dotted, parse_document, read_document

ROOT = included_root()
INCLUDED = (
    ROOT / "drills.yaml",
    *scenario_files(ROOT).values(),
    *playbook_files(ROOT).values(),
    *probe_files(ROOT),
)


def test_every_key_has_its_line():
    document = parse_document("a: 1\nb:\n  - c: 2\n    d: 3\n  - 4\n", "f.yaml")
    assert document.data == {"a": 1, "b": [{"c": 2, "d": 3}, 4]}
    yaml_paths = [("a",), ("b",), ("b", 0), ("b", 0, "d"), ("b", 1)]
    assert [document.line(yaml_path) for yaml_path in yaml_paths] == [1, 2, 3, 4, 5]


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


def test_an_address_in_a_flow_mapping_needs_quotes():
    (problem,) = parse_document("http: {url: ${app}, method: GET}", "f.yaml").problems
    assert problem.right.startswith('write "${…}" in quotes')


def test_an_alias_that_contains_itself_is_refused():
    (problem,) = parse_document("a: &a [*a]", "f.yaml").problems
    assert "contains itself" in problem.wrong


def test_aliases_that_grow_without_end_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    problems = parse_document("\n".join(lines), "f.yaml").problems
    assert any("grows without end" in problem.wrong for problem in problems)


@pytest.mark.parametrize(
    ("text", "data", "lines"),
    [
        # one's own keys win wherever they stand; a merged key has the line where it is written
        ("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", {"x": 1, "y": 3}, {"x": 1, "y": 4}),
        ("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n", {"x": 1, "y": 3}, {"x": 1, "y": 3}),
        # of a list the first wins
        ("a: [&p {x: 1}, &q {x: 2, y: 2}]\nb:\n  <<: [*p, *q]\n", {"x": 1, "y": 2}, {"x": 1, "y": 1}),
        # nested: what was merged into the base comes along, and its own parts have their lines
        (
            "p: &p\n  x:\n    z: 1\nq: &q\n  <<: *p\n  y: 2\nb:\n  <<: *q\n",
            {"x": {"z": 1}, "y": 2},
            {"x": 2, "y": 6, ("x", "z"): 3},
        ),
        ("b:\n  <<: {x: 1}\n", {"x": 1}, {"x": 2}),
        ('b:\n  "<<": 1\n', {"<<": 1}, {"<<": 2}),
    ],
)
def test_the_merge_key_takes_mappings_over(text, data, lines):
    document = parse_document(text, "f.yaml")
    assert document.problems == ()
    assert document.data["b"] == data
    for key, line in lines.items():
        assert document.line(("b", *(key if isinstance(key, tuple) else (key,)))) == line


@pytest.mark.parametrize("text", ["<<: 1", "<<: [1]", "<<:", "a: &a [1]\n<<: *a"])
def test_the_merge_key_takes_nothing_else_over(text):
    (problem,) = parse_document(text, "f.yaml").problems
    assert "takes no mapping over" in problem.wrong


def test_aliases_are_deep_and_large_as_if_they_were_written_out():
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))
    (problem,) = parse_document(chain, "f.yaml").problems
    assert problem.wrong == "is more than 50 levels deep"
    assert parse_document(chain.split("a40:")[0], "f.yaml").problems == ()


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
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | words,
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


@given(st.dictionaries(words, data, max_size=4), st.sampled_from([None, True, False]), st.sampled_from(["\n", "\r\n"]))
def test_lines_are_those_that_the_yaml_library_itself_says(value, flow, breaks):
    text = yaml.safe_dump(value, allow_unicode=True, default_style='"', default_flow_style=flow, line_break=breaks)
    document = parse_document(text, "f.yaml")

    def compare(node: yaml.Node, yaml_path: tuple[str | int, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, item in node.value:
                assert document.line((*yaml_path, key.value)) == key.start_mark.line + 1
                compare(item, (*yaml_path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                assert document.line((*yaml_path, index)) == item.start_mark.line + 1
                compare(item, (*yaml_path, index))

    compare(yaml.compose(text, Loader=yaml.SafeLoader), ())


@given(st.text(st.sampled_from("ab:-[]{}&*!|>?,'\"#%@ \n\t<~0123.e\ufeff\x85"), max_size=60))
def test_no_punctuation_makes_the_reader_fail(text):
    document = parse_document(text, "f.yaml")
    assert all("\n" not in str(problem) and problem.right for problem in document.problems)


@given(st.text(max_size=80))
def test_no_text_makes_the_reader_fail(text):
    document = parse_document(text, "f.yaml")
    assert document.data is None or document.problems == ()


@pytest.mark.parametrize("path", sorted(INCLUDED), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_pyyaml_without_libyaml_reads_every_included_file_alike(path: Path, monkeypatch: pytest.MonkeyPatch):
    with_libyaml = read_document(path)
    monkeypatch.setattr("drills.workspace.yaml_lines._Loader", yaml.SafeLoader)
    pure = read_document(path)
    assert pure == with_libyaml
    assert _all_lines(pure, ()) == _all_lines(with_libyaml, ())


def _all_lines(document: Document, yaml_path: tuple[str | int, ...]) -> list[int]:
    data = document.data
    for part in yaml_path:
        data = data[part]
    inner = data.keys() if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [document.line(yaml_path), *(line for part in inner for line in _all_lines(document, (*yaml_path, part)))]

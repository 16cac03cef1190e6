"""Runbooks are read: what may be executed, where it stands, and every mistake with its line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drills.included import included_root
from drills.model.playbook import Choice, Milestone
from drills.responders.runbook_file import HORIZONS, REQUIRED_SECTIONS, RunbookError, parse_runbook

RUNBOOK = """\
# Runbook: the database is down

## Overview
Prose.

```sh
drills sandbox down   # no attributes: prose
```

## Triage: check first

```sh {"name":"check","read-only":true,"timeout":"10s","expect":"ok"}
drills sandbox health
```

## mitigation (< 5 minutes)
### At once

```bash {"name":"decide","decision":true,"cause-known":true,"fix-minutes":2}
echo fix
```

```sh {"name":"restart","when":"fix"}
drills sandbox restart database
```
"""


def block(attributes: str, language: str = "sh") -> str:
    return f"# Title\n\n```{language} {attributes}\ntrue\n```\n"


def test_blocks_are_read_with_their_section_and_line() -> None:
    runbook = parse_runbook(RUNBOOK)
    assert runbook.title == "Runbook: the database is down"
    assert runbook.sections == ("Overview", "Triage: check first", "mitigation (< 5 minutes)")
    assert [(each.name, each.section, each.line) for each in runbook.blocks] == [
        ("check", "Triage: check first", 12),
        ("decide", "mitigation (< 5 minutes)", 19),
        ("restart", "mitigation (< 5 minutes)", 23),
    ]
    check, decide, restart = runbook.blocks
    assert (check.command, check.language) == ("drills sandbox health", "sh")
    assert check.attributes.read_only
    assert check.attributes.timeout == timedelta(seconds=10)
    assert (decide.attributes.decision, decide.attributes.fix_minutes) == (True, 2)
    assert restart.attributes.when is Choice.FIX


def test_a_block_without_attributes_is_never_executed() -> None:
    assert "down" not in [line for each in parse_runbook(RUNBOOK).blocks for line in each.command.split()]


def test_missing_sections_are_found_whatever_their_case_and_ending() -> None:
    missing = parse_runbook(RUNBOOK).missing_sections()
    assert set(REQUIRED_SECTIONS) - set(missing) == {"Overview", "Triage", "Mitigation"}


def test_a_runbook_is_resumed_from_a_named_step() -> None:
    runbook = parse_runbook(RUNBOOK)
    assert [each.name for each in runbook.after("decide")] == ["decide", "restart"]
    with pytest.raises(KeyError, match="the steps are check, decide, restart"):
        runbook.after("repair")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (block('{"name":"x"}', "python"), 3, "a block in 'python' cannot be executed; write sh or bash"),
        (block('{"name":"x"}', ""), 3, "cannot be executed; write sh or bash"),
        (block("{name:x}"), 3, "the attributes are not JSON"),
        (block('{"name":"x"'), 3, "the attributes are not JSON"),
        (block("{" * 100_000), 3, "the attributes are not"),
        (block('{"timeout":"5s"}'), 3, "name: Field required"),
        (block('{"name":"Not A Name"}'), 3, "name: "),
        (block('{"name":"x","tiemout":"5s"}'), 3, "tiemout: Extra inputs are not permitted"),
        (block('{"name":"x","timeout":"5 m"}'), 3, "timeout: '5 m' is not a duration; write 5m"),
        (block('{"name":"x","timeout":"0s"}'), 3, "timeout: "),
        (block('{"name":"x","fix-minutes":NaN}'), 3, "fix-minutes: "),
        (block('{"name":"x","exit":"never"}'), 3, "exit: "),
        (block('{"name":"x","when":"panic"}'), 3, "when: "),
        (block('{"name":"x","expect":"("}'), 3, "expect: not a regular expression"),
        (block('{"name":"x","milestone":"mitigated"}'), 3, "milestone: a block cannot carry mitigated; it may carry"),
        (block('{"name":"x","milestone":"cause-named"}'), 3, "milestone cause-named and cause go together"),
        (block('{"name":"x","cause":"database-down"}'), 3, "milestone cause-named and cause go together"),
        (block('{"name":"x","excludeFromRunAll":"perhaps"}'), 3, "excludeFromRunAll: "),
        (
            block('{"name":"x","excludeFromRunAll":true,"milestone":"all-clear"}'),
            3,
            "milestone: a drill skips optional blocks; remove one of the two attributes",
        ),
        (block('{"name":"x","excludeFromRunAll":true,"decision":true}'), 3, "decision: a drill skips optional"),
        (block('{"name":"x"}') + block('{"name":"x"}'), 8, "a second block named 'x'; the first is at line 3"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(RunbookError) as told:
        parse_runbook(text)
    assert told.value.line == line
    assert said in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("written", "optional"), [("true", True), ('"true"', True), ("false", False)])
def test_a_block_is_optional_by_the_word_that_runme_has_for_it(written: str, optional: bool) -> None:
    (only,) = parse_runbook(block(f'{{"name":"x","excludeFromRunAll":{written}}}')).blocks
    assert only.attributes.optional is optional
    assert not parse_runbook(block('{"name":"x"}')).blocks[0].attributes.optional


@pytest.mark.parametrize(
    "headings",
    [
        ("## Mitigation", "### Less than 5 minutes", "### 5 to 30 minutes", "### More than 30 minutes"),
        ("## Mitigation steps", "### Quick wins (< 5 min)", "#### Medium-term (5-30 min)", "### Later (>30 min)"),
        ("## Mitigation (under 5 minutes)", "## Mitigation (5–30 minutes)", "## Mitigation after 30 minutes"),
    ],
)
def test_horizons_are_found_however_they_are_written(headings: tuple[str, ...]) -> None:
    assert parse_runbook("\n\n".join(headings)).missing_horizons() == ()


def test_a_horizon_that_no_heading_of_the_mitigation_names_is_missing() -> None:
    assert parse_runbook(RUNBOOK).missing_horizons() == ("5 to 30 minutes", "More than 30 minutes")
    elsewhere = "## Mitigation\n### Less than 15 minutes\n## Escalation\n### More than 30 minutes\n"
    assert parse_runbook(elsewhere).missing_horizons() == tuple(HORIZONS)


def test_a_block_may_carry_the_cause() -> None:
    attributes = '{"name":"x","milestone":"cause-named","cause":"database-down"}'
    (only,) = parse_runbook(block(attributes)).blocks
    assert (only.attributes.milestone, only.attributes.cause) == (Milestone.CAUSE_NAMED, "database-down")


FENCES = st.builds(
    lambda language, info, body: f"```{language} {info}\n{body}\n```\n",
    st.sampled_from(["sh", "bash", "python", ""]),
    st.one_of(st.text(max_size=40), st.from_regex(r'\{("[a-z-]{1,8}":("[a-z0-9]{0,5}"|[0-9]{1,3}|true),?){0,4}\}?')),
    st.text(max_size=40),
)


@given(st.lists(st.one_of(FENCES, st.text(max_size=80), st.just("# H\n"), st.just("## Triage\n"))).map("\n".join))
@example('```sh {"name":"\\ud800"}\n```')
@example("```sh {" + "[" * 100_000)
@example("")
def test_any_markdown_is_either_read_or_refused(text: str) -> None:
    refused: RunbookError | None = None
    names: list[str] = []
    try:
        names = [each.name for each in parse_runbook(text).blocks]
    except RunbookError as error:
        refused = error
    assert len(set(names)) == len(names)
    assert refused is None or (str(refused) and 1 <= refused.line <= text.count("\n") + text.count("\r") + 1)


PIECES = st.one_of(
    st.sampled_from(["```", "````", "~~~", "```sh{", "{1,3}", "{", "}", "`", "# ", "> ", "- ", "1. ", "<!--", "-->"]),
    st.sampled_from(['```sh {"name":"a"}\n', "```sh { name=c }\n", '{"id":"X"}', "```\n", "---\n", "cwd: x\n", "$ x"]),
    st.sampled_from(["\n", "\n\n", "    ", "\t", "$__", "echo", "## Mitigation", "\ufeff", "\u2028", "\x0c", "\x00"]),
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_the_ends_of_lines_make_no_difference(text: str) -> None:
    def read(written: str) -> object:
        try:
            runbook = parse_runbook(written)
        except RunbookError as refused:
            return refused.line, str(refused)
        return [(each.name, each.command, each.line) for each in runbook.blocks], runbook.remarks

    assert read(text.replace("\n", "\r\n")) == read(text)


@pytest.mark.parametrize(
    "path", sorted(included_root().glob("scenarios/*/runbook.md")), ids=lambda path: path.parent.name
)
def test_the_included_runbooks_are_complete(path: object) -> None:
    from pathlib import Path

    runbook = parse_runbook(Path(str(path)).read_text(encoding="utf-8"))
    assert runbook.missing_sections() == ()
    assert any(not each.attributes.read_only for each in runbook.blocks)

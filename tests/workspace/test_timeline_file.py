"""Timelines as files: what is exported is read again as it was, and every mistake is told with its line and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drills.errors import InvalidFiles
from drills.model.timeline import Timeline
from drills.scoring.score import score
from drills.workspace.timeline_file import read_timeline, timeline_lines
from tests.scoring.timelines import rolled_back


def lines() -> list[str]:
    return list(timeline_lines(rolled_back().timeline()))


def read(tmp_path: Path, text: str | list[str]) -> Timeline:
    path = tmp_path / "drill.jsonl"
    path.write_text(text if isinstance(text, str) else "\n".join(text), encoding="utf-8")
    return read_timeline(path)


def complaints(tmp_path: Path, text: str | list[str]) -> list[str]:
    with pytest.raises(InvalidFiles) as raised:
        read(tmp_path, text)
    return [str(problem).partition("drill.jsonl")[2] for problem in raised.value.problems]


def changed(number: int, change: Callable[[dict[str, Any]], object]) -> list[str]:
    """The lines of a drill with one event changed, counted from 1."""
    all_lines = lines()
    event = json.loads(all_lines[number - 1])
    change(event)
    all_lines[number - 1] = json.dumps(event)
    return all_lines


def line_of(kind: str) -> int:
    return 1 + next(at for at, line in enumerate(lines()) if json.loads(line)["kind"] == kind)


def test_a_file_gives_the_score_of_its_drill(tmp_path: Path) -> None:
    timeline = rolled_back().timeline()
    assert score(read(tmp_path, lines())) == score(timeline)


def test_empty_lines_and_a_last_line_feed_are_nothing(tmp_path: Path) -> None:
    assert len(read(tmp_path, "\n".join(lines()) + "\n\n")) == len(lines())


def test_events_may_stand_in_any_order_but_the_first(tmp_path: Path) -> None:
    first, *others = lines()
    assert score(read(tmp_path, [first, *reversed(others)])).score == score(rolled_back().timeline()).score


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": is empty; begin with the event drill-started, which carries scenario and playbook"),
        ("{", ":1: is not an event in JSON"),
        ("[" * 100_000, ":1: is not an event in JSON (it is nested too deeply)"),
        ("7", ":1: is not an event; write an object"),
        ("{}", ":1: kind: is missing; write the event's"),
        ('{"kind": "drill-start"}', ":1: kind: 'drill-start' is no event; did you mean drill-started?"),
        ('{"kind": "note-taken", "t": NaN}', ":1: is not an event in JSON (NaN is not a number of JSON)"),
        ('{"kind": "note-taken", "kind": "note-taken"}', ":1: is not an event in JSON ('kind' is written twice)"),
        ('{"kind": "drill-started", "format": 99}', ":1: format: format 99 is newer than this version of drills reads"),
    ],
)
def test_what_is_no_timeline_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert complaints(tmp_path, text)[0].startswith(said)


def test_a_field_that_is_wrong_is_told_with_its_name(tmp_path: Path) -> None:
    number = line_of("alert-fired")
    assert complaints(tmp_path, changed(number, lambda event: event.pop("title"))) == [
        f":{number}: title: is missing; write it"
    ]
    assert complaints(tmp_path, changed(number, lambda event: event.update(levle="SEV1")))[0].startswith(
        f":{number}: levle: unknown key; did you mean level?"
    )
    assert complaints(tmp_path, changed(number, lambda event: event.update(t=-1.0))) == [
        f":{number}: t: -1.0 is no time; write seconds since the drill began"
    ]


def test_a_level_that_the_playbook_does_not_have_is_told(tmp_path: Path) -> None:
    number = line_of("alert-fired")
    assert complaints(tmp_path, changed(number, lambda event: event.update(level="SEV9")))[0].startswith(
        f":{number}: level: 'SEV9' is no level of the playbook"
    )


def test_two_drills_in_a_file_are_told(tmp_path: Path) -> None:
    first, *others = lines()
    assert complaints(tmp_path, [first, first, *others]) == [
        ":2: kind: a second drill begins here; write each drill to a file of its own"
    ]


def test_of_a_file_of_something_else_not_every_line_is_told(tmp_path: Path) -> None:
    assert len(complaints(tmp_path, ["words"] * 1000)) == 20


def test_a_drill_that_does_not_begin_is_told_by_its_first_line(tmp_path: Path) -> None:
    assert complaints(tmp_path, lines()[1:]) == [
        ":1: does not begin with the event drill-started; begin with the event drill-started, which carries scenario "
        "and playbook"
    ]

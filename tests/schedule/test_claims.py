"""What the calendar owes, and what becomes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drills.json_log import JsonLog
from drills.schedule.claims import Claims
from drills.schedule.occurrences import entry_id
from drills.store.occurrence_log import OccurrenceLog, OccurrenceState
from drills.store.runner import Runner
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.workspace.schedule import ScheduleEntry
from tests.fakes import FakeClock

HOURLY = ScheduleEntry(rotation=("one", "two"), every=timedelta(hours=1))


class Books:
    """A store, a clock and a claims over them."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = Store.open(f"sqlite:///{folder / 'drills.db'}", clock=self.clock)
        self.log = OccurrenceLog(self.store)
        self.said: list[str] = []

    def claims(self, *schedule: ScheduleEntry) -> Claims:
        entries = {entry_id(entry): entry for entry in schedule}
        claims = Claims(entries, self.store, self.clock, JsonLog(self.said.append, self.clock))
        claims.open()
        return claims

    def states(self) -> list[tuple[int, str, OccurrenceState]]:
        return [(due.planned.hour, due.drill, due.state) for due in self.log.all()]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


def test_nothing_is_owed_from_before_an_entry_was_known(books: Books) -> None:
    books.claims(HOURLY).claim_all()
    assert books.states() == []


def test_what_has_come_due_is_claimed_once_however_often_it_is_checked(books: Books) -> None:
    claims = books.claims(HOURLY)
    books.clock.jump(3700)
    claims.claim_all()
    claims.claim_all()
    books.claims(HOURLY).claim_all()
    assert [(hour, state) for hour, _, state in books.states()] == [(15, OccurrenceState.CLAIMED)]
    assert json.loads(books.said[0])["event"] == "drill-claimed"


def test_after_a_long_absence_the_latest_takes_place_and_the_others_are_noted(books: Books) -> None:
    books.claims(HOURLY)
    books.clock.jump(4 * 3600)
    books.claims(HOURLY).claim_all()
    states = books.states()
    assert [state for *_, state in states] == [OccurrenceState.SKIPPED] * 3 + [OccurrenceState.CLAIMED]
    assert [drill for _, drill, _ in states] in (["one", "two"] * 2, ["two", "one"] * 2)
    assert "replaces it" in books.log.all()[0].reason


def test_one_that_still_waits_is_not_followed_by_a_second_of_its_entry(books: Books) -> None:
    claims = books.claims(HOURLY)
    for _ in range(2):
        books.clock.jump(3600)
        claims.claim_all()
    assert [state for *_, state in books.states()] == [OccurrenceState.CLAIMED, OccurrenceState.SKIPPED]
    assert books.log.all()[1].reason == "the one planned at 2026-11-21 15:00 UTC still waits for the sandbox"


def test_while_everything_is_stopped_what_comes_due_is_skipped_with_the_reason(books: Books) -> None:
    claims = books.claims(HOURLY)
    KillSwitch(books.store).stop("a real incident")
    books.clock.jump(3600)
    claims.claim_all()
    (due,) = books.log.all()
    assert (due.state, due.reason) == (OccurrenceState.SKIPPED, "stopped: a real incident")


def test_an_entry_that_left_the_schedule_and_came_back_owes_nothing_of_meanwhile(books: Books) -> None:
    books.claims(HOURLY)
    books.claims()
    books.clock.jump(5 * 3600 + 10)
    books.claims(HOURLY).claim_all()
    assert books.states() == []


def test_only_one_process_gets_through_the_gate(books: Books) -> None:
    claims = books.claims(HOURLY)
    books.clock.jump(3600)
    claims.claim_all()
    (due,) = books.log.all()
    assert [books.log.begin(due.entry, due.planned, Runner.this()) for _ in range(3)] == [True, False, False]
    assert not books.log.skip(due.entry, due.planned, "too late")
    assert books.log.end(due.entry, due.planned, 1, "a limit was missed")
    assert books.log.all()[0].exit_status == 1


def test_lines_about_a_drill_that_a_person_answers_do_not_tell_which_one_it_is(books: Books) -> None:
    claims = books.claims(ScheduleEntry(drill="database-failure", every=timedelta(hours=1), responder="person"))
    books.clock.jump(3600)
    claims.claim_all()
    (due,) = books.log.all()
    claims.say(due, "starting", 4711)
    claims.say(replace(due, state=OccurrenceState.ENDED, exit_status=1, reason="the cause was the database"))
    assert len(books.said) == 3
    assert not any("database" in line for line in books.said)

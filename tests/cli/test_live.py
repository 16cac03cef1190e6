"""A drill on a terminal: no truth for the blind, nothing lost on a narrow one, no colours for whom they disturb."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from drills.app.access import TERMINAL
from drills.app.live import TRUTH, Follower, Happened
from drills.cli.live import LABEL, Line, Live, line_of
from drills.model import events as ev
from drills.model.events import ResponderKind
from drills.model.timeline import Timeline
from tests.scoring import timelines
from tests.scoring.timelines import BEGAN, by_a_person, drill, rolled_back


def printed(events: tuple[ev.Event, ...], *, blind: bool = False, width: int = 120, terminal: bool = False) -> str:
    stream = io.StringIO()
    live = Live(Console(file=stream, width=width, force_terminal=terminal, color_system=None))
    follower = Follower(TERMINAL, blind=blind)
    for event in Timeline(events):
        for sight in follower.follow(event):
            live.show(sight)
    return stream.getvalue()


def test_every_moment_is_a_line_with_its_time() -> None:
    text = printed(rolled_back().events)
    for label in ("sandbox ready", "steady state held", "injected", "first user impact", "alert", "acknowledged"):
        assert f"  {label}" in text
    assert "00:12.4  alert                SEV2  error-rate is over its threshold" in text
    assert "mitigated" in text


def test_a_blind_responder_reads_nothing_that_only_the_debrief_tells() -> None:
    drilled = by_a_person().add(ev.UndoFailed, journal_id=7, summary="deploy release 1.1", reason="no such release")
    drilled = drilled.add(ev.FaultFailed, fault=0, reason="release 1.2 was not there")
    told = printed(drilled.events, blind=True)
    scenario = timelines.SCENARIO
    for secret in ("deploy release", "release 1.2", "injected", "undo", "first user impact", "mitigated", "in place"):
        assert secret not in told
    assert scenario.name not in told.replace("cause named          bad-deploy", "")
    assert "alert" in told
    assert "all clear" in told


def test_what_differs_between_scenarios_is_not_told_to_the_blind_before_the_fault() -> None:
    events = (
        ev.TrafficStarted(t=1.0, at=BEGAN, users=33, requests_per_second=7.0, slow_after=2.0),
        ev.SteadyStateHeld(t=4.0, at=BEGAN, seconds=3.0, probes={"partner-access": 0.01}),
    )
    assert [line[11:].rstrip() for line in printed(events, blind=True).splitlines()] == [
        "traffic started",
        "steady state held",
    ]


@pytest.mark.parametrize("kind", TRUTH, ids=lambda kind: kind.__name__)
def test_each_kind_of_truth_has_a_line_only_for_those_who_may_see(kind: type[ev.Base]) -> None:
    samples = {
        ev.FaultApplied: {"fault": 0, "fault_kind": "deploy", "summary": "secret"},
        ev.FaultVerified: {"fault": 0, "evidence": "secret"},
        ev.FaultFailed: {"fault": 0, "reason": "secret"},
        ev.UndoWritten: {"fault": 0, "journal_id": 1, "summary": "secret"},
        ev.UndoSettled: {"journal_id": 1, "summary": "secret"},
        ev.UndoFailed: {"journal_id": 1, "summary": "secret", "reason": "x"},
        ev.UndoGivenUp: {"journal_id": 1, "summary": "secret", "reason": "x"},
    }
    event = kind(t=1.0, at=BEGAN, **samples[kind])  # type: ignore[arg-type]
    assert "secret" in printed((event,))
    assert printed((event,), blind=True) == ""


def test_whether_a_recovery_is_real_is_for_the_blind_to_find_out() -> None:
    repaired = drill(ResponderKind.PERSON).baseline().fault().suffering(5).action().well(20)
    assert "measured: users have been served normally since then" in printed(repaired.events)
    assert "measured" not in printed(repaired.events, blind=True)


def test_a_recovery_that_is_printed_late_says_when_it_became_certain() -> None:
    text = printed(drill(ResponderKind.RUNBOOK).baseline().fault().suffering(5).action().well(20).events)
    (line,) = (each for each in text.splitlines() if "since then" in each)
    since, certain = line.split()[0], line.rstrip(")").split()[-1]
    assert since < certain


def test_an_acknowledgement_says_whose_it_is() -> None:
    acknowledged = ev.Acknowledged(t=1.0, at=BEGAN)
    for responder, by in ((ResponderKind.RUNBOOK, "by the drill"), (ResponderKind.PERSON, "by a person")):
        line = line_of(acknowledged, responder)
        assert line is not None
        assert line.text.startswith(by)


def test_every_event_that_people_make_is_shown() -> None:
    for event in by_a_person().events:
        if event.by is ev.Actor.RESPONDER and not isinstance(event, ev.PostMortemDrafted):
            assert line_of(event) is not None, event.kind


@pytest.mark.parametrize("width", [40, 60, 79, 80, 100])
def test_no_line_is_longer_than_the_terminal_and_nothing_is_lost(width: int) -> None:
    wide, narrow = (printed(rolled_back().events, width=each, terminal=True) for each in (400, width))
    assert max(cell_len(line) for line in narrow.splitlines()) <= width
    assert narrow.split() == wide.split()


@given(st.text(max_size=300), st.integers(40, 140))
def test_whatever_is_said_fits_the_terminal(said: str, width: int) -> None:
    stream = io.StringIO()
    live = Live(Console(file=stream, width=width, force_terminal=True, color_system=None))
    live.print(1.0, Line("note", said))
    text = stream.getvalue()
    assert all(cell_len(line) <= width for line in text.splitlines())
    kept = "".join(text.split()).removeprefix("00:01.0note")
    assert all(sign in kept for sign in said if sign.isalnum())


def test_a_message_cannot_move_the_cursor_or_begin_a_line_of_its_own() -> None:
    forged = ev.NoteTaken(t=1.0, at=BEGAN, text="x\x1b[2J\n  00:02.0  mitigated")
    text = printed((forged,), terminal=True)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 1


def test_a_pipe_gets_whole_lines() -> None:
    long = ev.NoteTaken(t=1.0, at=BEGAN, text="word " * 100)
    assert len(printed((long,), width=140).splitlines()) == 1


def test_seconds_never_show_as_sixty() -> None:
    assert printed((ev.Acknowledged(t=59.97, at=BEGAN),)).strip().startswith("01:00.0")


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    def colours() -> bool:
        stream = io.StringIO()
        live = Live(Console(file=stream, width=100, force_terminal=True))
        for event in rolled_back().events:
            live.show(Happened(event))
        # 30 to 37 and 90 to 97 are the colours; bold and dim are none.
        return any(f"\x1b[{'1;' * bold}{code}m" in stream.getvalue() for code in range(30, 38) for bold in (0, 1))

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours()


def test_the_columns_stand_one_below_the_other() -> None:
    lines = printed(rolled_back().events).splitlines()
    assert all(line[:2] == "  " and line[4] == ":" and line[9:11] == "  " for line in lines)
    assert all(len(line) <= 11 + LABEL or line[11 + LABEL] == " " for line in lines)


def test_a_clock_that_is_set_back_changes_no_line() -> None:
    drilled = rolled_back()
    back = tuple(event.model_copy(update={"at": BEGAN - (event.at - BEGAN)}) for event in drilled.events)
    assert printed(back) == printed(drilled.events)

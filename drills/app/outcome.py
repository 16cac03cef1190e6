"""The outcome of a drill, for those who followed it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drills.errors import ExitCode
from drills.model.events import UndoFailed, UndoSettled
from drills.model.scorecard import Scorecard

if TYPE_CHECKING:
    from drills.drill.session import Session


@dataclass(frozen=True, slots=True)
class Debrief:
    """What was hidden from a blind responder, and the cause that they named. An empty cause: nothing was wrong."""

    scenario: str
    title: str
    broken: tuple[str, ...]
    cause: str
    named: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FailedUndo:
    """An undo that failed, by its number in the journal."""

    journal_id: int
    summary: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A drill that has ended. `report` is its page; `undone` are the numbers of the undos that succeeded.

    `debrief` is for a blind drill; None of one in which nothing was injected, which can be run again, still blind.
    `unstored` says where the drill is kept while the store cannot be written; empty when it is stored.
    """

    drill_id: str
    blind: bool
    scorecard: Scorecard
    debrief: Debrief | None
    undone: tuple[int, ...]
    failed: tuple[FailedUndo, ...]
    owed: tuple[str, ...]
    report: Path
    unstored: str
    exit_code: ExitCode


def outcome_of(session: Session) -> Outcome:
    """The outcome of a session."""
    from drills.drill.session import exit_code

    return Outcome(
        drill_id=session.record.drill_id,
        blind=session.record.blind,
        scorecard=session.scorecard,
        debrief=_debrief(session) if session.record.blind else None,
        undone=tuple(event.journal_id for event in session.timeline.all(UndoSettled)),
        failed=tuple(
            FailedUndo(event.journal_id, event.summary, event.reason) for event in session.timeline.all(UndoFailed)
        ),
        owed=session.owed,
        report=session.report,
        unstored=session.unstored,
        exit_code=exit_code(session),
    )


def _debrief(session: Session) -> Debrief | None:
    from drills.reporting.sections.debrief import truth

    revealed = truth(session.timeline, session.scorecard)
    if revealed is None:
        return None
    scenario = session.timeline.start.scenario
    return Debrief(scenario.name, scenario.title, revealed.broken, revealed.cause, revealed.named, revealed.remedy)


def junit_of(outcome: Outcome) -> str:
    """The outcome as JUnit XML."""
    from drills.reporting.junit import junit

    return junit([outcome.scorecard])

"""What a facilitator corrected after the drill, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model.events import Corrected
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.sections.moments import Moment, moment_at
from drills.reporting.wording import one_line, points, words
from drills.scoring.score import score


@dataclass(frozen=True, slots=True)
class Correction:
    """One milestone: when the timeline has it (None: not at all), and when it was reached instead."""

    label: str
    recorded: Moment | None
    corrected: Moment
    why: str


@dataclass(frozen=True, slots=True)
class Corrections:
    """The last correction of each milestone, and both scores in words."""

    lines: tuple[Correction, ...]
    scores: str


def corrections(timeline: Timeline, card: Scorecard) -> Corrections | None:
    """None for a drill that was not corrected, or has no score."""
    last = {event.milestone: event for event in timeline.all(Corrected)}
    if not last or card.score is None or card.original_score is None:
        return None
    original = score(timeline, corrections=False, rules=card.rules_version)
    recorded = original.milestones
    lines = tuple(
        Correction(
            label=words(milestone).capitalize(),
            recorded=moment_at(timeline, recorded[milestone]) if milestone in recorded else None,
            corrected=moment_at(timeline, event.when),
            why=one_line(event.why),
        )
        for milestone, event in last.items()
    )
    with_it = f"{points(card.score)} ({card.grade})"
    before = points(card.original_score) + (f" ({original.grade})" if original.score == card.original_score else "")
    return Corrections(lines, f"Score with the correction {with_it}, without it {before}.")

"""Corrections: a milestone of a drill that has ended was reached at another moment than the timeline says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drills.app.access import Act, require
from drills.app.records import report_files
from drills.app.situations import of_drill
from drills.errors import BadInput
from drills.masking.masking import mask
from drills.model.events import Corrected
from drills.model.playbook import Milestone
from drills.responders.plain_text import plain

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.model.scorecard import Scorecard
    from drills.model.timeline import Timeline

#: What is measured from the users' traffic and from alerts, with what measured it.
MEASURED: Mapping[Milestone, str] = {
    Milestone.INJECTED: "the runner recorded it",
    Milestone.FIRST_IMPACT: "it is measured from the users' traffic",
    Milestone.DETECTED: "it is the time of the alert",
    Milestone.MITIGATED: "it is measured from the users' traffic",
}
#: What a responder says or does, and a facilitator may put right.
CORRECTABLE = tuple(each for each in Milestone if each not in MEASURED and each is not Milestone.POST_MORTEM)

_OFFSET = re.compile(r"\+(?:(\d+):)?(\d{1,2}):([0-5]\d(?:\.\d+)?)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


@dataclass(frozen=True, slots=True)
class Amended:
    """A corrected drill: its scorecard, which names the original score, and the page of its new report."""

    scorecard: Scorecard
    report: Path


def correct(context: Context, drill_id: str, moments: Mapping[Milestone, str], because: str) -> Amended:
    """Correct when milestones of a drill were reached, score it again, and write its report again.

    A moment is a time of day in UTC (`14:03`, `14:03:20`), a date and time with its zone (RFC 3339), or a time since
    the drill began (`+03:20`, `+1:03:20`). The events and the scorecard from before are kept.

    Raises BadInput, and stores nothing, for a milestone that is measured, a moment at which the drill did not run or
    nothing was wrong, and a drill without a score; NotAllowed for everybody but a facilitator, and while it runs.
    """
    from drills.scoring.score import score

    reason = mask(plain(because, "--because"))
    if not reason:
        raise BadInput('--because: say how it is known, such as --because "acknowledged by phone"')
    if not moments:
        options = ", ".join(f"--{each.value} TIME" for each in CORRECTABLE)
        raise BadInput(f"say what to correct: {options}")
    with context.store() as store:
        record = store.drill(drill_id)
        require(context.caller, Act.CORRECT, of_drill(record))
        _check_milestones(drill_id, moments)
        if not record.result.is_scored:
            raise BadInput(f"{drill_id}: it is {record.result.value} and has no score, so there is nothing to correct")
        timeline = store.timeline(drill_id)
        now = context.clock.now()
        events = [
            Corrected(
                t=timeline.ended, at=now, milestone=milestone, when=_moment(timeline, milestone, text), why=reason
            )
            for milestone, text in moments.items()
        ]
        card = store.amend(drill_id, events, score, reason=f"corrected: {', '.join(each.value for each in moments)}")
    return Amended(card, report_files(context, drill_id))


def _check_milestones(drill_id: str, moments: Mapping[Milestone, str]) -> None:
    for milestone in moments:
        if milestone in MEASURED:
            known = ", ".join(f"--{each.value}" for each in CORRECTABLE)
            raise BadInput(f"--{milestone.value}: {MEASURED[milestone]}, so it cannot be corrected; correct {known}")
        if milestone is Milestone.POST_MORTEM:
            raise BadInput(f"--post-mortem: hand it in with `drills postmortem {drill_id} --done`")


def _moment(timeline: Timeline, milestone: Milestone, text: str) -> float:
    """The moment as t. Raises BadInput when it cannot be read, or when there was nothing to respond to at it."""
    from drills.impact.assessment import scored_until
    from drills.model.events import FaultApplied

    option = f"--{milestone.value} {text}"
    fault, end = timeline.first(FaultApplied), scored_until(timeline)
    if fault is None:
        raise BadInput(f"{option}: nothing was injected in this drill, so it asks for no response")
    t = _read(timeline, end, option, text)
    if t < 0:
        raise BadInput(f"{option}: that is before the drill; {_span(timeline, fault.t, end)}")
    if t < fault.t:
        raise BadInput(f"{option}: nothing was wrong yet; {_span(timeline, fault.t, end)}")
    if t > end:
        raise BadInput(f"{option}: that is after the end of the drill; {_span(timeline, fault.t, end)}")
    return round(t, 3)


def _span(timeline: Timeline, since: float, until: float) -> str:
    first, last = (timeline.start.at + timedelta(seconds=t) for t in (since, until))
    return (
        f"write a moment from {first:%H:%M:%S} to {last:%H:%M:%S} UTC on {first:%Y-%m-%d}, "
        f"+{_stopwatch(since)} to +{_stopwatch(until)}"
    )


def _stopwatch(t: float) -> str:
    hours, rest = divmod(int(t), 3600)
    return f"{f'{hours}:' if hours else ''}{rest // 60:02d}:{rest % 60:02d}"


def _read(timeline: Timeline, end: float, option: str, text: str) -> float:
    began = timeline.start.at.astimezone(UTC)
    if offset := _OFFSET.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in offset.groups())
        return hours * 3600 + minutes * 60 + seconds
    if clock := _CLOCK.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        days = (began.date(), (began + timedelta(seconds=end)).date())
        return _nearest(days, began, end, hour, minute, second)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{option}: is not a moment; write 14:03 (UTC), 2026-11-21T14:03:20+01:00, or +03:20 since the drill began"
        ) from None
    if moment.tzinfo is None:
        raise BadInput(f"{option}: says no time zone; write {text}Z for UTC, or its offset, such as {text}+01:00")
    return (moment - began).total_seconds()


def _nearest(days: tuple[date, date], began: datetime, end: float, hour: int, minute: int, second: int) -> float:
    """That time on the day on which the drill ran at it; the first day's when it ran at neither."""
    found = [
        (datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC) - began).total_seconds()
        for day in days
    ]
    return next((t for t in found if 0 <= t <= end), found[0])

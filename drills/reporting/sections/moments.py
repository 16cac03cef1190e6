"""A moment of a drill as every section shows it: on the stopwatch, and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from drills.model.timeline import Timeline
from drills.reporting.wording import offset, time_of_day


@dataclass(frozen=True, slots=True)
class Moment:
    """`t` is seconds since the drill began; `at` is wall time."""

    t: float
    at: datetime

    @property
    def clock(self) -> str:
        """`14:03:27`, in UTC."""
        return time_of_day(self.at)

    @property
    def stopwatch(self) -> str:
        """`00:27.4`."""
        return offset(self.t)


def moment_at(timeline: Timeline, t: float) -> Moment:
    """The moment of `t`, its wall time counted from the drill's start (a clock that was set moves nothing)."""
    return Moment(t, timeline.start.at + timedelta(seconds=t))

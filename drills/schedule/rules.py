"""What a calendar does not keep of the playbooks' rules on how often drills are run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from drills.model.durations import humane
from drills.model.playbook import Playbook
from drills.model.responder_kind import ResponderKind
from drills.schedule.occurrences import Occurrence, upcoming
from drills.workspace.schedule import ScheduleEntry

#: How far ahead a calendar is looked at: a year, after the month that has begun.
_MONTHS = 13


def broken(
    schedule: Iterable[ScheduleEntry], playbooks: Iterable[Playbook], runbooks: Sequence[str], now: datetime
) -> Iterator[str]:
    """Each rule that is not kept in the year to come, and how it is not.

    `runbooks` are the scenarios that have one; of several playbooks' rules on testing these the strictest is asked.
    """
    coming = upcoming(schedule, now, _MONTHS)
    known = tuple(playbooks)
    for playbook in known:
        if playbook.monthly_drills is not None:
            for drill in playbook.monthly_drills.drills:
                months = _months_with(drill, coming, now)
                if months < _MONTHS - 1:
                    yield (
                        f"{drill} is planned in {months} of the next {_MONTHS - 1} months; {playbook.name} wants it in "
                        f"each ({playbook.monthly_drills.source})"
                    )
    limits = [
        (playbook.goals.runbook_tested_every, playbook)
        for playbook in known
        if playbook.goals is not None and playbook.goals.runbook_tested_every is not None
    ]
    if limits:
        every, playbook = min(limits, key=lambda limit: limit[0])
        for name in runbooks:
            longest = _longest_gap(name, coming, now)
            if longest is None:
                yield f"the runbook of {name} is never tested; {playbook.name} wants it within {humane(every)}"
            elif longest > every:
                yield (
                    f"the runbook of {name} is untested for {humane(longest.total_seconds())}; {playbook.name} wants "
                    f"it tested within {humane(every)}"
                )


def _months_with(drill: str, coming: Iterable[Occurrence], now: datetime) -> int:
    """In how many of the calendar months that follow this one it is planned."""
    this = (now.year, now.month)
    months = {(each.local.year, each.local.month) for each in coming if each.drill == drill}
    following = sorted(month for month in months if month > this)
    last = (now.year + 1, now.month)
    return sum(month <= last for month in following)


def _longest_gap(name: str, coming: Iterable[Occurrence], now: datetime) -> timedelta | None:
    """The longest time from now, or from one test of that runbook, to the next; None when there is none."""
    tested = [each.planned for each in coming if each.drill == name and each.responder == ResponderKind.RUNBOOK]
    return max((later - earlier for earlier, later in pairwise([now, *tested])), default=None)

"""A playbook's goals for all incidents together, judged over a history with the figures that they are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from drills.model.durations import humane
from drills.model.playbook import Goals, Limit
from drills.scoring.aftermath import POST_MORTEM, ItemState, Task, TaskState
from drills.scoring.survival import Summary
from drills.scoring.trends import Group


class TargetVerdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Target:
    """One goal. `actual` is what was measured, in words, with the counts behind it."""

    name: str
    wanted: str
    actual: str
    verdict: TargetVerdict
    source: str


@dataclass(frozen=True, slots=True)
class RunbookState:
    """A scenario's runbook. `tested` is when this very text was last run in a valid drill; None if it never was.

    `older_text` says that only another version of the text was run. A scenario without a runbook has no `runbook`.
    """

    scenario: str
    runbook: str | None
    tested: datetime | None
    drill_id: str | None
    older_text: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goals are judged by, of the drills of one playbook in a range. `weeks` is the length of that range."""

    groups: tuple[Group, ...]
    tasks: Sequence[Task]
    items: Sequence[ItemState]
    alerts: int
    false_alarms: int
    pages: int
    weeks: float
    runbooks: Sequence[RunbookState]
    as_of: datetime


def targets(goals: Goals, seen: Evidence) -> tuple[Target, ...]:
    """Each goal that the playbook states, met or missed."""
    return tuple(_judged(goals, seen))


def _judged(goals: Goals, seen: Evidence) -> Iterator[Target]:
    if goals.mtta is not None:
        for group in seen.groups:
            yield _mean(f"MTTA {group.severity}", goals.mtta, group.to_acknowledge)
    for level, limit in goals.mttr.items():
        times = next((each.to_mitigate for each in seen.groups if each.severity == level), None)
        yield _mean(f"MTTR {level}", limit, times)
    if goals.post_mortem_share is not None:
        asked = [task for task in seen.tasks if task.text == POST_MORTEM and _decided(task)]
        done = sum(task.state is TaskState.DONE for task in asked)
        yield _share("Post-mortems in time", done, len(asked), goals.post_mortem_share, goals.source)
    if goals.action_items_in_time_share is not None:
        judged = [state.in_time(seen.as_of) for state in seen.items]
        done, all_ = sum(each is True for each in judged), sum(each is not None for each in judged)
        yield _share("Action items done in time", done, all_, goals.action_items_in_time_share, goals.source)
    if goals.false_positive_share is not None:
        yield _below("False alarms", seen.false_alarms, seen.alerts, goals.false_positive_share, goals.source, "alerts")
    if goals.pages_per_week is not None:
        per_week = seen.pages / seen.weeks
        verdict = TargetVerdict.MET if per_week < goals.pages_per_week else TargetVerdict.MISSED
        told = f"{per_week:.1f} ({seen.pages} in {seen.weeks:.1f} weeks, to one person on call)"
        yield Target("Pages per person and week", f"< {goals.pages_per_week}", told, verdict, goals.source)
    if goals.runbook_tested_every is not None:
        yield _tested(goals.runbook_tested_every, seen, goals.source)
    if goals.runbook_coverage_share is not None:
        have = sum(each.runbook is not None for each in seen.runbooks)
        share = goals.runbook_coverage_share
        yield _share("Scenarios with a runbook", have, len(seen.runbooks), share, goals.source)
    if goals.runbook_reviewed_after_use:
        reviews = [task for task in seen.tasks if task.text.startswith("Review the runbook ")]
        done = sum(task.state in (TaskState.DONE, TaskState.LATE) for task in reviews)
        yield _share("Runbooks reviewed after use", done, len(reviews), 1.0, goals.source)


def _decided(task: Task) -> bool:
    """Whether a post-mortem is late or there: one that is still due says nothing yet."""
    return task.state is not TaskState.DUE


def _mean(name: str, limit: Limit, times: Summary | None) -> Target:
    wanted = limit.says if limit.within is None else f"< {humane(limit.within)}"
    if times is None or times.mean is None or limit.within is None:
        return Target(name, wanted, "no drill", TargetVerdict.NO_DATA, limit.source)
    count = len(times.points)
    told = f"{'at least ' if times.not_reached else ''}{humane(times.mean)}, {count} drill{'' if count == 1 else 's'}"
    if times.not_reached:
        told += f", {times.not_reached} not reached"
    met = not times.not_reached and timedelta(seconds=times.mean) < limit.within
    return Target(name, wanted, told, TargetVerdict.MET if met else TargetVerdict.MISSED, limit.source)


def _share(name: str, done: int, of: int, wanted: float, source: str) -> Target:
    sign = "" if wanted == 1 else "> "
    if not of:
        return Target(name, f"{sign}{wanted:.0%}", "none yet", TargetVerdict.NO_DATA, source)
    share = done / of
    met = share > wanted or (share == wanted == 1)
    verdict = TargetVerdict.MET if met else TargetVerdict.MISSED
    return Target(name, f"{sign}{wanted:.0%}", f"{share:.1%} ({done} of {of})", verdict, source)


def _below(name: str, bad: int, of: int, wanted: float, source: str, what: str) -> Target:
    if not of:
        return Target(name, f"< {wanted:.0%}", f"no {what}", TargetVerdict.NO_DATA, source)
    verdict = TargetVerdict.MET if bad / of < wanted else TargetVerdict.MISSED
    return Target(name, f"< {wanted:.0%}", f"{bad / of:.1%} ({bad} of {of} {what})", verdict, source)


def _tested(every: timedelta, seen: Evidence, source: str) -> Target:
    known = [each for each in seen.runbooks if each.runbook is not None]
    fresh = [each for each in known if each.tested is not None and seen.as_of - each.tested <= every]
    wanted = f"each within {humane(every)}"
    if not known:
        return Target("Runbooks tested", wanted, "no runbook", TargetVerdict.NO_DATA, source)
    stale = [each.scenario for each in known if each not in fresh]
    told = f"{len(fresh)} of {len(known)}{_named(stale)}"
    verdict = TargetVerdict.MISSED if stale else TargetVerdict.MET
    return Target("Runbooks tested", wanted, told, verdict, source)


def _named(names: Iterable[str], most: int = 5) -> str:
    listed = sorted(names)
    if not listed:
        return ""
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return f"; not {', '.join(listed[:most])}{more}"

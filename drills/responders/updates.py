"""Composes a responder's messages, with the playbook's templates and what was measured so far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from drills.errors import BadInput
from drills.impact.assessment import assess
from drills.model.acknowledging import open_alerts
from drills.model.business_time import due
from drills.model.durations import humane
from drills.model.events import (
    ActionTaken,
    AlertFired,
    CauseNamed,
    CommanderNamed,
    Decided,
    Escalated,
    ProbeObserved,
    SeverityDeclared,
    StepFinished,
    UpdatePosted,
)
from drills.model.playbook import Audience, Choice, MessageStatus
from drills.model.scorecard import Impact
from drills.model.timeline import Timeline
from drills.responders.messages import MessageFacts, compose, next_update

#: How old a figure of monitoring may be to be told as the present one, in seconds.
RECENT = 60.0

_DECIDED = {Choice.FIX: "decided to fix it", Choice.ROLLBACK: "decided to roll back", Choice.WAIT: "decided to wait"}


def incident_level(timeline: Timeline) -> str:
    """The level that the responder declared; else the worst that an alert named; else the playbook's least severe."""
    declared = timeline.last(SeverityDeclared)
    if declared is not None:
        return declared.level
    playbook = timeline.start.playbook
    levels = [alert.level for alert in timeline.all(AlertFired)]
    return min(levels, key=playbook.rank) if levels else playbook.levels[-1].name


def incident_facts(
    timeline: Timeline, text: str, status: MessageStatus, at: datetime, t: float, audience: Audience = Audience.TEAM
) -> MessageFacts:
    """What a message may say at `t`: only what responders know or can measure, nothing of the scenario's truth.

    Users and the status page are told what was done to the service, the team also what was decided and who was called.
    """
    playbook = timeline.start.playbook
    level = incident_level(timeline)
    commander, named, decided = timeline.last(CommanderNamed), timeline.last(CauseNamed), timeline.last(Decided)
    alert = timeline.first(AlertFired)
    began = alert.t if alert is not None else t
    totals = assess(timeline).totals
    changes = _changes(timeline)
    post_mortem = playbook.level(level).post_mortem
    over = status is MessageStatus.RESOLVED
    estimate = decided.fix_minutes if decided is not None and not over else None
    return MessageFacts(
        title=alert.title if alert is not None else "something may be wrong",
        level=level,
        commander=commander.commander if commander is not None else "not named yet",
        started=at - timedelta(seconds=t - began),
        now=at,
        duration=t - began,
        impact=_impact(totals),
        status=status,
        text=text,
        actions=tuple(said for _, said in (_done(timeline) if audience is Audience.TEAM else changes)),
        next_update=None if over else next_update(playbook, level, at),
        cause=named.cause if named is not None else None,
        drill_id=timeline.start.drill_id,
        requests_failed=totals.failed if totals.requests else None,
        share_failed=totals.failed / totals.requests if totals.requests else None,
        error_rate=_monitored(timeline, "error_rate", t),
        p95=_monitored(timeline, "p95", t),
        affected=", ".join(dict.fromkeys(each.title for each in open_alerts(timeline))),
        estimate=None if estimate is None else f"about {humane(timedelta(minutes=estimate))}",
        cause_named_at=named.at if named is not None else None,
        fixed_at=changes[-1][0] if changes else None,
        post_mortem_due=None if post_mortem is None else due(post_mortem, at, playbook.business_time),
        post_mortem_link=f"reports/{timeline.start.drill_id}/post-mortem.md",
    )


def _impact(totals: Impact) -> str | None:
    if not totals.requests:
        return None
    return f"{totals.failed + totals.slow + totals.missed} of {totals.requests} requests failed or were slow"


def _changes(timeline: Timeline) -> tuple[tuple[datetime, str], ...]:
    """What was changed with success, by commands and by the steps of a runbook, in order."""
    steps = [(each.at, each.step) for each in timeline.all(StepFinished) if each.ok and not each.read_only]
    commands = [
        (each.at, each.command.removeprefix("drills sandbox "))
        for each in timeline.all(ActionTaken)
        if each.exit_status == 0 and not each.read_only
    ]
    return tuple(sorted([*steps, *commands], key=lambda each: each[0]))


def _done(timeline: Timeline) -> Iterator[tuple[datetime, str]]:
    """Changes, decisions and escalations, in order of time."""
    called = [(event.at, f"escalated to {event.rung}") for event in timeline.all(Escalated) if not event.due]
    decided = [(event.at, _DECIDED[event.choice]) for event in timeline.all(Decided)]
    yield from sorted([*_changes(timeline), *called, *decided], key=lambda each: each[0])


def _monitored(timeline: Timeline, metric: str, t: float) -> float | None:
    """The figure as monitoring saw it last; None when it did not within the last minute."""
    for event in reversed(timeline.all(ProbeObserved)):
        if event.t < t - RECENT:
            return None
        if metric in event.metrics:
            return float(event.metrics[metric])
    return None


def update(
    timeline: Timeline, text: str, status: MessageStatus, audience: Audience, *, t: float, at: datetime
) -> UpdatePosted:
    """The event of a message that is posted at `t`, composed from the playbook's template.

    Raises BadInput, in one line, when that template cannot be rendered.
    """
    facts = incident_facts(timeline, text, status, at, t, audience)
    first = all(posted.audience is not audience for posted in timeline.all(UpdatePosted))
    kind = "all-clear" if status is MessageStatus.RESOLVED else ("declared" if first else "update")
    next_due = t + (facts.next_update - at).total_seconds() if facts.next_update is not None else None
    try:
        message = compose(timeline.start.playbook, kind, audience, status, facts)
    except ValueError as error:
        raise BadInput(f"playbook {timeline.start.playbook.name}: {error}") from None
    return UpdatePosted(
        t=t,
        at=at,
        audience=audience,
        status=status,
        text=text,
        message=message,
        next_due=next_due,
    )

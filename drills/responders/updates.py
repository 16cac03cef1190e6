"""Composes what a responder tells others, with the playbook's templates and what was measured so far."""

from __future__ import annotations

from datetime import datetime, timedelta

from drills.errors import BadInput
from drills.impact.assessment import assess
from drills.model.events import AlertFired, CauseNamed, CommanderNamed, SeverityDeclared, StepFinished, UpdatePosted
from drills.model.playbook import Audience, MessageStatus
from drills.model.scorecard import Impact
from drills.model.timeline import Timeline
from drills.responders.messages import MessageFacts, compose, next_update


def incident_level(timeline: Timeline) -> str:
    """The level that the responder declared; else the worst that an alert named; else the playbook's least severe."""
    declared = timeline.last(SeverityDeclared)
    if declared is not None:
        return declared.level
    playbook = timeline.start.playbook
    levels = [alert.level for alert in timeline.all(AlertFired)]
    return min(levels, key=playbook.rank) if levels else playbook.levels[-1].name


def incident_facts(timeline: Timeline, text: str, status: MessageStatus, at: datetime, t: float) -> MessageFacts:
    """What a message may say at `t`: only what responders know or can measure, nothing of the scenario's truth."""
    start = timeline.start
    level = incident_level(timeline)
    commander = timeline.last(CommanderNamed)
    named = timeline.last(CauseNamed)
    alert = timeline.first(AlertFired)
    began = alert.t if alert is not None else t
    totals = assess(timeline).totals
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
        actions=tuple(step.step for step in timeline.all(StepFinished) if not step.read_only),
        next_update=None if status is MessageStatus.RESOLVED else next_update(start.playbook, level, at),
        cause=named.cause if named is not None else None,
        drill_id=start.drill_id,
    )


def _impact(totals: Impact) -> str:
    if not totals.requests:
        return "not known yet"
    return f"{totals.failed + totals.slow + totals.missed} of {totals.requests} requests failed or were slow"


def update(
    timeline: Timeline, text: str, status: MessageStatus, audience: Audience, *, t: float, at: datetime
) -> UpdatePosted:
    """The event of a message that is posted at `t`, composed from the playbook's template.

    Raises BadInput, in one line, when that template cannot be rendered.
    """
    facts = incident_facts(timeline, text, status, at, t)
    first = timeline.last(UpdatePosted) is None
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

"""The incident as its responders know it: the story, the alerts, the playbook's lists; never what is broken."""

from __future__ import annotations

from collections.abc import Mapping

from drills.model.acknowledging import acknowledgements, unacknowledged
from drills.model.durations import format_duration, humane
from drills.model.events import (
    Acknowledged,
    AlertChanged,
    AlertFired,
    AlertResolved,
    AllClear,
    Base,
    CauseNamed,
    CommanderNamed,
    Decided,
    HintTaken,
    SeverityDeclared,
    StepChecked,
    TaskList,
    UpdatePosted,
)
from drills.model.playbook import Audience, Milestone
from drills.model.timeline import Timeline
from drills.model.visible import visible_line
from drills.responders.level_brief import choice_of_levels, ladder_lines, roles, task_lines


def briefing(timeline: Timeline, t: float) -> str:
    """All that a responder may know at `t`, as text."""
    start = timeline.start
    first = timeline.first(AlertFired)
    lines = [f"{start.drill_id}   this is a drill", "", start.scenario.story, ""]
    lines += _alerts(timeline, t)
    lines += ["", *_said(timeline, t)]
    if start.playbook.triage:
        lines += ["", f"Triage ({start.playbook.title})", *_triage(timeline, first.t if first else None, t)]
    lines += _asked(timeline)
    if start.scenario.truth is not None:
        lines += ["", "Plausible causes: " + ", ".join(sorted(start.scenario.truth.among))]
    taken = len(timeline.all(HintTaken))
    lines += [f"Hints taken: {taken} of {len(start.scenario.hints)}"]
    return "\n".join(lines)


def _alerts(timeline: Timeline, t: float) -> list[str]:
    alerts = timeline.all(AlertFired)
    if not alerts:
        return ["No alert has fired yet."]
    resolved = {event.alert_id for event in timeline.all(AlertResolved)}
    level = {alert.alert_id: alert.level for alert in alerts}
    level |= {event.alert_id: event.level for event in timeline.all(AlertChanged)}
    acknowledged = acknowledgements(timeline)
    lines = ["Alerts"]
    for alert in alerts:
        state = "resolved" if alert.alert_id in resolved else level[alert.alert_id]
        said = visible_line(f"{alert.title}: {alert.reason}")
        taken = "" if alert.alert_id in acknowledged else f"   not acknowledged ({visible_line(alert.alert_id)})"
        lines.append(f"  {state:<9} {said}   {humane(t - alert.t)} ago{taken}")
    return lines


def _asked(timeline: Timeline) -> list[str]:
    """What the declared level asks for; before one is declared, the levels to choose from."""
    playbook, declared = timeline.start.playbook, timeline.last(SeverityDeclared)
    if declared is None:
        return ["", "Severities", *(f"  {line}" for line in choice_of_levels(playbook))]
    level = declared.level
    lines = [
        "",
        f"{level} asks for",
        *(f"  {line}" for line in roles(timeline.start, playbook.level(level))),
    ]
    lines += [f"  {line}" for line in task_lines(timeline, level, TaskList.ACTIONS)]
    if ladder := ladder_lines(timeline, level):
        lines += ["", "Escalation", *ladder]
    if phases := task_lines(timeline, level, TaskList.PHASES):
        lines += ["", "Phases", *(f"  {line}" for line in phases)]
    return lines


def _acknowledged(timeline: Timeline, t: float) -> str:
    fired, missing = len(timeline.all(AlertFired)), len(unacknowledged(timeline))
    if missing:
        return "not yet" if missing == fired else f"{fired - missing} of {fired} alerts"
    last = timeline.last(Acknowledged)
    return f"{humane(t - last.t)} ago" if last is not None else "no alert yet"


def _said(timeline: Timeline, t: float) -> list[str]:
    severity, commander = timeline.last(SeverityDeclared), timeline.last(CommanderNamed)
    update, decision, cause = timeline.last(UpdatePosted), timeline.last(Decided), timeline.last(CauseNamed)
    lines = [
        f"Acknowledged: {_acknowledged(timeline, t)}",
        f"Severity:     {severity.level if severity else 'not declared yet'}",
        f"Commander:    {visible_line(commander.commander) if commander else 'not named yet'}",
        f"Decision:     {decision.choice if decision else 'none yet'}",
        f"Cause:        {visible_line(cause.cause) if cause else 'not named yet'}",
    ]
    if update is None:
        lines.append("Last update:  none yet")
    else:
        lines.append(f"Last update:  {humane(t - update.t)} ago, {update.status}")
        if update.next_due is not None:
            left = update.next_due - t
            lines.append(f"Next update:  {'in ' + humane(left) if left >= 0 else 'overdue by ' + humane(-left)}")
    return lines


def _triage(timeline: Timeline, detected: float | None, t: float) -> list[str]:
    ticked = {event.step for event in timeline.all(StepChecked)}
    lines = []
    for index, step in enumerate(timeline.start.playbook.triage):
        done = index in ticked if step.milestone is None else milestone_done(timeline, step.milestone)
        by = f"by {format_duration(step.by)}" if step.by is not None else ""
        late = detected is not None and step.by is not None and t - detected > step.by.total_seconds()
        mark = "☑" if done else "☐"
        note = "   overdue" if late and not done else ""
        lines.append(f"  {index + 1:>2} {mark} {by:<7} {step.step}{note}")
    return lines


def milestone_done(timeline: Timeline, milestone: Milestone) -> bool:
    """Whether a responder's acts have done what the milestone asks for, as far as responders can know.

    What was said before the first alert was said about something else, and each alert is acknowledged by itself.
    """
    alert = timeline.first(AlertFired)
    if alert is None:
        return False
    match milestone:
        case Milestone.DETECTED:
            return True
        case Milestone.ACKNOWLEDGED:
            return not unacknowledged(timeline)
        case Milestone.STATUS_PAGE:
            return any(
                update.audience is Audience.STATUS_PAGE and update.t >= alert.t for update in timeline.all(UpdatePosted)
            )
        case _:
            kind = _SAID_BY.get(milestone)
            return kind is not None and timeline.first(kind, since=alert.t) is not None


#: The events that do what a milestone asks for by themselves.
_SAID_BY: Mapping[Milestone, type[Base]] = {
    Milestone.SEVERITY_DECLARED: SeverityDeclared,
    Milestone.COMMANDER_NAMED: CommanderNamed,
    Milestone.FIRST_UPDATE: UpdatePosted,
    Milestone.CAUSE_NAMED: CauseNamed,
    Milestone.ALL_CLEAR: AllClear,
}

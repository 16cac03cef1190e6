"""The course of a drill, one line for each event but checks and seconds, which have sections of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drills.model import events as e
from drills.model.durations import humane
from drills.model.playbook import Milestone
from drills.model.probe import probe_from
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.sections.moments import Moment, moment_at
from drills.reporting.wording import latency, offset, one_line, words

#: Milestones that no event says: they are measured.
_MEASURED = {
    Milestone.FIRST_IMPACT: "The first user suffered",
    Milestone.MITIGATED: "Mitigated: users are served again, and stay so",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the course: when, who (a kind of participant, never a person), what, and more about it."""

    moment: Moment
    by: str
    what: str
    detail: str
    milestone: bool


def happenings(timeline: Timeline, card: Scorecard) -> tuple[Happening, ...]:
    """Every event but checks and seconds, and the measured milestones, in order."""
    lines = [
        Happening(moment_at(timeline, t), "measured", _MEASURED[milestone], "", True)
        for milestone, t in card.milestones.items()
        if milestone in _MEASURED
    ]
    for event in timeline:
        told = said(event)
        if told is not None:
            what, detail = told
            lines.append(Happening(Moment(event.t, event.at), event.by.value, what, detail, type(event) in _MILESTONES))
    return tuple(sorted(lines, key=lambda line: line.moment.t))


def said(event: e.Base) -> tuple[str, str] | None:
    """What an event says, and more about it, each on one line; None for checks and seconds."""
    say = _SAYINGS.get(type(event))
    if say is None:
        return None
    what, detail = say(event)
    return what, one_line(detail)


_MILESTONES: frozenset[type[e.Base]] = frozenset(
    {
        e.FaultApplied,
        e.AlertFired,
        e.Acknowledged,
        e.SeverityDeclared,
        e.CommanderNamed,
        e.UpdatePosted,
        e.CauseNamed,
        e.AllClear,
        e.PostMortemDrafted,
    }
)


def _listed(items: Any) -> str:
    return ", ".join(f"{name} {value}".strip() for name, value in items)


def _result(event: e.StepFinished | e.ActionTaken) -> str:
    status = "" if event.exit_status in (0, None) else f", exit status {event.exit_status}"
    return f"took {humane(event.seconds)}{status}"


def _step(event: e.StepFinished) -> tuple[str, str]:
    reason = f"; {event.reason}" if event.reason else ""
    return f"Runbook step {event.step} {'done' if event.ok else 'failed'}", _result(event) + reason


def _decided(event: e.Decided) -> tuple[str, str]:
    estimate = "" if event.fix_minutes is None else f", a fix would take {event.fix_minutes:g} min"
    known = f"cause {'known' if event.cause_known else 'not known'}{estimate}"
    return f"Decided: {event.choice.value}", f"{event.reason} ({known})" if event.reason else known


_SAYINGS: dict[type[e.Base], Callable[[Any], tuple[str, str]]] = {
    e.SandboxReady: lambda x: (
        f"Sandbox ready, release {x.release}" if x.release else "Sandbox ready",
        _listed(x.services.items()),
    ),
    e.TrafficStarted: lambda x: ("Traffic started", f"{x.users} users, {x.requests_per_second:g} requests per second"),
    e.SteadyStateHeld: lambda x: (
        f"Steady state held for {humane(timedelta(seconds=x.seconds))}",
        _listed((name, latency(seconds)) for name, seconds in x.probes.items()),
    ),
    e.SteadyStateFailed: lambda x: ("Steady state never held", f"{x.probe}: {x.reason}"),
    e.BaselineTaken: lambda x: ("Baseline taken", f"traffic from {offset(x.since)} to {offset(x.until)}"),
    e.UndoWritten: lambda x: (f"Undo written down (#{x.journal_id})", x.summary),
    e.FaultApplied: lambda x: (f"Injected: {words(x.fault_kind)}", x.summary),
    e.FaultVerified: lambda x: ("Fault verified", x.evidence),
    e.FaultFailed: lambda x: ("Fault not in place", x.reason),
    e.UndoSettled: lambda x: (f"Undone (#{x.journal_id})", x.summary),
    e.UndoFailed: lambda x: (f"Undo failed (#{x.journal_id})", f"{x.summary}: {x.reason}"),
    e.UndoGivenUp: lambda x: (f"Undo given up (#{x.journal_id})", f"{x.summary}: {x.reason}"),
    e.DrillEnded: lambda x: (f"Drill ended: {words(x.reason)}", x.says),
    e.DrillAborted: lambda x: ("Drill aborted", x.reason),
    e.RunnerDied: lambda x: (
        "The runner died" if not x.undone else "The runner died, after it had undone everything",
        f"its last sign of life was at {x.last_sign:%H:%M:%S} UTC",
    ),
    e.EnvironmentLost: lambda x: ("Environment lost", x.reason),
    e.DrillSkipped: lambda x: ("Drill skipped", x.reason),
    e.AlertFired: lambda x: (f"Alert fired: {x.level} {one_line(x.title)}", x.reason),
    e.AlertChanged: lambda x: (f"Alert is now {x.level}", x.reason),
    e.AlertResolved: lambda x: ("Alert resolved", x.reason),
    e.ProbeUnusable: lambda x: (f"Probe cannot run: {probe_from(x.probe, x.vantage)}", x.reason),
    e.AlertSuppressed: lambda x: (f"Alert held back: {x.key}", x.because),
    e.Acknowledged: lambda x: ("Acknowledged", one_line(", ".join(x.alerts))),
    e.SeverityDeclared: lambda x: (f"Severity declared: {x.level}", x.reason),
    e.CommanderNamed: lambda x: ("Commander named", x.commander),
    e.UpdatePosted: lambda x: (f"Update posted to {words(x.audience)}: {x.status.value}", x.text),
    e.NoteTaken: lambda x: ("Note", x.text),
    e.StepChecked: lambda x: ("Checked", x.text),
    e.TaskChecked: lambda x: ("Checked", f"{one_line(x.of)}: {one_line(x.text)}"),
    e.Decided: _decided,
    e.CauseNamed: lambda x: (f"Cause named: {one_line(x.cause)}", ""),
    e.Escalated: lambda x: (
        f"Escalation due: {one_line(x.rung)}" if x.due else f"Escalated to {one_line(x.rung)}",
        f"{x.contact}{': ' + x.reason if x.reason else ''}",
    ),
    e.HintTaken: lambda x: (f"Hint {x.index + 1} taken", x.text),
    e.ActionTaken: lambda x: (f"Ran: {one_line(x.command)}", _result(x)),
    e.AllClear: lambda x: ("All clear declared", x.text),
    e.PostMortemDrafted: lambda x: ("Post-mortem drafted", x.path),
    e.Corrected: lambda x: (f"Corrected: {words(x.milestone)} was at {offset(x.when)}", x.why),
    e.RunbookStarted: lambda x: (
        f"Runbook {one_line(x.runbook)} started",
        f"from step {x.resumed_from}" if x.resumed_from else ", ".join(x.steps),
    ),
    e.StepFinished: _step,
    e.RunbookFinished: lambda x: (
        "Runbook finished" if x.ok else f"Runbook stopped at {x.stopped_at or 'a step'}",
        x.reason,
    ),
}

"""After the drill: the truth beside what was known when, what was undone, and whether the drill is valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from drills.impact.reliability import generator_late
from drills.model import events as e
from drills.model.durations import humane
from drills.model.playbook import Milestone
from drills.model.scorecard import DrillResult, Scorecard
from drills.model.timeline import Timeline
from drills.reporting.sections.moments import Moment, moment_at
from drills.reporting.wording import offset, one_line


@dataclass(frozen=True, slots=True)
class Known:
    """Something that the responder came to know, and when."""

    moment: Moment
    what: str


@dataclass(frozen=True, slots=True)
class TruthTold:
    """What was really wrong. `named` compares the cause that was named with it."""

    story: str
    broken: tuple[str, ...]
    cause: str
    among: tuple[str, ...]
    remedy: str
    named: str
    known: tuple[Known, ...]


def truth(timeline: Timeline, card: Scorecard) -> TruthTold | None:
    """None for a drill in which nothing was injected though something should be: it can be run again, still blind.

    For a control drill the cause is empty: nothing was broken.
    """
    scenario = timeline.start.scenario
    if not scenario.is_control and timeline.first(e.FaultApplied) is None:
        return None
    truth = scenario.truth
    return TruthTold(
        story=one_line(scenario.story),
        broken=tuple(one_line(event.summary) for event in timeline.all(e.FaultApplied)),
        cause=truth.cause if truth else "",
        among=truth.among if truth else (),
        remedy=one_line(truth.remedy) if truth else "",
        named=_named(timeline, card),
        known=tuple(_known(timeline)),
    )


def _named(timeline: Timeline, card: Scorecard) -> str:
    named = timeline.last(e.CauseNamed)
    if named is None:
        return "No cause was named." if timeline.start.scenario.truth else ""
    after = card.milestones.get(Milestone.DETECTED)
    when = f", {humane(named.t - after)} after detection" if after is not None and named.t >= after else ""
    verdict = {True: " That was right.", False: " That was not the cause.", None: ""}[card.cause_right]
    return f"Named: {one_line(named.cause)}{when}.{verdict}"


def _known(timeline: Timeline) -> list[Known]:
    kinds = (e.AlertFired, e.HintTaken, e.CauseNamed, e.NoteTaken, e.Decided, e.SeverityDeclared)
    known = []
    for event in timeline.all(*kinds):
        match event:
            case e.AlertFired():
                what = f"alert: {event.title} ({event.reason})"
            case e.HintTaken():
                what = f"hint: {event.text}"
            case e.CauseNamed():
                what = f"cause taken to be {event.cause}"
            case e.SeverityDeclared():
                what = f"taken for {event.level}{': ' + event.reason if event.reason else ''}"
            case e.Decided():
                what = f"decided to {event.choice.value}{': ' + event.reason if event.reason else ''}"
            case e.NoteTaken():
                what = f"note: {event.text}"
            case _:
                continue
        known.append(Known(Moment(event.t, event.at), one_line(what)))
    return known


@dataclass(frozen=True, slots=True)
class UndoLine:
    """A disturbance and what became of its undo: `settled`, `failed`, `given up` or `owed`."""

    journal_id: int
    summary: str
    state: str
    when: Moment | None
    put_back: tuple[str, ...]
    reason: str


def undo_lines(timeline: Timeline) -> tuple[UndoLine, ...]:
    """Every undo that was written down, and how it ended; the last word on each counts."""
    ends: dict[int, _UndoEnd] = {}
    for event in timeline.all(e.UndoSettled, e.UndoFailed, e.UndoGivenUp):
        assert isinstance(event, _UndoEnd)
        ends[event.journal_id] = event
    summaries = {event.journal_id: event.summary for event in timeline.all(e.UndoWritten)}
    summaries |= {number: end.summary for number, end in ends.items() if number not in summaries}
    return tuple(_undo(number, summary, ends.get(number)) for number, summary in sorted(summaries.items()))


_UndoEnd = e.UndoSettled | e.UndoFailed | e.UndoGivenUp
_UNDO_STATES: dict[type[e.Base], str] = {e.UndoSettled: "settled", e.UndoFailed: "failed", e.UndoGivenUp: "given up"}


def _undo(number: int, summary: str, end: _UndoEnd | None) -> UndoLine:
    return UndoLine(
        journal_id=number,
        summary=one_line(summary),
        state="owed" if end is None else _UNDO_STATES[type(end)],
        when=None if end is None else Moment(end.t, end.at),
        put_back=tuple(one_line(change) for change in end.changes) if isinstance(end, e.UndoSettled) else (),
        reason=one_line(end.reason) if isinstance(end, e.UndoFailed | e.UndoGivenUp) else "",
    )


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of a valid drill. `holds` is None when the drill ended before it could be known."""

    what: str
    holds: bool | None
    evidence: str


def validity(timeline: Timeline, card: Scorecard) -> tuple[Check, ...]:
    """What must be true for a drill to be scored, and the evidence from the timeline."""
    if card.result is DrillResult.SKIPPED:
        return ()
    scenario = timeline.start.scenario
    checks = [_steady(timeline), _baseline(timeline)]
    if not scenario.is_control:
        checks.append(_faults(timeline))
        if scenario.users_affected:
            checks.append(_affected(timeline, card))
    seconds = timeline.all(e.TrafficSecond)
    if seconds:
        checks.append(_generator(timeline, seconds))
    lost = timeline.first(e.EnvironmentLost)
    if lost is not None:
        checks.append(Check("The sandbox and the traffic generator worked", False, one_line(lost.reason)))
    return tuple(checks)


def _steady(timeline: Timeline) -> Check:
    what, held, failed = "Steady state held", timeline.first(e.SteadyStateHeld), timeline.first(e.SteadyStateFailed)
    if held is not None:
        return Check(what, True, f"{', '.join(held.probes)} were well for {humane(timedelta(seconds=held.seconds))}")
    return Check(what, None if failed is None else False, "" if failed is None else f"{failed.probe}: {failed.reason}")


def _baseline(timeline: Timeline) -> Check:
    taken = timeline.first(e.BaselineTaken)
    evidence = "" if taken is None else f"traffic from {offset(taken.since)} to {offset(taken.until)}"
    return Check("Baseline taken before the fault", None if taken is None else True, evidence)


def _faults(timeline: Timeline) -> Check:
    what, failed = "Fault verified to be in place", timeline.first(e.FaultFailed)
    if failed is not None:
        return Check(what, False, one_line(failed.reason))
    evidence = "; ".join(one_line(event.evidence) for event in timeline.all(e.FaultVerified))
    return Check(what, bool(evidence) or None, evidence)


def _affected(timeline: Timeline, card: Scorecard) -> Check:
    what, first = "Users measurably affected", card.milestones.get(Milestone.FIRST_IMPACT)
    if first is not None:
        return Check(what, True, f"the first suffered at {moment_at(timeline, first).stopwatch}")
    return Check(what, False if timeline.first(e.FaultVerified) else None, "")


def _generator(timeline: Timeline, seconds: Sequence[e.TrafficSecond]) -> Check:
    """So that nobody takes the tool's own slowness for the app's."""
    cores = [second.generator_cpu for second in seconds]
    workers = timeline.start.scenario.traffic.workers
    who = f"a master and {workers} workers" if workers else "one process"
    used = f"{sum(cores) / len(cores):.2f} of a core on average, {max(cores):.2f} at most"
    evidence = f"{max(second.lag for second in seconds):.2f} s behind at most; {who}: {used}"
    return Check("The traffic generator kept its plan", generator_late(seconds) is None, evidence)

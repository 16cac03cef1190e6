"""The draft of a post-mortem: the playbook's template, filled from the timeline.

Whatever states a fact cites the events that it rests on. What only people know is a line that begins with TODO; a
document is not handed in while it has any. Blameless: it speaks of the system, the runbook and the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from drills.model import events as e
from drills.model.durations import humane, humane_limit
from drills.model.playbook import Milestone
from drills.model.scorecard import Recovery, Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.reporting.markdown_table import aligned, escaped, fence
from drills.reporting.post_mortem.evidence import Evidence
from drills.reporting.post_mortem.sections import Holds, Section, sections_of
from drills.reporting.sections.debrief import truth
from drills.reporting.sections.happenings import said
from drills.reporting.sections.moments import moment_at
from drills.reporting.sections.observed import metric_lines
from drills.reporting.wording import count, date_and_time, day, latency, percent, words

#: Begins a line that somebody has to write.
TODO = "TODO:"
#: The columns of the table of action items; the program reads them again when the document is handed in.
COLUMNS = ("#", "Action", "Owner", "Priority", "Due date", "Status")
#: EmotionsCare's "Prevention & Monitoring"; for every playbook.
PREVENTION = (
    "a new alert rule, to notice earlier",
    "a change of the code, if the software was at fault",
    "documentation: the runbook",
    "an improvement of the process",
    "a test case against regression",
)
#: What the timeline of a post-mortem leaves out: preparation, and what was undone afterwards.
_LEFT_OUT = (e.UndoWritten, e.UndoSettled, e.SandboxReady, e.TrafficStarted, e.SteadyStateHeld, e.BaselineTaken)
#: Characters of a command's output that are quoted.
_QUOTED = 600


def draft(timeline: Timeline, card: Scorecard) -> str:
    """The draft as Markdown. Raises LookupError for a timeline without its first event."""
    return _Draft(timeline, card).text()


class _Draft:
    def __init__(self, timeline: Timeline, card: Scorecard) -> None:
        self._timeline = timeline
        self._card = card
        self._evidence = Evidence(timeline, card)
        self._cite = self._evidence.cite

    def text(self) -> str:
        card, start = self._card, self._timeline.start
        blocks = [
            f"# Post-mortem: {escaped(card.title)}",
            f"**This was a drill** ({card.drill_id}, {day(card.started_at)}), by the template of the playbook "
            f"{start.playbook.title}. Blameless: it is about the system, the runbook and the process, never about "
            "who did what.",
            f"Write what lines with {TODO} ask for, fill the table of action items, then run "
            f"`drills postmortem {card.drill_id} --done`.",
        ]
        for section in sections_of(start.playbook.post_mortem_sections):
            blocks.append(f"{'#' * section.level} {escaped(section.title)}")
            blocks += [block for block in self._filled(section) if block]
        return "\n\n".join([*blocks, "## Events", self._evidence.listed()]) + "\n"

    def _filled(self, section: Section) -> Iterable[str]:
        return _FILL[section.holds](self, section)

    # ---- what happened -----------------------------------------------------------------------------------------------

    def _summary(self, _section: Section) -> Iterator[str]:
        card, start = self._card, self._timeline.start
        declared = self._timeline.last(e.SeverityDeclared)
        level = card.severity.true_level or "none"
        true = f"{level}{f' ({escaped(card.severity.why)})' if card.severity.why else ''}"
        said_level = f"declared {declared.level}" if declared is not None else "none was declared"
        lines = [
            f"**Incident**: {card.drill_id}, {escaped(card.title)} {self._cite(start)}",
            f"**Date**: {date_and_time(card.started_at)} {self._cite(start)}",
            f"**Duration**: {self._duration()}",
            f"**Severity**: {true}; {said_level} {self._cite(self._worst(), declared)}",
            f"**Impact**: {self._users()}",
        ]
        yield _listed(lines)
        yield f"{escaped(card.headline)} {self._evidence.at(Milestone.MITIGATED)}"

    def _duration(self) -> str:
        began, ended = (self._evidence.event_of(each) for each in (Milestone.FIRST_IMPACT, Milestone.MITIGATED))
        if self._card.impact.seconds is None or began is None:
            return f"no user was affected {self._cite(self._evidence.end)}"
        lasted = humane(self._card.impact.seconds)
        if ended is None:
            return f"at least {lasted}: users were not served again {self._cite(began, self._evidence.end)}"
        return f"{lasted}, from the first user impact to the last {self._cite(began, ended)}"

    def _users(self) -> str:
        impact = self._card.impact
        if impact.seconds is None:
            return f"no user was affected {self._cite(self._evidence.end)}"
        return (
            f"{count(impact.users_suffered)} of {count(impact.users)} users; {percent(impact.share)} of "
            f"{count(impact.requests)} requests ({count(impact.failed)} failed, {count(impact.slow)} slow, "
            f"{count(impact.missed)} could not be sent) {self._cite(*self._impact_span())}"
        )

    def _impact_span(self) -> tuple[e.Base | None, e.Base | None]:
        """The first and the last second in which users suffered."""
        hurt = [second for second in self._timeline.all(e.TrafficSecond) if second.users_suffering]
        since = self._card.milestones.get(Milestone.FIRST_IMPACT, float("inf"))
        hurt = [second for second in hurt if second.t >= since - 0.0015]
        return (hurt[0], hurt[-1]) if hurt else (None, None)

    def _worst(self) -> e.Base | None:
        return self._impact_span()[0] or self._evidence.end

    def _course(self, _section: Section) -> Iterator[str]:
        rows: list[tuple[float, str, str]] = []
        for milestone, what in (
            (Milestone.FIRST_IMPACT, "The first user was affected"),
            (Milestone.MITIGATED, "Mitigated: users are served again"),
        ):
            event = self._evidence.event_of(milestone)
            if event is not None:
                rows.append((self._card.milestones[milestone], what, self._cite(event)))
        for event in self._timeline:
            told = said(event)
            if told is not None and not isinstance(event, _LEFT_OUT):
                detail = f": {told[1]}" if told[1] else ""
                rows.append((event.t, escaped(f"{told[0]}{detail}"), self._cite(event)))
        cells = [
            (moment_at(self._timeline, t).clock, what, cited) for t, what, cited in sorted(rows, key=lambda row: row[0])
        ]
        yield aligned(("Time", "Event", "No."), cells)

    def _impact(self, section: Section) -> Iterator[str]:
        yield from self._impact_on_users(section)
        yield from self._business(section)

    def _impact_on_users(self, _section: Section) -> Iterator[str]:
        impact, cited = self._card.impact, self._cite(*self._impact_span())
        lines = [f"Affected: {self._users()}", f"Duration: {self._duration()}"]
        if impact.worst_error_rate is not None and cited:
            lines.append(f"Worst error rate: {percent(impact.worst_error_rate)} {cited}")
        if impact.worst_p95 is not None and cited:
            lines.append(
                f"Worst p95: {latency(impact.worst_p95)}, before the fault {latency(impact.baseline_p95)} {cited}"
            )
        lines += [f"{escaped(route)}: {count(hurt)} requests {cited}" for route, hurt in impact.by_route.items()]
        lines += [f"{escaped(error)}: {count(times)} requests {cited}" for error, times in impact.errors.items()]
        yield _listed(lines)

    def _business(self, _section: Section) -> Iterator[str]:
        start = self._timeline.start
        yield f"- Revenue lost, support tickets, reputation: none, for this was a drill {self._cite(start)}"
        yield f"{TODO} what would it have cost on the real system?"

    def _detection(self, _section: Section) -> Iterator[str]:
        card, alert = self._card, self._evidence.event_of(Milestone.DETECTED)
        began = self._evidence.event_of(Milestone.FIRST_IMPACT)
        lines = []
        if isinstance(alert, e.AlertFired | e.AlertChanged):
            by = f" by {escaped(card.detected_by)}" if card.detected_by else ""
            lines.append(f"Detected{by}: {escaped(alert.reason)} {self._cite(alert)}")
        else:
            lines.append(f"Monitoring did not detect it {self._cite(self._evidence.end)}")
        for row in self._rows(Topic.MILESTONE):
            if row.milestone is Milestone.DETECTED:
                lines.append(f"{_judged(row)} {self._cite(began, alert or self._evidence.end)}")
        if card.false_alarms:
            fault = self._timeline.first(e.FaultApplied)
            early = [each for each in self._timeline.all(e.AlertFired) if fault is None or each.t < fault.t]
            lines.append(f"False alarms: {card.false_alarms} {self._cite(*early)}")
        held = self._timeline.all(e.AlertSuppressed)
        lines += [f"Held back: {escaped(each.key)}, {escaped(each.because)} {self._cite(each)}" for each in held]
        yield _listed(lines)

    # ---- why ---------------------------------------------------------------------------------------------------------

    def _root_cause(self, _section: Section) -> Iterator[str]:
        told = truth(self._timeline, self._card)
        named = self._timeline.last(e.CauseNamed)
        faults = self._timeline.all(e.FaultApplied)
        if told is None or not faults:
            yield f"- Nothing was injected {self._cite(self._evidence.end)}"
            return
        lines = [f"The drill injected: {escaped(each.summary)} {self._cite(each)}" for each in faults]
        if told.cause:
            lines.append(f"The cause: {escaped(words(told.cause))} {self._cite(*faults)}")
        lines.append(f"{escaped(told.named)} {self._cite(named or self._evidence.end)}" if told.named else "")
        yield _listed(line for line in lines if line)
        yield f"{TODO} explain what went wrong in the system, so that somebody who was not there understands it."

    def _contributing(self, _section: Section) -> Iterator[str]:
        yield _listed(self._contributed())
        yield f"{TODO} what else made it likelier, worse, longer, or harder to see?"

    def _contributed(self) -> Iterator[str]:
        for event in self._timeline.all(e.RunbookFinished):
            if not event.ok:
                yield f"The runbook stopped at step {escaped(event.stopped_at or 'unknown')} {self._cite(event)}"
        failed = [each for each in self._timeline.all(e.ActionTaken) if each.exit_status and not each.read_only]
        for action in failed:
            yield f"A change failed: `{_code(action.command)}`, exit status {action.exit_status} {self._cite(action)}"
        for hint in self._timeline.all(e.HintTaken):
            yield f"A hint was needed: {escaped(hint.text)} {self._cite(hint)}"
        for key in self._timeline.all(e.AlertSuppressed):
            yield f"An alert was held back: {escaped(key.key)} {self._cite(key)}"
        recovery = self._card.recovery
        if recovery in (Recovery.TEMPORARY, Recovery.DEGRADED, Recovery.SELF):
            says = escaped(self._card.recovery_says)
            yield f"Recovery {words(recovery)}: {says} {self._evidence.at(Milestone.MITIGATED)}"

    def _whys(self, _section: Section) -> Iterator[str]:
        routes = ", ".join(escaped(name) for name in list(self._card.impact.by_route)[:3]) or "the service"
        told = truth(self._timeline, self._card)
        cause = words(told.cause) if told is not None and told.cause else "the fault"
        faults = self._timeline.all(e.FaultApplied)
        cited = self._cite(*faults) or self._cite(self._evidence.end)
        first = f"1. **Why did users of {routes} suffer?** Because of {escaped(cause)} {cited}"
        asked = (
            f"2. **Why did {escaped(cause)} have this effect?** {TODO} because …",
            f"3. **Why was that possible?** {TODO} because …",
            f"4. **Why was it not prevented, or noticed before users did?** {TODO} because …",
            f"5. **Why did the process let that be?** {TODO} because …",
        )
        yield "\n".join((first, *asked))

    # ---- what was done -----------------------------------------------------------------------------------------------

    def _response(self, _section: Section) -> Iterator[str]:
        lines = []
        for event in self._timeline.all(e.ActionTaken, e.StepFinished, e.Decided):
            clock = moment_at(self._timeline, event.t).clock
            if isinstance(event, e.Decided):
                why = f": {escaped(event.reason)}" if event.reason else ""
                lines.append(f"{clock} decided: {event.choice.value}{why} {self._cite(event)}")
            elif isinstance(event, e.ActionTaken) and not event.read_only:
                failed = f", exit status {event.exit_status}" if event.exit_status else ""
                lines.append(f"{clock} `{_code(event.command)}`{failed} {self._cite(event)}")
            elif isinstance(event, e.StepFinished) and not event.read_only:
                failed = "" if event.ok else f", failed: {escaped(event.reason)}"
                lines.append(f"{clock} runbook step {escaped(event.step)}{failed} {self._cite(event)}")
        if not lines:
            lines.append(f"Nothing was changed {self._cite(self._evidence.end)}")
        lines.append(
            f"Recovery: {escaped(self._card.recovery_says) or 'none'} {self._evidence.at(Milestone.MITIGATED)}"
        )
        told = truth(self._timeline, self._card)
        if told is not None and told.remedy:
            lines.append(f"The scenario's remedy: {escaped(told.remedy)} {self._cite(self._timeline.start)}")
        yield _listed(lines)

    def _well(self, _section: Section) -> Iterator[str]:
        met = self._rows(Topic.MILESTONE, Topic.UPDATE_CADENCE, Topic.DECISION, Topic.SILENCE)
        yield _listed(f"{_judged(row)} {self._of(row)}" for row in met if row.verdict is Verdict.MET)
        yield f"{TODO} what else went well?"

    def _wrong(self, _section: Section) -> Iterator[str]:
        lines = [f"{_judged(row)} {self._of(row)}" for row in self._card.rows if row.verdict is Verdict.MISSED]
        for deduction in self._card.deductions:
            event = self._event_at(deduction.t)
            lines.append(f"{escaped(deduction.reason)} {self._cite(event)}")
        yield _listed(lines)
        yield f"{TODO} what else could be better, in detection, response or tools?"

    def _of(self, row: Row) -> str:
        if row.topic is Topic.DECISION:
            return self._cite(self._timeline.first(e.Decided) or self._evidence.end)
        if row.topic is Topic.TRIAGE:
            ticked = [each for each in self._timeline.all(e.StepChecked) if row.label.endswith(each.text)]
            return self._cite(*ticked[:1]) or self._evidence.at(row.milestone)
        return self._evidence.at(row.milestone)

    def _event_at(self, t: float | None) -> e.Base | None:
        """The event of that very moment; the end of the drill when there is none."""
        kinds = (e.TrafficSecond, e.ProbeObserved)
        found = (each for each in self._timeline if t is not None and each.t == t and not isinstance(each, kinds))
        return next(found, self._evidence.end)

    def _rows(self, *topics: Topic) -> list[Row]:
        judged = (Verdict.MET, Verdict.MISSED)
        return [row for row in self._card.rows if row.topic in topics and row.verdict in judged]

    # ---- what comes of it --------------------------------------------------------------------------------------------

    def _actions(self, _section: Section) -> Iterator[str]:
        rows = [
            (str(number), escaped(text), "", "", "", "open") for number, text in enumerate(self._card.improve, start=1)
        ]
        yield (
            "Each with an owner, a priority (P0, P1, P2), a due date (2026-01-31) and a status (open, planned, in "
            "progress, done, dropped). Rows that are not needed are removed."
        )
        yield aligned(COLUMNS, rows or [("1", "", "", "", "", "open")])
        open_actions = self._timeline.start.open_actions
        if open_actions:
            cited = self._cite(self._timeline.start)
            yield "Still open from earlier drills of this scenario:"
            yield _listed(
                f"{each.drill_id} #{each.number} {escaped(each.action)} ({escaped(each.owner)}, {each.priority.value}, "
                f"due {each.due}) {cited}"
                for each in open_actions
            )

    def _lessons(self, section: Section) -> Iterator[str]:
        about = f" ({section.title.lower()})" if section.level == 3 else ""
        yield f"{TODO} what was learnt{about}?"

    def _prevention(self, _section: Section) -> Iterator[str]:
        yield "\n".join(f"- [ ] {each}" for each in PREVENTION)
        yield f"{TODO} tick what applies, and say which action item it is."

    def _metrics(self, _section: Section) -> Iterator[str]:
        lines = [line for line in metric_lines(self._timeline, self._card) if line.measured]
        seen = {
            line.probe: next((o for o in self._timeline.all(e.ProbeObserved) if o.probe == line.probe), None)
            for line in lines
        }
        cells = [
            (escaped(line.label), *(escaped(text) for text in line.texts), self._cite(seen[line.probe]))
            for line in lines
        ]
        yield aligned(("Metric", "Baseline", "Worst", "End", "First check"), cells)

    def _logs(self, _section: Section) -> Iterator[str]:
        ran = (e.StepFinished, e.ActionTaken)
        quoted = [each for each in self._timeline if isinstance(each, ran) and each.output.strip()]
        for event in quoted[:5]:
            yield f"`{_code(event.command)}` {self._cite(event)}"
            yield fence(event.output.strip()[:_QUOTED])
        if not quoted:
            yield f"{TODO} the lines of the logs that matter."

    def _data(self, section: Section) -> Iterator[str]:
        yield from self._metrics(section)
        yield from self._logs(section)

    def _references(self, _section: Section) -> Iterator[str]:
        start = self._timeline.start
        names = ["[report](index.html)", f"scenario `{_code(start.scenario.name)}`"]
        if start.runbook:
            names.append(f"runbook `{_code(start.runbook)}`")
        names.append(f"playbook `{_code(start.playbook.name)}`: {escaped(start.playbook.document)}")
        yield _listed(f"{name} {self._cite(start)}" for name in names)

    def _heading(self, _section: Section) -> Iterator[str]:
        return iter(())

    def _other(self, section: Section) -> Iterator[str]:
        yield f"{TODO} {escaped(section.title)}"


_FILL: Mapping[Holds, Callable[[_Draft, Section], Iterator[str]]] = {
    Holds.SUMMARY: _Draft._summary,
    Holds.TIMELINE: _Draft._course,
    Holds.DETECTION: _Draft._detection,
    Holds.IMPACT: _Draft._impact,
    Holds.USERS: _Draft._impact_on_users,
    Holds.BUSINESS: _Draft._business,
    Holds.ROOT_CAUSE: _Draft._root_cause,
    Holds.CONTRIBUTING: _Draft._contributing,
    Holds.WHYS: _Draft._whys,
    Holds.RESPONSE: _Draft._response,
    Holds.WELL: _Draft._well,
    Holds.WRONG: _Draft._wrong,
    Holds.ACTIONS: _Draft._actions,
    Holds.LESSONS: _Draft._lessons,
    Holds.PREVENTION: _Draft._prevention,
    Holds.METRICS: _Draft._metrics,
    Holds.LOGS: _Draft._logs,
    Holds.DATA: _Draft._data,
    Holds.REFERENCES: _Draft._references,
    Holds.HEADING: _Draft._heading,
    Holds.OTHER: _Draft._other,
}


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _judged(row: Row) -> str:
    """`Acknowledged 1.6 s after detection, limit 5 m: met`."""
    limit = "" if row.limit is None else f", limit {humane_limit(row.limit)}"
    after = ""
    if row.actual is not None:
        after = f" not within {humane(row.actual)}" if row.censored else f" after {humane(row.actual)}"
    return f"{escaped(row.label)}{after} (from {escaped(row.counted_from)}{limit}): {row.verdict.value}"


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").split())

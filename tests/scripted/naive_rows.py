"""The rows of docs/scoring.md, sections 5 and 6, one after the other; part of the naive scoring, see naive.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from drills.model import events as e
from drills.model.acknowledging import acknowledgements
from drills.model.conditions import compile_condition
from drills.model.playbook import Audience, Choice, Limit, Milestone, Rung, TriageStep
from drills.model.timeline import Timeline
from tests.scripted.naive_measuring import Incident, limit_end


@dataclass(frozen=True)
class Line:
    """A row of the scorecard. Times are seconds; `limit` and `actual` are None where there is none."""

    incident: int
    label: str
    limit: float | None
    actual: float | None
    verdict: str
    points: float
    weight: float
    decides: bool = True


# ---- 5. points ------------------------------------------------------------------------------------------------------


def done(x: float, limit: float) -> float:
    if x <= limit / 4:
        return 1.0
    if x <= limit:
        return 1 - 0.3 * (x - limit / 4) / (3 * limit / 4)
    return max(0.0, 0.7 * (3 * limit - x) / (2 * limit))


def left_open(x: float, limit: float) -> float:
    return done(x, limit) if x <= limit else max(0.0, 0.7 * (2 * limit - x) / limit)


def ordered(x: float, limit: float) -> float:
    return 1.0 if x <= limit else max(0.0, (2 * limit - x) / limit)


# ---- 6. rows


def detected_row(timeline: Timeline, incident: Incident) -> Line:
    within = timeline.start.scenario.expect.detected_within
    limit = within.total_seconds() if within is not None else None
    if incident.detected is None:
        return _line(incident, "Detected", limit, incident.end - incident.began, "missed", 0.0, 15)
    x = max(0.0, incident.detected - incident.began)
    share = 1.0 if limit is None else done(x, limit)
    return _line(incident, "Detected", limit, x, _by(x, limit), 15 * share, 15)


def mitigated_row(incident: Incident, limit: float) -> list[Line]:
    if not incident.affected:
        return []
    if incident.mitigated is None:
        return [_line(incident, "Mitigated", limit, incident.end - incident.began, "missed", 0.0, 30)]
    x = incident.mitigated - incident.began
    return [_line(incident, "Mitigated", limit, x, _by(x, limit), 30 * done(x, limit), 30)]


class Rows:
    """The rows of what a person did in one incident; `acts` are those that count."""

    def __init__(self, timeline: Timeline, acts: Sequence[e.Base], incident: Incident) -> None:
        self.timeline, self.acts, self.incident = timeline, acts, incident
        self.playbook, self.truth = timeline.start.playbook, timeline.start.scenario.truth
        self.r, self.c = incident.response, incident.closed

    # -- what is due when

    def due(self, limit_of: Callable[[str], Limit | None], since: float | None = None) -> tuple[bool, float | None]:
        """Whether a level that held asks for it, and the limit in seconds from R, or `since`."""
        asked, ends, counted_from = False, [], self.r if since is None else since
        for name, held in self.incident.levels:
            limit = limit_of(name)
            if limit is None:
                continue
            asked = True
            end = limit_end(self.timeline, limit, max(held, counted_from))
            if end is not None:
                ends.append(end)
        return asked, (round(min(ends) - counted_from, 3) if ends else None)

    def step(self, milestone: Milestone) -> Callable[[str], Limit | None]:
        """The triage list's limit for a milestone, by level: of the steps for this level with a minute."""

        def limit_of(level: str) -> Limit | None:
            minutes = [
                step.by
                for step in self.playbook.triage
                if step.milestone is milestone and step.by is not None and (not step.levels or level in step.levels)
            ]
            return Limit(within=min(minutes), source="triage") if minutes else None

        return limit_of

    def first(self, kind: type[e.Base]) -> float | None:
        return next((act.t for act in self.acts if isinstance(act, kind)), None)

    def always(self, label: str, limit: float | None, t: float | None, weight: float, *, decides: bool = True) -> Line:
        """A duty that is always asked: done at `t`, or never."""
        if t is None:
            return _line(self.incident, label, limit, max(0.0, self.c - self.r), "missed", 0.0, weight, decides)
        x = t - self.r
        share = 1.0 if limit is None else done(x, limit)
        return _line(self.incident, label, limit, x, _by(x, limit), weight * share, weight, decides)

    def when_due(self, label: str, limit: float, t: float | None, weight: float, *, decides: bool = True) -> Line:
        """A duty with a deadline: not asked where the incident was closed before it."""
        if t is not None:
            return self.always(label, limit, t, weight, decides=decides)
        x = max(0.0, self.c - self.r)
        verdict = "not-required" if x <= limit else "missed"
        return _line(self.incident, label, limit, x, verdict, weight * left_open(max(0.0, x), limit), weight, decides)

    # -- the rows

    def mitigation_target(self) -> list[Line]:
        asked, limit = self.due(lambda level: self.playbook.level(level).mitigate, self.incident.began)
        if not asked or limit is None or not self.incident.affected:
            return []
        t = self.incident.mitigated
        x = (t if t is not None else self.incident.end) - self.incident.began
        verdict = "missed" if t is None else _by(x, limit)
        return [_line(self.incident, "Mitigation target", limit, x, verdict, 0.0, 0)]

    def acknowledged(self) -> list[Line]:
        _, limit = self.due(lambda level: self.playbook.level(level).respond)
        if self.incident.detected is None:
            return [self.always("Acknowledged", limit, self.first(e.Acknowledged), 10)]
        told = acknowledgements(Timeline([*self.timeline.all(e.AlertFired, e.AlertResolved), *self.acts]))  # type: ignore[list-item,type-var]
        lines = []
        for alert_id, paged, resolved in self.incident.pages:
            own = alert_id == self.incident.detected_by
            begins = self.r if own else max(paged, self.r)
            _, limit = self.due(lambda level: self.playbook.level(level).respond, begins)
            t = told.get(alert_id)
            if t is not None:
                x = t - begins
                share = 1.0 if limit is None else done(x, limit)
                if own or resolved is None or t <= resolved:
                    lines.append(_line(self.incident, "Acknowledged", limit, x, _by(x, limit), 10 * share, 10))
                    continue
            x = max(0.0, min(resolved if resolved is not None else self.c, self.c) - begins)
            if own:
                lines.append(_line(self.incident, "Acknowledged", limit, max(0.0, self.c - begins), "missed", 0.0, 10))
                continue
            share = 1.0 if limit is None else left_open(x, limit)
            verdict = "not-required" if limit is None or x <= limit else "missed"
            lines.append(_line(self.incident, "Acknowledged", limit, x, verdict, 10 * share, 10))
        return [min(lines, key=lambda line: (line.points, line.verdict != "missed"))]

    def minute(self) -> float:
        """How long the minute is in which a severity is due; one minute where the playbook has none."""
        limits = (self.step(Milestone.SEVERITY_DECLARED)(name) for name, _ in self.incident.levels)
        within = next((limit.within for limit in limits if limit is not None and limit.within is not None), None)
        return within.total_seconds() if within is not None else 60.0

    def is_right(self, level: str, t: float) -> bool:
        """Whether declaring this level at `t` is right: it holds, or comes to hold within the minute from then."""
        if self.incident.level_at(t) == level:
            return True
        return any(name == level and t < since <= t + self.minute() for name, since in self.incident.levels)

    def severity(self) -> list[Line]:
        declared = [act for act in self.acts if isinstance(act, e.SeverityDeclared)]
        _, limit = self.due(self.step(Milestone.SEVERITY_DECLARED))
        if limit is None:
            _, limit = self.due(lambda level: self.playbook.level(level).respond)
        first_right = next((act.t for act in declared if self.is_right(act.level, act.t)), None)
        line = self.always("Severity declared", limit, first_right, 5, decides=False)
        if not declared:
            return [line, _line(self.incident, "Severity right", None, None, "missed", 0.0, 5)]
        begin = min(declared[0].t, self.r + self.minute())
        moments = {begin, self.c, *(act.t for act in declared)}
        for _, since in self.incident.levels:
            moments |= {since, since - self.minute()}
        cuts = sorted(moment for moment in moments if begin <= moment <= self.c)
        right = 0.0
        for a, b in pairwise(cuts):
            last = [act.level for act in declared if act.t <= a]
            if last and self.is_right(last[-1], a):
                right += b - a
        good = declared[-1].level == self.incident.level_at(self.c)
        share = right / (self.c - begin) if self.c > begin else float(good)
        verdict = "met" if good else "missed"
        return [line, _line(self.incident, "Severity right", None, None, verdict, 5 * share, 5)]

    def commander(self) -> list[Line]:
        asked, limit = self.due(self.step(Milestone.COMMANDER_NAMED))
        if asked and limit is not None:
            return [self.when_due("Commander named", limit, self.first(e.CommanderNamed), 5)]
        steps = [step for step in self.playbook.triage if step.milestone is Milestone.COMMANDER_NAMED]
        if any(not step.levels or name in step.levels for step in steps for name, _ in self.incident.levels):
            return [self.always("Commander named", None, self.first(e.CommanderNamed), 5)]
        return []

    def first_update_limit(self) -> tuple[bool, float | None]:
        asked, limit = self.due(self.step(Milestone.FIRST_UPDATE))
        if limit is None:
            asked, limit = self.due(lambda level: self.playbook.level(level).update_every)
        return asked, limit

    def first_update(self) -> list[Line]:
        asked, limit = self.first_update_limit()
        return [self.always("First update", limit, self.first(e.UpdatePosted), 5)] if asked else []

    def cadence(self) -> list[Line]:
        asked, every = self.due(lambda level: self.playbook.level(level).update_every)
        if not asked:
            return []
        posted = [act.t for act in self.acts if isinstance(act, e.UpdatePosted)]
        if every is None:
            verdict = "met" if posted else "missed"
            return [_line(self.incident, "Update cadence", None, None, verdict, 5.0 if posted else 0.0, 5)]
        _, first = self.first_update_limit()
        due = self.r + min(every, first if first is not None else every)
        worst, allowed = 0.0, self._shortest_cadence()
        edges = [due, *(t for t in posted if t > due), self.c]
        for a, b in pairwise(edges):
            for name, since in self.incident.levels:
                limit = self.playbook.level(name).update_every
                begin = max(a, since, self.r)
                end = None if limit is None else limit_end(self.timeline, limit, begin)
                if end is not None and b > begin and (b - begin) / (end - begin) > worst:
                    worst, allowed = (b - begin) / (end - begin), end - begin
        next_due = due + allowed
        verdict = "not-required" if self.c <= next_due and worst <= 1 else ("met" if worst <= 1 else "missed")
        shown = allowed if worst else None
        return [_line(self.incident, "Update cadence", shown, worst * allowed, verdict, 5 * ordered(worst, 1), 5)]

    def _shortest_cadence(self) -> float:
        """What was allowed by the level whose update was due first."""
        found = []
        for name, since in self.incident.levels:
            limit, begin = self.playbook.level(name).update_every, max(since, self.r)
            end = None if limit is None else limit_end(self.timeline, limit, begin)
            found += [(end, end - begin)] if end is not None else []
        return min(found)[1]

    def status_page(self) -> list[Line]:
        asked, limit = self.due(lambda level: self.playbook.level(level).status_page)
        if not asked:
            asked, limit = self.due(self.step(Milestone.STATUS_PAGE))
        if not asked:
            return []
        pages = (act.t for act in self.acts if isinstance(act, e.UpdatePosted) and act.audience is Audience.STATUS_PAGE)
        return [self.always("Status page", limit, next(pages, None), 5)]

    def cause(self) -> list[Line]:
        if self.truth is None:
            return []
        named = [act.cause for act in self.acts if isinstance(act, e.CauseNamed)]
        right = bool(named) and named[-1] == self.truth.cause
        verdict = "met" if right else "missed"
        return [_line(self.incident, "Cause named", None, None, verdict, 10.0 * right, 10, decides=False)]

    def decision(self) -> list[Line]:
        if not self.playbook.decisions:
            return []
        until = self.incident.mitigated if self.incident.mitigated is not None else self.c
        made = [act for act in self.acts if isinstance(act, e.Decided) and act.t <= until]
        last = made[-1] if made else None
        due, also = self._due_choice(last, last.t if last is not None else until)
        if due is None:
            return [_line(self.incident, "Decision", None, None, "not-required", 5.0, 5)]
        right = {due, *also, *(self.truth.right_choices if self.truth else ())}
        good = last is not None and last.choice in right and self._carried_out(last.choice)
        return [_line(self.incident, "Decision", None, None, "met" if good else "missed", 5.0 * good, 5)]

    def _due_choice(self, last: e.Decided | None, t: float) -> tuple[Choice | None, tuple[Choice, ...]]:
        facts: dict[str, float | bool] = {
            "cause_known": any(
                isinstance(act, e.CauseNamed) and self.truth is not None and act.cause == self.truth.cause
                for act in self.acts
            ),
            **self.incident.roles_at(t),
        }
        deployed = [
            event.t
            for event in self.timeline.all(e.FaultApplied)
            if event.fault_kind == "deploy-release" and event.t <= t
        ]
        if deployed:
            facts["minutes_since_deploy"] = (t - deployed[-1]) / 60
        fix = self.truth.fix_minutes if self.truth is not None else None
        if fix is None and last is not None:
            fix = last.fix_minutes
        if fix is not None:
            facts["fix_minutes"] = float(fix)
        for rule in self.playbook.decisions:
            if compile_condition(rule.when).holds(facts) is True:
                return rule.decide, rule.also_right
        return None, ()

    def _carried_out(self, choice: Choice) -> bool:
        changes = [change for change in self.incident.changes if self.incident.began <= change.t <= self.c]
        if not changes or choice is Choice.WAIT:
            return True
        return any(change.rollback == (choice is Choice.ROLLBACK) for change in changes)

    def escalated(self) -> list[Line]:
        rungs: list[tuple[int, Rung, float]] = []
        for place, rung in enumerate(self.playbook.escalation):
            held = [t for name, t in self.incident.levels if not rung.levels or name in rung.levels]
            if held and rung.after is not None:
                rungs.append((place, rung, min(held)))
        said = [act for act in self.acts if isinstance(act, e.Escalated) and not act.due]
        lines = []
        for place, rung, since in rungs:
            assert rung.after is not None
            weight = round(5 / len(rungs), 2)
            from_detection = rung.counted_from is Milestone.DETECTED
            origin = self.incident.detected if from_detection else self.incident.began
            begin = origin if origin is not None else self.r
            limit = round(max(begin, since) + rung.after.total_seconds() - begin, 3)
            label = f"Escalated: {rung.name}"
            over = min(self.incident.recovered if self.incident.recovered is not None else self.c, self.c)
            higher = {each.name for each in self.playbook.escalation[place:]}
            t = next((act.t for act in said if act.rung in higher), None)
            if over <= begin + limit:
                actual = max(0.0, (t if t is not None and t <= over else over) - begin)
                verdict = "met" if t is not None and t <= over else "not-required"
                lines.append(_line(self.incident, label, limit, actual, verdict, weight, weight))
                continue
            x = max(0.0, (t if t is not None else over) - begin)
            verdict = "met" if t is not None and x <= limit else "missed"
            lines.append(_line(self.incident, label, limit, x, verdict, weight * ordered(x, limit), weight))
        return lines

    def all_clear(self) -> list[Line]:
        _, limit = self.due(lambda level: self.playbook.level(level).resolve, self.incident.began)
        closing = self.incident.all_clear
        began = self.incident.began
        if closing is None or closing not in [act.t for act in self.acts if isinstance(act, e.AllClear)]:
            return [_line(self.incident, "All clear", limit, self.c - began, "missed", 0.0, 5)]
        x = closing - began
        share = 1.0 if limit is None else done(x, limit)
        return [_line(self.incident, "All clear", limit, x, _by(x, limit), 5 * share, 5)]

    def triage(self) -> list[Line]:
        steps: list[tuple[int, TriageStep, float]] = []
        for place, step in enumerate(self.playbook.triage):
            if step.by is None or step.milestone is not None:
                continue
            limit_of = _for_levels(step)
            asked, limit = self.due(limit_of)
            if asked and limit is not None:
                steps.append((place, step, limit))
        lines = []
        for place, step, limit in steps:
            ticks = (act.t for act in self.acts if isinstance(act, e.StepChecked) and act.step == place)
            lines.append(self.when_due(step.step, limit, next(ticks, None), round(10 / len(steps), 2), decides=False))
        return lines


def _for_levels(step: TriageStep) -> Callable[[str], Limit | None]:
    return lambda level: Limit(within=step.by, source="triage") if not step.levels or level in step.levels else None


def _by(x: float, limit: float | None) -> str:
    return "met" if limit is None or x <= limit else "missed"


def _line(
    incident: Incident, label: str, limit: float | None, x: float | None, verdict: str, points: float, weight: float,
    decides: bool = True,
) -> Line:  # fmt: skip
    return Line(incident.number, label, limit, x, verdict, round(points, 2), weight, decides)

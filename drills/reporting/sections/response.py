"""What the responder did: steps and commands with their output, messages, the checklist, the decision."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model import events as e
from drills.model.durations import humane
from drills.model.level_tasks import tasks_of
from drills.model.playbook import Milestone, TriageStep
from drills.model.scorecard import Basis, Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.model.typed import typed_by_commander
from drills.reporting.sections.limits import earned, rows_of
from drills.reporting.sections.moments import Moment, moment_at
from drills.reporting.wording import clean, one_line


@dataclass(frozen=True, slots=True)
class StepLine:
    """A runbook's block or a sandbox command, as it ended."""

    moment: Moment
    name: str
    section: str
    command: str
    read_only: bool
    ok: bool
    result: str
    output: str

    @property
    def summary(self) -> str:
        """`Triage, read-only, done after 0.8 s`."""
        return ", ".join(part for part in (self.section, "read-only" if self.read_only else "", self.result) if part)


def step_lines(timeline: Timeline) -> tuple[StepLine, ...]:
    """Blocks and commands in the order in which they ended."""
    ended: list[e.StepFinished | e.ActionTaken] = [*timeline.all(e.StepFinished), *timeline.all(e.ActionTaken)]
    return tuple(_step(event) for event in sorted(ended, key=e.moment))


def _step(event: e.StepFinished | e.ActionTaken) -> StepLine:
    if isinstance(event, e.StepFinished):
        name, section, ok, reason = event.step, one_line(event.section), event.ok, one_line(event.reason)
    else:
        name, section, ok, reason = "command", "", event.exit_status == 0, ""
    status = f", exit status {event.exit_status}" if event.exit_status is not None and not ok else ""
    return StepLine(
        moment=Moment(event.t, event.at),
        name=one_line(name),
        section=section,
        command=clean(event.command),
        read_only=event.read_only,
        ok=ok,
        result=f"{'done' if ok else 'failed'} after {humane(event.seconds)}{status}{f': {reason}' if reason else ''}",
        output=clean(event.output),
    )


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message that was sent. `next_due` is when the next one was promised."""

    moment: Moment
    audience: str
    status: str
    message: str
    next_due: Moment | None


def message_lines(timeline: Timeline) -> tuple[MessageLine, ...]:
    return tuple(
        MessageLine(
            moment=Moment(event.t, event.at),
            audience=event.audience.value,
            status=event.status.value,
            message=clean(event.message),
            next_due=None if event.next_due is None else moment_at(timeline, event.next_due),
        )
        for event in timeline.all(e.UpdatePosted)
    )


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """A line of the playbook's triage. `ticked` is when it was done, by a tick or by its milestone.

    `verdict` is the scorecard's; None for a step that it does not judge.
    """

    step: str
    by: str
    ticked: Moment | None
    after: str
    verdict: Verdict | None
    points: str
    source: str


def checklist(timeline: Timeline, card: Scorecard) -> tuple[ChecklistLine, ...]:
    """The triage steps for this incident's level; empty when none was ticked, nor judged."""
    detected = card.milestones.get(Milestone.DETECTED)
    level = card.severity.true_level or card.severity.declared
    ticks = {event.step: event.t for event in reversed(timeline.all(e.StepChecked))}
    lines = tuple(
        _tick(timeline, card, step, ticks.get(index), detected)
        for index, step in enumerate(timeline.start.playbook.triage)
        if not step.levels or level in step.levels
    )
    shown = any(line.ticked or line.verdict in (Verdict.MET, Verdict.MISSED) for line in lines)
    return lines if shown else ()


def _tick(
    timeline: Timeline, card: Scorecard, step: TriageStep, ticked: float | None, detected: float | None
) -> ChecklistLine:
    reached = card.milestones.get(step.milestone) if step.milestone is not None else None
    done = min((t for t in (ticked, reached) if t is not None), default=None)
    row = _judged(card, step)
    return ChecklistLine(
        step=one_line(step.step),
        by="" if step.by is None else humane(step.by),
        ticked=None if done is None else moment_at(timeline, done),
        after="" if done is None or detected is None else f"{humane(max(0.0, done - detected))} after detection",
        verdict=None if row is None else row.verdict,
        points=earned(row) if row is not None and row.topic is Topic.TRIAGE else "",
        source=one_line(step.source),
    )


def _judged(card: Scorecard, step: TriageStep) -> Row | None:
    """The step's own row, or the row of the milestone that it stands for."""
    own = [row for row in rows_of(card, Topic.TRIAGE) if row.label == f"Triage: {step.step}"]
    same = [
        row for row in rows_of(card, Topic.MILESTONE) if row.milestone is step.milestone and row.basis is Basis.PLAYBOOK
    ]
    return next(iter([*own, *same]), None)


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A line of the declared level's actions, or of a phase's checklist; `of` names the level or the phase."""

    of: str
    text: str
    ticked: Moment | None
    after: str


def task_lines(timeline: Timeline, card: Scorecard) -> tuple[TaskLine, ...]:
    """What the declared level asked for; empty when no level was declared."""
    declared = timeline.last(e.SeverityDeclared)
    if declared is None:
        return ()
    detected = card.milestones.get(Milestone.DETECTED)
    lines = []
    for task in tasks_of(timeline.start.playbook, declared.level):
        done = min((tick.t for tick in timeline.all(e.TaskChecked) if task.is_ticked_by(tick)), default=None)
        lines.append(
            TaskLine(
                of=one_line(task.of),
                text=one_line(task.text),
                ticked=None if done is None else moment_at(timeline, done),
                after=""
                if done is None or detected is None
                else f"{humane(max(0.0, done - detected))} after detection",
            )
        )
    return tuple(lines)


def roles_played(timeline: Timeline) -> tuple[str, ...]:
    """Who was on call, and whether who commanded kept out of repairing where the playbook wants that."""
    start = timeline.start
    said = [f"On call ({one_line(each.rotation)}): {one_line(each.who)}" for each in start.on_call]
    changes = [event for event in timeline.all(e.ActionTaken) if not event.read_only]
    if start.playbook.commander_may_repair or not changes or timeline.first(e.CommanderNamed) is None:
        return tuple(said)
    typed = typed_by_commander(timeline)
    if typed:
        said.append(f"The commander typed {len(typed)} commands; the playbook wants the commander to keep out of them")
    elif any(not event.who for event in changes):
        said.append("Who typed the commands is not known (DRILLS_AS was not set); the commander should not have")
    else:
        said.append("The commander typed no command, as the playbook wants it")
    return tuple(said)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, on what grounds."""

    moment: Moment
    choice: str
    grounds: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the playbook's decision rules; the first that holds gives the choice."""

    when: str
    decide: str
    why: str
    source: str


def decisions(timeline: Timeline) -> tuple[Decision, ...]:
    found = []
    for event in timeline.all(e.Decided):
        estimate = (
            "no estimate of a fix" if event.fix_minutes is None else f"a fix would take {event.fix_minutes:g} min"
        )
        grounds = f"cause {'known' if event.cause_known else 'not known'}, {estimate}"
        found.append(Decision(Moment(event.t, event.at), event.choice.value, grounds, one_line(event.reason)))
    return tuple(found)


def decision_rules(timeline: Timeline) -> tuple[Rule, ...]:
    return tuple(
        Rule(rule.when, rule.decide.value, one_line(rule.why), one_line(rule.source))
        for rule in timeline.start.playbook.decisions
    )

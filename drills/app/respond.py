"""What a person does in an incident: acknowledge, declare, name, inform, decide, close.

Every act is stored at once as an event of the drill's timeline. The scenario's truth cannot be read from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drills.app.access import Act, require
from drills.app.situations import of_drill, running_drill
from drills.clock import Clock
from drills.errors import BadInput
from drills.masking.masking import mask
from drills.model.acknowledging import unacknowledged
from drills.model.events import (
    Acknowledged,
    AlertFired,
    AllClear,
    CauseNamed,
    CommanderNamed,
    Decided,
    Escalated,
    Event,
    HintTaken,
    NoteTaken,
    SeverityDeclared,
    StepChecked,
    TaskChecked,
)
from drills.model.level_tasks import Task, tasks_of
from drills.model.playbook import Audience, Choice, MessageStatus, Milestone, TriageStep
from drills.model.timeline import Timeline
from drills.model.visible import visible_line
from drills.nearest import nearest
from drills.responders.briefing import briefing
from drills.responders.level_brief import declared_brief, what_follows, who
from drills.responders.plain_text import plain
from drills.responders.updates import incident_level, update
from drills.store.records import DrillRecord
from drills.store.store import Store

if TYPE_CHECKING:
    from drills.app.context import Context


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an act: in words, and as the events that were stored; none when nothing changed."""

    text: str
    events: tuple[Event, ...] = ()


@contextmanager
def responding(context: Context) -> Iterator[Desk]:
    """The desk of the current incident, for the block.

    Raises BadInput when there is no incident, NotAllowed for a caller who may not respond to it.
    """
    from drills.sandbox.known_secrets import KnownSecrets
    from drills.workspace.sandbox import open_sandbox

    with context.store() as store:
        record = _incident(context, store, Act.RESPOND)
        yield Desk(store, record, context.clock, lambda: KnownSecrets(open_sandbox(context.workspace))())


def incident_status(context: Context) -> str:
    """The incident as responders know it now. Raises as `responding` does."""
    with context.store() as store:
        record = _incident(context, store, Act.FOLLOW_RESPONSE)
        return Desk(store, record, context.clock).status()


def _incident(context: Context, store: Store, act: Act) -> DrillRecord:
    record = running_drill(store, context.workspace.config.sandbox.name)
    if record is None or not record.runner.alive():
        raise BadInput("no incident is going on; start one with `drills practice`")
    require(context.caller, act, of_drill(record))
    return record


class Desk:
    """Writes a person's part of one running drill's timeline.

    Secrets that `secrets` knows, and what looks like one, are masked in stored text. Methods raise
    BadInput, with a correction, for input that makes no sense; nothing is stored then.
    """

    def __init__(
        self, store: Store, record: DrillRecord, clock: Clock, secrets: Callable[[], Iterable[str]] = tuple
    ) -> None:
        self._store = store
        self._record = record
        self._clock = clock
        self._secrets = secrets

    def acknowledge(self, which: str | None = None) -> Answer:
        """Acknowledge each alert that is not acknowledged yet, or only the one of that id or key.

        Alerts that are acknowledged already stay as they are. Raises BadInput while no alert has fired.
        """
        timeline = self._timeline()
        fired = timeline.all(AlertFired)
        if not fired:
            raise BadInput("nothing to acknowledge yet: no alert has fired")
        if which is not None:
            known = [alert.alert_id for alert in fired]
            keys = [alert.key for alert in fired if alert.key not in known]
            name = _one_of(which, [*known, *dict.fromkeys(keys)], "alert")
            fired = tuple(alert for alert in fired if name in (alert.alert_id, alert.key))
        open_ = {alert.alert_id for alert in unacknowledged(timeline)}
        taken = [alert for alert in fired if alert.alert_id in open_]
        if not taken:
            return Answer("already acknowledged: " + ", ".join(alert.alert_id for alert in fired))
        said = "\n".join(visible_line(f"acknowledged {alert.alert_id}: {alert.title}") for alert in taken)
        return self._said(said, Acknowledged(**self._now(), alerts=tuple(alert.alert_id for alert in taken)))

    def declare_severity(self, level: str, reason: str) -> Answer:
        names = [each.name for each in self._timeline().start.playbook.levels]
        name = _one_of(level, names, "level")
        declared = SeverityDeclared(**self._now(), level=name, reason=self._kept(reason, "--because"))
        self._append(declared)
        return Answer("\n".join([f"{name} declared", *declared_brief(self._timeline(), name)]), (declared,))

    def name_commander(self, who: str) -> Answer:
        who = self._without_secrets(who, "command")
        playbook = self._timeline().start.playbook
        duties = [visible_line(duty.says) for duty in playbook.commander_duties]
        if not playbook.commander_may_repair:
            duties.append(f"{who} does not type commands of the sandbox: whoever does says so by DRILLS_AS=NAME")
        return self._said("\n  ".join([f"{who} commands", *duties]), CommanderNamed(**self._now(), commander=who))

    def post_update(self, text: str, status: str, *, status_page: bool, users: bool) -> Answer:
        """Post a message to the team, and to the status page or the users when asked; the text is the messages."""
        text = self._without_secrets(text, "update")
        known = self._timeline().start.playbook.statuses or tuple(MessageStatus)
        wanted = MessageStatus(_one_of(status, [each.value for each in known], "status"))
        audiences = [Audience.TEAM]
        audiences += [Audience.STATUS_PAGE] if status_page else []
        audiences += [Audience.USERS] if users else []
        posted = []
        for audience in audiences:
            event = update(self._timeline(), text, wanted, audience, **self._now())
            self._append(event)
            posted.append(event)
        return Answer("\n\n".join(event.message for event in posted), tuple(posted))

    def take_note(self, text: str) -> Answer:
        return self._said("noted", NoteTaken(**self._now(), text=self._without_secrets(text, "note")))

    def check(self, *items: str) -> Answer:
        """Tick lines: of the triage list by number, of the level's actions as `a1`, of its phases' checklists as `p1`.

        A line that another command does is not ticked. Raises BadInput for a line that there is not; then nothing is
        ticked.
        """
        timeline = self._timeline()
        playbook = timeline.start.playbook
        tasks = {task.name: task for task in tasks_of(playbook, incident_level(timeline))}
        lines = [tasks.get(item.lower()) or _step_index(item, playbook.triage, tasks) for item in items]
        done = {event.step for event in timeline.all(StepChecked)}
        ticks = timeline.all(TaskChecked)
        said: list[str] = []
        events: list[Event] = []
        for line in dict.fromkeys(lines):
            if isinstance(line, Task):
                text, is_done = line.text, any(line.is_ticked_by(tick) for tick in ticks)
                event: Event = TaskChecked(**self._now(), list=line.list, of=line.of, index=line.index, text=text)
            else:
                step = playbook.triage[line]
                text, is_done = step.step, line in done
                event = StepChecked(**self._now(), step=line, text=text)
                if step.milestone is not None:
                    said.append(f"{text}: {_DONE_BY.get(step.milestone, 'this is measured')}, not by a tick")
                    continue
            said.append(f"already ticked: {text}" if is_done else f"☑ {text}")
            if not is_done:
                self._append(event)
                events.append(event)
        return Answer("\n".join(said), tuple(events))

    def decide(self, choice: str, *, cause_known: bool, fix_minutes: float | None, because: str) -> Answer:
        if fix_minutes is not None and not 0 <= fix_minutes < float("inf"):
            raise BadInput(f"--fix-minutes {fix_minutes:g}: write how many minutes, such as 20")
        decided = Choice(_one_of(choice, [each.value for each in Choice], "choice"))
        because = self._kept(because, "--because")
        event = Decided(**self._now(), choice=decided, cause_known=cause_known, fix_minutes=fix_minutes, reason=because)
        return self._said(f"decided: {decided.value}", event)

    def name_cause(self, cause: str) -> Answer:
        truth = self._timeline().start.scenario.truth
        name = (
            _one_of(cause, sorted(truth.among) if truth else (), "cause")
            if truth
            else self._without_secrets(cause, "cause")
        )
        return self._said(f"cause named: {name}", CauseNamed(**self._now(), cause=name))

    def escalate(self, to: str | None, because: str) -> Answer:
        """Bring in a rung of the ladder; without a name the incident's first that was not brought in yet."""
        timeline = self._timeline()
        rungs = timeline.start.playbook.escalation
        if not rungs:
            raise BadInput("this playbook has no escalation ladder")
        done = {event.rung for event in timeline.all(Escalated) if not event.due}
        if to is None:
            level = incident_level(timeline)
            remaining = [rung for rung in rungs if rung.name not in done and level in (rung.levels or (level,))]
            if not remaining:
                return Answer("everybody on the ladder has been brought in")
            rung = remaining[0]
        else:
            name = _one_of(to, [rung.name for rung in rungs], "rung")
            rung = next(each for each in rungs if each.name == name)
        reason = self._kept(because, "--because")
        escalated = Escalated(**self._now(), rung=rung.name, contact=rung.contact, reason=reason)
        return self._said(f"escalated to {rung.name}: {who(timeline.start, rung.contact)}", escalated)

    def take_hint(self) -> Answer:
        timeline = self._timeline()
        hints = timeline.start.scenario.hints
        taken = len(timeline.all(HintTaken))
        if taken >= len(hints):
            return Answer("there are no more hints")
        said = f"hint {taken + 1} of {len(hints)}: {hints[taken]}"
        return self._said(said, HintTaken(**self._now(), index=taken, text=hints[taken]))

    def all_clear(self, text: str) -> Answer:
        """Declare the incident over, and post the playbook's all-clear message to the team."""
        now, text = self._now(), self._kept(text, "all-clear")
        message = update(self._timeline(), text or "All clear.", MessageStatus.RESOLVED, Audience.TEAM, **now)
        closed = AllClear(**now, text=text)
        self._append(closed)
        self._append(message)
        return Answer("\n".join([message.message, *what_follows(self._timeline(), now["at"])]), (closed, message))

    def status(self) -> str:
        """The incident as responders know it now."""
        return briefing(self._timeline(), self._record.t(self._clock))

    def _kept(self, text: str, what: str) -> str:
        """The text as it can be stored and shown, without secrets. Raises BadInput when it is too long."""
        return mask(plain(text, what), self._secrets())

    def _without_secrets(self, text: str, what: str) -> str:
        """The same. Raises BadInput when nothing is said."""
        kept = self._kept(text, what)
        if not kept:
            raise BadInput(f"{what}: the text is empty; write a few words")
        return kept

    def _timeline(self) -> Timeline:
        return self._store.timeline(self._record.drill_id)

    def _now(self) -> dict[str, Any]:
        return {"t": round(self._record.t(self._clock), 4), "at": self._clock.now()}

    def _said(self, text: str, event: Event) -> Answer:
        self._append(event)
        return Answer(text, (event,))

    def _append(self, event: Event) -> None:
        self._store.append(self._record.drill_id, event)


#: What does a line of the triage list that stands for a milestone.
_DONE_BY: Mapping[Milestone, str] = {
    Milestone.ACKNOWLEDGED: "done by `drills respond ack`",
    Milestone.SEVERITY_DECLARED: "done by `drills respond severity LEVEL`",
    Milestone.COMMANDER_NAMED: "done by `drills respond command WHO`",
    Milestone.FIRST_UPDATE: "done by `drills respond update TEXT`",
    Milestone.STATUS_PAGE: "done by `drills respond update TEXT --status-page`",
    Milestone.CAUSE_NAMED: "done by `drills respond cause NAME`",
    Milestone.ALL_CLEAR: "done by `drills respond all-clear`",
}


def _step_index(item: str, steps: Sequence[TriageStep], tasks: Iterable[str]) -> int:
    number = int(item) if item.isdecimal() and len(item) < 6 else 0
    if not 1 <= number <= len(steps):
        others = ", ".join(tasks)
        also = f"; the level's other lines are {others}" if others else ""
        raise BadInput(f"there is no step {plain(item, 'check')}; the triage list has {len(steps)}{also}")
    return number - 1


def _one_of(given: str, known: Iterable[str], what: str) -> str:
    names, given = list(known), plain(given, what)
    for name in names:
        if name.lower() == given.lower():
            return name
    near = nearest(given, names)
    hint = f"did you mean {near}? " if near else ""
    raise BadInput(f"there is no {what} {given!r}; {hint}known: {', '.join(names)}")

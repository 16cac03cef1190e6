"""A responder's desk: what a person may see and say during a drill, from any terminal.

Each thing said is an event, durable at once. Nothing of the scenario's truth is within reach of what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from drills.clock import Clock
from drills.errors import BadInput
from drills.masking.masking import mask
from drills.model.events import (
    Acknowledged,
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
)
from drills.model.playbook import Audience, Choice, MessageStatus
from drills.model.timeline import Timeline
from drills.nearest import nearest
from drills.responders.briefing import briefing
from drills.responders.plain_text import plain
from drills.responders.updates import incident_level, update
from drills.store.records import DrillRecord
from drills.store.store import Store


class Desk:
    """Writes a person's part of one running drill's timeline. Each method returns a line or more to print.

    What is said is kept without the secrets that `secrets` knows, and without what looks like one.
    """

    def __init__(
        self, store: Store, record: DrillRecord, clock: Clock, secrets: Callable[[], Iterable[str]] = tuple
    ) -> None:
        self._store = store
        self._record = record
        self._clock = clock
        self._secrets = secrets

    def acknowledge(self) -> str:
        """Acknowledge; a second time changes nothing."""
        if self._timeline().first(Acknowledged) is not None:
            return "already acknowledged"
        self._append(Acknowledged(**self._now()))
        return "acknowledged"

    def declare_severity(self, level: str, reason: str) -> str:
        names = [each.name for each in self._timeline().start.playbook.levels]
        name = _one_of(level, names, "level")
        self._append(SeverityDeclared(**self._now(), level=name, reason=self._kept(reason, "--because")))
        return f"{name} declared"

    def name_commander(self, who: str) -> str:
        who = self._told(who, "command")
        self._append(CommanderNamed(**self._now(), commander=who))
        return f"{who} commands"

    def post_update(self, text: str, status: str, *, status_page: bool, users: bool) -> str:
        """Post a message to the team, and to the status page or the users when asked; returns the messages."""
        text = self._told(text, "update")
        wanted = MessageStatus(_one_of(status, [each.value for each in MessageStatus], "status"))
        audiences = [Audience.TEAM]
        audiences += [Audience.STATUS_PAGE] if status_page else []
        audiences += [Audience.USERS] if users else []
        messages = []
        for audience in audiences:
            event = update(self._timeline(), text, wanted, audience, **self._now())
            self._append(event)
            messages.append(event.message)
        return "\n\n".join(messages)

    def take_note(self, text: str) -> str:
        self._append(NoteTaken(**self._now(), text=self._told(text, "note")))
        return "noted"

    def check_step(self, number: int) -> str:
        timeline = self._timeline()
        steps = timeline.start.playbook.triage
        if not 1 <= number <= len(steps):
            raise BadInput(f"there is no step {number}; the triage list has {len(steps)}")
        if any(event.step == number - 1 for event in timeline.all(StepChecked)):
            return f"already ticked: {steps[number - 1].step}"
        self._append(StepChecked(**self._now(), step=number - 1, text=steps[number - 1].step))
        return f"☑ {steps[number - 1].step}"

    def decide(self, choice: str, *, cause_known: bool, fix_minutes: float | None, because: str) -> str:
        if fix_minutes is not None and not 0 <= fix_minutes < float("inf"):
            raise BadInput(f"--fix-minutes {fix_minutes:g}: write how many minutes, such as 20")
        decided = Choice(_one_of(choice, [each.value for each in Choice], "choice"))
        because = self._kept(because, "--because")
        self._append(
            Decided(**self._now(), choice=decided, cause_known=cause_known, fix_minutes=fix_minutes, reason=because)
        )
        return f"decided: {decided.value}"

    def name_cause(self, cause: str) -> str:
        truth = self._timeline().start.scenario.truth
        name = _one_of(cause, truth.among if truth else (), "cause") if truth else self._told(cause, "cause")
        self._append(CauseNamed(**self._now(), cause=name))
        return f"cause named: {name}"

    def escalate(self, to: str | None, because: str) -> str:
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
                return "everybody on the ladder has been brought in"
            rung = remaining[0]
        else:
            name = _one_of(to, [rung.name for rung in rungs], "rung")
            rung = next(each for each in rungs if each.name == name)
        self._append(
            Escalated(**self._now(), rung=rung.name, contact=rung.contact, reason=self._kept(because, "--because"))
        )
        return f"escalated to {rung.name}: {rung.contact}"

    def take_hint(self) -> str:
        timeline = self._timeline()
        hints = timeline.start.scenario.hints
        taken = len(timeline.all(HintTaken))
        if taken >= len(hints):
            return "there are no more hints"
        self._append(HintTaken(**self._now(), index=taken, text=hints[taken]))
        return f"hint {taken + 1} of {len(hints)}: {hints[taken]}"

    def all_clear(self, text: str) -> str:
        """Declare it over, and tell the team with the playbook's all-clear message."""
        now, text = self._now(), self._kept(text, "all-clear")
        message = update(self._timeline(), text or "All clear.", MessageStatus.RESOLVED, Audience.TEAM, **now)
        self._append(AllClear(**now, text=text))
        self._append(message)
        return message.message

    def status(self) -> str:
        """The incident as responders know it now."""
        return briefing(self._timeline(), self._record.t(self._clock))

    def _kept(self, text: str, what: str) -> str:
        """The text as it can be stored and shown, without secrets. Raises BadInput when it is too long."""
        return mask(plain(text, what), self._secrets())

    def _told(self, text: str, what: str) -> str:
        """The same. Raises BadInput when nothing is said."""
        kept = self._kept(text, what)
        if not kept:
            raise BadInput(f"{what}: nothing is said; write a few words")
        return kept

    def _timeline(self) -> Timeline:
        return self._store.timeline(self._record.drill_id)

    def _now(self) -> dict[str, Any]:
        return {"t": round(self._record.t(self._clock), 4), "at": self._clock.now()}

    def _append(self, event: Event) -> None:
        self._store.append(self._record.drill_id, event)


def _one_of(given: str, known: Iterable[str], what: str) -> str:
    names, given = list(known), plain(given, what)
    for name in names:
        if name.lower() == given.lower():
            return name
    near = nearest(given, names)
    hint = f"did you mean {near}? " if near else ""
    raise BadInput(f"there is no {what} {given!r}; {hint}known: {', '.join(names)}")

"""What a severity asks of its responders: whom to call, where to talk, and the lists that are ticked.

The actions of the level are `a1`, `a2` …, the lines of its phases' checklists `p1`, `p2` …: these names tick them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from drills.model.business_time import due
from drills.model.durations import format_duration, humane
from drills.model.events import DrillStarted, Escalated, TaskChecked, TaskList
from drills.model.level_tasks import tasks_of
from drills.model.playbook import Level, Playbook, Rung
from drills.model.timeline import Timeline
from drills.model.visible import visible_line
from drills.responders.updates import incident_level


def who(start: DrillStarted, contact: str) -> str:
    """A contact with who is on call for it, and how to reach it, in words."""
    people = ", ".join(each.who for each in start.on_call if contact in each.contacts)
    reach = next((known.reach for known in start.playbook.contacts if known.name == contact), "")
    return f"{contact}{f', now {people}' if people else ''}{f' ({reach})' if reach else ''}"


def channel_name(channel: str, began: datetime) -> str:
    """The channel of an incident that began then: YYYY, MM and DD of a playbook's `#incident-YYYYMMDD` are its date."""
    if "YYYY" not in channel:
        return channel
    return channel.replace("YYYY", f"{began:%Y}").replace("MM", f"{began:%m}").replace("DD", f"{began:%d}")


def roles(start: DrillStarted, level: Level) -> Iterator[str]:
    """Whom the level wants called, where responders meet, and whom they tell how often."""
    urgency = f" with urgency {level.urgency}" if level.urgency is not None else ""
    if level.notify:
        yield f"Call{urgency}: " + "; ".join(who(start, contact) for contact in level.notify)
    if level.channel:
        yield f"Channel: {channel_name(level.channel, start.at)}"
    if level.status_page is not None:
        yield f"Status page: {level.status_page.stated}"
    if level.update_every is not None:
        every = level.update_every
        yield f"Updates: {every.says or f'every {humane(every.within)}' if every.within is not None else every.stated}"


def declared_brief(timeline: Timeline, level: str) -> list[str]:
    """What is shown when this level is declared."""
    playbook = timeline.start.playbook
    found = playbook.level(level)
    lines = [found.means, *roles(timeline.start, found)]
    lines += [f"Rule: {rule.says}" for rule in playbook.communication_rules]
    tasks = [f"  {line}" for line in task_lines(timeline, level, TaskList.ACTIONS)]
    if tasks:
        lines += ["To do, ticked by `drills respond check a1 a2`:", *tasks]
    return [visible_line(line) if not line.startswith("  ") else line for line in lines]


def task_lines(timeline: Timeline, level: str, wanted: TaskList) -> list[str]:
    """The tasks of one kind with their ticks; a phase's lines stand below its name and its deadline."""
    playbook = timeline.start.playbook
    ticks = timeline.all(TaskChecked)
    planned = {phase.name: format_duration(phase.by) for phase in playbook.phases if phase.by is not None}
    lines, of = [], ""
    for task in tasks_of(playbook, level):
        if task.list is not wanted:
            continue
        if task.of != of and wanted is TaskList.PHASES:
            by = f" (by {planned[task.of]})" if task.of in planned else ""
            lines.append(visible_line(f"{task.of}{by}"))
        of = task.of
        mark = "☑" if any(task.is_ticked_by(event) for event in ticks) else "☐"
        lines.append(f"{task.name:>4} {mark} {visible_line(task.text)}")
    return lines


def ladder_lines(timeline: Timeline, level: str) -> list[str]:
    """The rungs of the escalation ladder for this level, each with what became of it."""
    playbook = timeline.start.playbook
    called = {event.rung for event in timeline.all(Escalated) if not event.due}
    raised = {event.rung for event in timeline.all(Escalated) if event.due}
    lines = []
    for rung in playbook.escalation:
        if rung.levels and level not in rung.levels:
            continue
        state = "☑" if rung.name in called else "☐"
        due = "   DUE: `drills respond escalate`" if rung.name in raised - called else ""
        lines.append(f"  {state} {visible_line(f'{rung.name}: {who(timeline.start, rung.contact)}')}{_when(rung)}{due}")
    return lines


def _when(rung: Rung) -> str:
    if rung.after is None:
        return ""
    return f", {format_duration(rung.after)} after {str(rung.counted_from).replace('-', ' ')}"


def choice_of_levels(playbook: Playbook) -> list[str]:
    """The levels to choose from, each with the document's examples."""
    lines = []
    for level in playbook.levels:
        examples = f" (such as {'; '.join(level.examples)})" if level.examples else ""
        lines.append(visible_line(f"{level.name}: {level.means}{examples}"))
    return lines


def what_follows(timeline: Timeline, at: datetime) -> list[str]:
    """What the playbook wants after an incident that was closed at `at`: the post-mortem, who takes part, the tasks."""
    playbook = timeline.start.playbook
    limit = playbook.level(incident_level(timeline)).post_mortem
    lines = []
    if limit is not None:
        by = due(limit, at, playbook.business_time)
        since = f" of {str(limit.counted_from).replace('-', ' ')}" if limit.counted_from is not None else ""
        lines.append(f"Post-mortem: {limit.stated}{since}" + (f", by {by:%Y-%m-%d %H:%M %Z}" if by is not None else ""))
        attendees = [
            f"{each.contact}{f' ({each.when})' if each.when else ''}" for each in playbook.post_mortem_attendees
        ]
        lines += [f"Attended by: {', '.join(attendees)}"] if attendees else []
    for task in playbook.follow_ups:
        lines.append(f"Afterwards{f', within {humane(task.by)}' if task.by is not None else ''}: {task.task}")
    return [visible_line(line) for line in lines]

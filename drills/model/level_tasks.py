"""The lines of a playbook, besides triage, that are ticked: the actions of a level, the checklists of phases."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model.events import TaskChecked, TaskList
from drills.model.playbook import Playbook


@dataclass(frozen=True, slots=True)
class Task:
    """A line that can be ticked. `of` is the name of its level or phase, `index` its place there, from 0."""

    name: str
    list: TaskList
    of: str
    index: int
    text: str

    def is_ticked_by(self, event: TaskChecked) -> bool:
        return (event.list, event.of, event.index) == (self.list, self.of, self.index)


def tasks_of(playbook: Playbook, level: str) -> tuple[Task, ...]:
    """The actions of this level, then the checklists of the phases that are for it."""
    actions = [
        Task(f"a{index + 1}", TaskList.ACTIONS, level, index, text)
        for index, text in enumerate(playbook.level(level).actions)
    ]
    lines = [
        (phase.name, index, text)
        for phase in playbook.phases
        if not phase.levels or level in phase.levels
        for index, text in enumerate(phase.checklist)
    ]
    phases = [Task(f"p{number + 1}", TaskList.PHASES, *line) for number, line in enumerate(lines)]
    return (*actions, *phases)

"""A timeline as if its team had worked by another playbook."""

from __future__ import annotations

from collections.abc import Mapping

from drills.model.events import AlertChanged, AlertFired, DrillStarted, Event, SeverityDeclared
from drills.model.playbook import Playbook
from drills.model.timeline import Timeline


def levels_by_rank(ours: Playbook, theirs: Playbook) -> Mapping[str, str]:
    """Which level of `theirs` stands for each of `ours`: the one as severe, counted from the worst; else the least."""
    last = len(theirs.levels) - 1
    return {level.name: theirs.levels[min(rank, last)].name for rank, level in enumerate(ours.levels)}


def by_playbook(timeline: Timeline, playbook: Playbook) -> Timeline:
    """The timeline with that playbook's rules; levels that were declared and alerted are translated by their rank."""
    levels = levels_by_rank(timeline.start.playbook, playbook)

    def translated(event: Event) -> Event:
        if isinstance(event, DrillStarted):
            return event.model_copy(update={"playbook": playbook})
        if isinstance(event, SeverityDeclared | AlertFired | AlertChanged):
            return event.model_copy(update={"level": levels.get(event.level, event.level)})
        return event

    return Timeline(translated(event) for event in timeline)

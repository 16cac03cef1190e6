"""The level that holds at each moment of an incident: the worst one reached so far, a step function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from drills.impact.assessment import ImpactAssessment
from drills.model.durations import humane
from drills.model.playbook import Level
from drills.model.timeline import Timeline
from drills.scoring.measured import spells


@dataclass(frozen=True, slots=True)
class Held:
    """A level that was the one that held from `since` to `until` (t), and why."""

    level: Level
    rank: int
    since: float
    until: float
    why: str


def levels_held(part: Timeline, impact: ImpactAssessment, start: float, until: float) -> tuple[Held, ...]:
    """The levels of an incident whose part of the timeline this is, in their order: each worse than the one before.

    A level holds from the moment at which one of its thresholds has held for its `for`. The scenario's floor holds from
    the injection, and from `start`, the start of the incident, at least the least severe level.
    """
    playbook = part.start.playbook
    least = len(playbook.levels) - 1
    reached = [
        (
            spell.reached,
            spell.rank,
            _said(spell.threshold.when, spell.threshold.for_.total_seconds(), spell.threshold.source),
        )
        for spell in spells(part, impact)
    ]
    reached.append((start, least, "users are affected" if impact.first_impact is not None else "an incident is open"))
    truth = part.start.scenario.truth
    if truth is not None and truth.severity_floor is not None and impact.injected is not None:
        floor = truth.severity_floor
        reached.append((impact.injected, min(floor.rank, least), f"{floor.why} (the scenario's floor)"))
    found: list[Held] = []
    for since, rank, why in sorted(reached):
        if since <= until and (not found or rank < found[-1].rank):
            if found and found[-1].since == since:
                found.pop()
            found = [replace(held, until=min(held.until, since)) for held in found]
            found.append(Held(playbook.levels[rank], rank, since, until, why))
    return tuple(found)


def _said(when: str, seconds: float, source: str) -> str:
    held = f" for {humane(timedelta(seconds=seconds))}" if seconds else ""
    return f"{when} held{held} ({source})"


def until(levels: Iterable[Held], t: float) -> tuple[Held, ...]:
    """The levels that had begun to hold by `t`."""
    return tuple(replace(held, until=min(held.until, t)) for held in levels if held.since <= t)


def level_at(levels: Sequence[Held], t: float) -> Held | None:
    """The level that holds at `t`; None before the first one."""
    return next((held for held in reversed(levels) if held.since <= t), None)

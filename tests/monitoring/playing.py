"""Observations by hand: whoever plays them says what is observed and when."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from drills.alerting import AlertTransition
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation


class ByHand:
    """Runs no probe by itself; `asked` are those that were to be run at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def check_now(self, probe: str) -> None:
        self.asked.append(probe)

    async def run(self) -> None:
        await asyncio.Event().wait()


class Kept:
    """A sink that keeps what it is given, in its order."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.alerts: list[AlertTransition] = []
        self.absences: list[tuple[float, str]] = []

    def observed(self, observation: Observation) -> None:
        self.observations.append(observation)

    def alerted(self, transition: AlertTransition) -> None:
        self.alerts.append(transition)

    def was_away(self, seconds: float, reason: str) -> None:
        self.absences.append((seconds, reason))


def playbook(when: str = "health_failing", *, seconds: float = 0.0) -> Playbook:
    """Two levels; what is asked for, for so many seconds, is of the first."""
    return Playbook(
        name="test",
        title="Test",
        levels=tuple(Level(name=name, means=name, respond=Limit(says="x", source="x")) for name in ("SEV1", "SEV2")),
        thresholds=(Threshold(level="SEV1", when=when, for_=timedelta(seconds=seconds), source="test"),),
    )

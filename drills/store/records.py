"""What the store keeps about drills in addition to their events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.model.events import ResponderKind
from drills.model.scorecard import DrillResult, Scorecard
from drills.store.runner import Runner, boot_id


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """One drill. `origin` is the monotonic time (of the boot `boot_id`) at which its timeline's t is 0."""

    drill_id: str
    scenario: str
    sandbox: str
    responder: ResponderKind
    started_at: datetime
    origin: float
    boot_id: str
    runner_pid: int
    runner_started: float
    result: DrillResult
    blind: bool
    ended_at: datetime | None = None

    def t(self, clock: Clock) -> float:
        """Seconds since the drill began. Raises EnvironmentFailed when the machine was booted since."""
        if self.boot_id != boot_id():
            raise EnvironmentFailed(
                f"{self.drill_id}: began before this machine was started again, its clock is lost; "
                "`drills recover` stores it as aborted"
            )
        return clock.monotonic() - self.origin

    @property
    def runner(self) -> Runner:
        """The process that conducts it."""
        return Runner(self.runner_pid, self.runner_started, self.boot_id)


@dataclass(frozen=True, slots=True)
class StoredScorecard:
    """A scorecard as it was made, when and why."""

    made_at: datetime
    reason: str
    scorecard: Scorecard

"""One probe's state: up or down by k of n checks, or lost (not checked for too long)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from drills.model.probe import Observation, Outcome, Window

#: This many unknown checks in a row make the probe's state unknown; a single one is ignored.
UNKNOWNS_IN_A_ROW = 3


class Standing(StrEnum):
    """`undecided`: too few checks so far. `unknown`: several unknown checks, or none for some time."""

    UP = "up"
    DOWN = "down"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProbeState:
    """What is known about one probe. Times are `t`, in seconds.

    `decided` is the last verdict by k of n (none at first); `lost` says that it cannot be trusted now. `checks` are
    the checks since that verdict, true for a failed one; unknown checks are not among them. `degraded` says that the
    last checks found it slow, at a fallback, or down; `run` is how many checks in a row have said otherwise.
    """

    seen: float
    decided: Standing = Standing.UNDECIDED
    lost: bool = False
    checks: tuple[bool, ...] = ()
    unknowns: int = 0
    failed_at: float | None = None
    recovered_at: float | None = None
    reason: str = ""
    degraded: bool = False
    run: int = 0

    @property
    def is_failing(self) -> bool | None:
        """Whether it is down now; None while it is down and its last check passed, or nothing is known.

        Nothing is reached while it waits for a second check that passes.
        """
        if self.standing is Standing.DOWN:
            return None if self.checks[-1:] == (False,) else True
        return False if self.standing is Standing.UP else None

    @property
    def wavers(self) -> bool:
        """Whether it is still down or degraded, and its last check passed."""
        return not self.lost and (self.decided is Standing.DOWN or self.degraded) and self.is_degraded is None

    @property
    def is_degraded(self) -> bool | None:
        """Whether it is degraded or down now; None while its last check was well, or nothing is known."""
        if self.lost:
            return None
        if self.degraded and not self.is_failing:
            return None if self.run else True
        return self.is_failing

    @property
    def standing(self) -> Standing:
        """Up, down, undecided or unknown at present."""
        return Standing.UNKNOWN if self.lost else self.decided


def check(fail: Window, recover: Window, before: ProbeState | None, t: float, observation: Observation) -> ProbeState:
    """The probe's state after one more check. A degraded check counts as a passed one, an unknown one as neither.

    It is degraded after as many checks in a row that did not simply pass as make it fail, and no longer after as many
    that did as make it recover. A check that is still unanswered says that it is slow, and neither up nor down.
    """
    if before is None:
        before = ProbeState(seen=t)
    if observation.unanswered:  # Whether it is down is not known yet, only that it is slow.
        after = replace(before, seen=t, lost=False, unknowns=0)
    else:
        after = _up_or_down(fail, recover, before, t, observation)
    if observation.outcome is Outcome.UNKNOWN:
        return replace(after, degraded=before.degraded, run=before.run) if before.degraded or before.run else after
    if (observation.outcome is not Outcome.PASS) is before.degraded:
        degraded, run = before.degraded, 0
    else:
        run = before.run + 1
        changes = run >= (recover if before.degraded else fail).count
        degraded, run = (not before.degraded, 0) if changes else (before.degraded, run)
    if not degraded and not run:
        return after
    reason = after.reason
    if after.decided is not Standing.DOWN:
        reason = before.reason if observation.outcome is Outcome.PASS else observation.reason
    return replace(after, degraded=degraded, run=run, reason=reason)


def _up_or_down(fail: Window, recover: Window, before: ProbeState, t: float, observation: Observation) -> ProbeState:
    if observation.outcome is Outcome.UNKNOWN:
        unknowns = before.unknowns + 1
        lost = before.lost or unknowns >= UNKNOWNS_IN_A_ROW
        return ProbeState(
            t,
            before.decided,
            lost,
            () if lost else before.checks,
            unknowns,
            before.failed_at,
            before.recovered_at,
            observation.reason if lost else before.reason,
        )
    failed = observation.outcome is Outcome.FAIL
    decided = before.decided
    if not failed and decided is Standing.UP and not any(before.checks):
        return ProbeState(t, decided, False, (), 0, before.failed_at, before.recovered_at)
    checks = (*before.checks, failed)
    failed_at = t if failed else before.failed_at
    reason = observation.reason if failed else before.reason
    if decided is Standing.DOWN:
        checks = checks[-recover.of :]
        if checks.count(False) >= recover.count:
            return ProbeState(t, Standing.UP, False, (), 0, failed_at, t)
        return ProbeState(t, decided, False, checks, 0, failed_at, before.recovered_at, reason)
    checks = checks[-fail.of :]
    if checks.count(True) >= fail.count:
        return ProbeState(t, Standing.DOWN, False, (), 0, failed_at, before.recovered_at, reason)
    if decided is Standing.UNDECIDED and not failed:
        decided = Standing.UP
    return ProbeState(t, decided, False, checks, 0, failed_at, before.recovered_at, reason)


def is_undecided(fail: Window, state: ProbeState) -> bool:
    """Whether a failed check is among the last ones, and the next checks can still make it k of n."""
    if state.decided is Standing.DOWN or True not in state.checks:
        return False
    since_first_failure = len(state.checks) - state.checks.index(True)
    to_come = fail.of - since_first_failure
    return to_come > 0 and state.checks.count(True) + to_come >= fail.count

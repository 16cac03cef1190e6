"""The loop from observations to alerts. Alerting itself is pure; this passes it the time and the observations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from drills import alerting
from drills.alerting.attention import Attention
from drills.clock import Clock
from drills.model.durations import humane
from drills.model.probe import Observation, Outcome, ProbeSpec

#: How often, in seconds, time alone is considered (a `for` or a calm that has run out); evidence is judged at once.
TICK = 0.5


class Observer(Protocol):
    """Runs probes. `check_now` runs one at once; `run` goes on until it is cancelled, and calls `Monitor.see`."""

    def check_now(self, probe: str) -> None: ...

    async def run(self) -> None: ...


class Sink(Protocol):
    """Receives what a monitor says, in the order in which it says it.

    Its methods are called in the prober's event loop: they return at once and wait for no disk and no database.
    """

    def observed(self, observation: Observation) -> None:
        """One observation, before the alerts that follow from it."""
        ...

    def alerted(self, transition: alerting.AlertTransition) -> None:
        """An alert fired, changed, resolved, or was suppressed just now."""
        ...

    def was_away(self, seconds: float, reason: str) -> None:
        """The monitor itself did not run for that long; `observed` gets an *unknown* of each probe next."""
        ...


class Monitor:
    """Judges what probes observe by the rules and the clock that it is given, and reports to the sink.

    Time in which the monitor itself was away (its process stopped, its event loop stood still, its machine slept) is
    unknown: no `for`, calm or silence runs on, and a probe that waited meanwhile for its answer proves nothing.
    `state` is where an earlier monitor ended (`alerting.resumed`).
    """

    def __init__(
        self,
        rules: alerting.AlertRules,
        probes: Sequence[ProbeSpec],
        sink: Sink,
        clock: Clock,
        state: alerting.AlertState | None = None,
    ) -> None:
        self._rules = rules
        self._probes = tuple(probes)
        self._sink = sink
        self._clock = clock
        self._state = state or alerting.AlertState()
        self._attention = Attention(clock.monotonic(), clock.suspended())
        self._observer: Observer | None = None
        #: Set once probes can be asked for.
        self.started = asyncio.Event()

    async def run(self, observer: Observer) -> None:
        """Run the probes, judge what they observe and let time pass, until cancelled."""
        self._observer = observer
        # Before this nobody was to watch.
        self._attention = Attention(self._clock.monotonic(), self._clock.suspended())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(observer.run())
            tasks.create_task(self._let_time_pass())
            # A prober takes requests once its task has begun.
            await asyncio.sleep(0)
            self.started.set()

    def see(self, observation: Observation) -> None:
        """Judge one observation that was made just now."""
        t = self._present()
        if observation.started < self._attention.back_at:
            reason = "the monitor itself was away while this probe ran"
            observation = replace(observation, outcome=Outcome.UNKNOWN, reason=reason, phases={}, metrics={})
        self._sink.observed(observation)
        self._state, transitions = alerting.observe(self._rules, self._state, t, observation)
        self._report(transitions)
        # Evidence of one moment is judged together, so its result is reported once time has passed.
        self._judge_time(t)

    def check_now(self, probe: str) -> None:
        """Run a probe at once; nothing happens before `run`."""
        if self._observer is not None:
            self._observer.check_now(probe)

    def judge_by(self, rules: alerting.AlertRules) -> None:
        """Use other rules from now on; a probe that they do not have raises no alert."""
        self._rules = rules

    async def _let_time_pass(self) -> None:
        while True:
            await self._clock.sleep(TICK)
            self._judge_time(self._present())

    def _judge_time(self, t: float) -> None:
        self._state, transitions = alerting.tick(self._rules, self._state, t)
        self._report(transitions)

    def _report(self, transitions: Sequence[alerting.Transition]) -> None:
        for transition in transitions:
            if isinstance(transition, alerting.CheckAgain):
                self.check_now(transition.probe)
            else:
                self._sink.alerted(transition)

    def _present(self) -> float:
        """The time that counts for alerts, in seconds: only that in which this monitor ran."""
        t = self._clock.monotonic()
        if seconds := self._attention.away(t, self._clock.suspended()):
            reason = f"the monitor itself was away for {humane(seconds)}: what happened meanwhile is unknown"
            self._sink.was_away(seconds, reason)
            now = self._clock.now()
            for probe in self._probes:
                for vantage in probe.checked_from:
                    self._sink.observed(Observation(probe.name, now, t, Outcome.UNKNOWN, reason, vantage=vantage))
        return self._attention.watched(t)

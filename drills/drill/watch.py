"""Monitoring during a drill: probes look, the playbook's thresholds judge, alerts reach the timeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from drills import alerting
from drills.clock import Clock
from drills.drill.recorder import Recorder
from drills.model.events import AlertFired, ProbeObserved, ProbeUnusable
from drills.model.playbook import Playbook
from drills.model.probe import LOCAL, Observation, Outcome, ProbeSpec
from drills.probing.bind import BoundProbe, bind_all
from drills.probing.engine.prober import Prober
from drills.probing.remote.config import KnownProber

_PASSES = (Outcome.PASS, Outcome.DEGRADED)


class Watch:
    """Runs the probes and turns what they see into events of one drill."""

    def __init__(
        self,
        recorder: Recorder,
        playbook: Playbook,
        probes: Sequence[ProbeSpec],
        addresses: Mapping[str, str],
        clock: Clock,
        on_alert: Callable[[AlertFired], None],
        probers: Mapping[str, KnownProber] = MappingProxyType({}),
    ) -> None:
        self._recorder = recorder
        self._playbook = playbook
        self._judged = {spec.name: spec for spec in probes}
        self._rules = alerting.AlertRules.of(playbook, probes)
        self._state = alerting.AlertState()
        self._on_alert = on_alert
        bound = bind_all(probes, addresses, probers)
        self._prober = Prober(bound, self._see, clock=clock, unusable=self._leave_out)
        self.looking = asyncio.Event()
        self._places = {spec.name: [(spec.name, vantage) for vantage in spec.judged_from] for spec in probes}
        self._passing_since: dict[tuple[str, str], float] = {}
        self._last: dict[tuple[str, str], Observation] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._prober.run())
            tasks.create_task(self._tick())
            # The prober takes requests to look once its task has begun.
            await asyncio.sleep(0)
            self.looking.set()

    def look_now(self, probe: str) -> None:
        self._prober.look_now(probe)

    def last(self, probe: str) -> Observation | None:
        """The last observation of that probe; of one with several vantages, of one from which it does not pass."""
        looks = [self._last[place] for place in self._places[probe] if place in self._last]
        return min(looks, key=lambda look: look.outcome in _PASSES, default=None)

    def passing_since(self, probe: str) -> float | None:
        """t since which every look of that probe has passed; None while it fails or was never looked at."""
        since = [self._passing_since.get(place) for place in self._places[probe]]
        return None if None in since else max(t for t in since if t is not None)

    def _leave_out(self, probe: BoundProbe, reason: str) -> None:
        """What never looks says nothing about the sandbox: an alert on it would be taken for one of the fault's."""
        vantage = probe.vantage or LOCAL
        self._recorder.emit(ProbeUnusable(**self._recorder.now(), probe=probe.name, vantage=vantage, reason=reason))
        if vantage in probe.spec.judged_from and self._judged.pop(probe.name, None) is not None:
            self._rules = alerting.AlertRules.of(self._playbook, self._judged.values())

    def _see(self, observation: Observation) -> None:
        t = self._recorder.t
        place = (observation.probe, observation.vantage)
        self._last[place] = observation
        if observation.outcome in _PASSES:
            self._passing_since.setdefault(place, t)
        elif observation.outcome is Outcome.FAIL:
            self._passing_since.pop(place, None)
        self._recorder.defer(ProbeObserved.of(observation, t))
        if observation.probe in self._judged:
            self._state, transitions = alerting.observe(self._rules, self._state, t, observation)
            self._record(transitions)
        # Evidence of one moment is judged together, so what it amounts to is told by the passing of time.
        self._state, transitions = alerting.tick(self._rules, self._state, t)
        self._record(transitions)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._state, transitions = alerting.tick(self._rules, self._state, self._recorder.t)
            self._record(transitions)

    def _record(self, transitions: Sequence[alerting.Transition]) -> None:
        now = self._recorder.now()
        for transition in transitions:
            if isinstance(transition, alerting.LookAgain):
                self._prober.look_now(transition.probe)
            elif (event := alerting.event_of(transition, **now)) is not None:
                self._recorder.emit(event)
                if isinstance(event, AlertFired):
                    self._on_alert(event)

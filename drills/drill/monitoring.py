"""Monitoring during a drill: the Monitor's output goes on the timeline, and the course asks which probes pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from drills import alerting
from drills.clock import Clock
from drills.drill.recorder import Recorder
from drills.model.events import AlertFired, ProbeObserved, ProbeUnusable
from drills.model.playbook import Playbook
from drills.model.probe import LOCAL, Observation, Outcome, ProbeSpec
from drills.monitoring.monitor import Monitor
from drills.probing.bind import BoundProbe, bind_all
from drills.probing.engine.prober import Prober
from drills.probing.remote.config import KnownProber
from drills.sandbox.sandbox import Sandbox

_PASSES = (Outcome.PASS, Outcome.DEGRADED)


class DrillMonitoring:
    """The sink of a drill's monitor. The recorder stores the events in a thread of its own."""

    def __init__(
        self,
        recorder: Recorder,
        playbook: Playbook,
        probes: Sequence[ProbeSpec],
        addresses: Mapping[str, str],
        clock: Clock,
        on_alert: Callable[[AlertFired], None],
        probers: Mapping[str, KnownProber] = MappingProxyType({}),
        sandbox: Sandbox | None = None,
    ) -> None:
        self._recorder = recorder
        self._playbook = playbook
        self._judged = {spec.name: spec for spec in probes}
        self._on_alert = on_alert
        self.monitor = Monitor(alerting.AlertRules.of(playbook, probes), probes, self, clock)
        self._prober = Prober(
            bind_all(probes, addresses, probers),
            self.monitor.see,
            clock=clock,
            unusable=self._leave_out,
            sandbox=sandbox,
        )
        self._vantages = {spec.name: [(spec.name, vantage) for vantage in spec.judged_from] for spec in probes}
        self._passing_since: dict[tuple[str, str], float] = {}
        self._last: dict[tuple[str, str], Observation] = {}

    async def run(self) -> None:
        """Monitor until cancelled."""
        await self.monitor.run(self._prober)

    def last(self, probe: str) -> Observation | None:
        """The last observation of that probe; of one with several vantages, of one from which it does not pass."""
        seen = [self._last[key] for key in self._vantages[probe] if key in self._last]
        return min(seen, key=lambda observation: observation.outcome in _PASSES, default=None)

    def passing_since(self, probe: str) -> float | None:
        """t since which that probe has always passed, from each vantage; None while it fails or has not run yet."""
        since = [self._passing_since.get(key) for key in self._vantages[probe]]
        return None if None in since else max(t for t in since if t is not None)

    # ---- the monitor's sink ------------------------------------------------------------------------------------------

    def observed(self, observation: Observation) -> None:
        t = self._recorder.t
        key = (observation.probe, observation.vantage)
        if not observation.unanswered:
            self._last[key] = observation
            if observation.outcome in _PASSES:
                self._passing_since.setdefault(key, t)
            elif observation.outcome is Outcome.FAIL:
                self._passing_since.pop(key, None)
        self._recorder.defer(ProbeObserved.of(observation, t))

    def alerted(self, transition: alerting.AlertTransition) -> None:
        event = alerting.event_of(transition, **self._recorder.now())
        self._recorder.emit(event)
        if isinstance(event, AlertFired):
            self._on_alert(event)

    def was_away(self, seconds: float, reason: str) -> None:
        """The *unknown* observations say so on the timeline; one that was away for long is ended by its guard."""

    def _leave_out(self, probe: BoundProbe, reason: str) -> None:
        """A probe that cannot run says nothing about the sandbox: its alert would be taken for one of the fault's."""
        vantage = probe.vantage or LOCAL
        self._recorder.emit(ProbeUnusable(**self._recorder.now(), probe=probe.name, vantage=vantage, reason=reason))
        if vantage in probe.spec.judged_from and self._judged.pop(probe.name, None) is not None:
            self.monitor.judge_by(alerting.AlertRules.of(self._playbook, self._judged.values()))

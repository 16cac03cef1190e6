"""The prober's side of the service: observations are stored, judged, and become alerts."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from drills import alerting
from drills.alerting.attention import Attention
from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.json_log import Lines
from drills.model.durations import humane
from drills.model.playbook import Playbook
from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.store.alert_log import AlertKind, AlertLog, AlertRecord
from drills.store.store import Store

#: How often time alone is considered (a `for` or a calm that has run out); evidence is judged at once.
_TICK = 0.5
#: How long to wait before the store is tried again.
_PATIENCE = 1.0


class Monitoring:
    """Judges what probes saw. `see` is called by the prober and returns at once; `run` stores what was told.

    `look_now` is asked to look at a probe again at once. Alerts that were open when the last service ended are
    taken up again. Time in which the service itself was away (stopped, or the machine slept) is told in one line and
    stored as unknown; it makes no alert.
    """

    def __init__(
        self,
        playbook: Playbook,
        probes: Sequence[ProbeSpec],
        store: Store,
        sandbox: str,
        *,
        look_now: Callable[[str], None],
        lines: Lines,
        clock: Clock,
    ) -> None:
        self._rules = alerting.AlertRules.of(playbook, probes)
        self._store = store
        self._log = AlertLog(store)
        self._probes = tuple(probes)
        self._sandbox = sandbox
        self._look_now = look_now
        self._lines = lines
        self._clock = clock
        self._attention = Attention(clock.monotonic(), clock.suspended())
        self._unstored: deque[AlertRecord] = deque()
        self._more = asyncio.Event()
        self._storing = threading.Lock()
        self._state = self._taken_up()

    @property
    def state(self) -> alerting.AlertState:
        return self._state

    def see(self, observation: Observation) -> None:
        """Take in one observation, and tell at once what follows."""
        t = self._present()
        if observation.started < self._attention.back_at:
            # It has waited for its answer while nobody could take it.
            reason = "the watcher itself was away during this look"
            observation = replace(observation, outcome=Outcome.UNKNOWN, reason=reason, phases={}, metrics={})
        self._store.observe(observation)
        self._state, told = alerting.observe(self._rules, self._state, t, observation)
        self._tell(told)
        self._state, told = alerting.tick(self._rules, self._state, t)
        self._tell(told)

    async def run(self) -> None:
        """Let time pass, and store what was told, until cancelled; what is not stored yet is then stored."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._let_time_pass())
                tasks.create_task(self._keep_records())
        finally:
            try:
                self._store_all()
            except EnvironmentFailed as error:
                self._lines.say("alerts-not-stored", reason=str(error), alerts=len(self._unstored))

    async def _let_time_pass(self) -> None:
        while True:
            await self._clock.sleep(_TICK)
            self._state, told = alerting.tick(self._rules, self._state, self._present())
            self._tell(told)

    def _present(self) -> float:
        """The time that counts for alerts: only that in which this service watched."""
        t = self._clock.monotonic()
        if seconds := self._attention.away(t, self._clock.suspended()):
            reason = f"the watcher itself was away for {humane(seconds)}: what happened meanwhile is unknown"
            self._lines.say("away", seconds=round(seconds, 1), reason=reason)
            now = self._clock.now()
            for probe in self._probes:
                for vantage in probe.looked_from:
                    gap = Observation(probe.name, now, t, Outcome.UNKNOWN, reason, vantage=vantage)
                    self._store.observe(gap)
        return self._attention.watched(t)

    async def _keep_records(self) -> None:
        """Alerts go to the store in their order; what cannot be stored now is tried again, never dropped."""
        while True:
            self._more.clear()
            try:
                await asyncio.to_thread(self._store_all)
            except EnvironmentFailed as error:
                self._lines.say("alerts-not-stored", reason=str(error), alerts=len(self._unstored))
                await self._clock.sleep(_PATIENCE)
            else:
                await self._more.wait()

    def _store_all(self) -> None:
        """In a thread; one at a time, so that the end of the service neither doubles nor loses what is being stored."""
        with self._storing:
            if not self._unstored:
                return
            drill = self._store.running(self._sandbox)
            drill_id = drill.drill_id if drill is not None and drill.runner.alive() else None
            marked = [replace(record, drill_id=drill_id) for record in self._unstored]
            self._log.append(marked)
            for record in marked:
                self._unstored.popleft()
                self._say(record)

    def _keep(self, record: AlertRecord) -> None:
        self._unstored.append(record)
        self._more.set()

    def _say(self, record: AlertRecord) -> None:
        self._lines.say(
            f"alert-{record.kind}",
            at=record.at,
            alert=record.alert_id,
            key=record.key,
            level=record.level,
            title=record.title,
            reason=record.reason,
            probe=record.probe,
            drill=record.drill_id,
        )

    def _tell(self, told: Sequence[alerting.Transition]) -> None:
        for transition in told:
            if isinstance(transition, alerting.LookAgain):
                self._look_now(transition.probe)
            else:
                self._keep(self._record(transition))

    def _record(
        self, transition: alerting.Fired | alerting.Changed | alerting.Resolved | alerting.Suppressed
    ) -> AlertRecord:
        at = self._clock.now()
        match transition:
            case alerting.Fired(alert_id, key, level, title, reason, probe):
                return AlertRecord(self._sandbox, at, AlertKind.FIRED, alert_id, key, level, title, reason, probe)
            case alerting.Changed(alert_id, level, reason):
                return AlertRecord(self._sandbox, at, AlertKind.CHANGED, alert_id, _key(alert_id), level, "", reason)
            case alerting.Resolved(alert_id, reason):
                return AlertRecord(self._sandbox, at, AlertKind.RESOLVED, alert_id, _key(alert_id), "", "", reason)
            case alerting.Suppressed(key, because):
                return AlertRecord(self._sandbox, at, AlertKind.SUPPRESSED, "", key, "", "", f"{because} is down")

    def _taken_up(self) -> alerting.AlertState:
        """The state that an earlier service left: its open alerts go on, those that no rule knows any more end."""
        going_on: dict[str, tuple[str, str]] = {}
        for record in self._log.open(self._sandbox):
            if self._rules.knows(record.key) and record.level in self._rules.levels:
                going_on[record.key] = (record.alert_id, record.level)
            else:
                ended = alerting.Resolved(record.alert_id, "no threshold or probe speaks of this any more")
                self._keep(self._record(ended))
        numbers = {key: count for key, count in self._log.numbers(self._sandbox).items() if self._rules.knows(key)}
        return alerting.resumed(self._rules, self._clock.monotonic(), going_on, numbers)


def _key(alert_id: str) -> str:
    return alert_id.rpartition("#")[0]

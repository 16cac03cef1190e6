"""The sink of the service's monitor: stores observations and alerts, and writes alerts as log lines too."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import replace

from drills import alerting
from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.json_log import JsonLog
from drills.model.probe import Observation
from drills.store.alert_log import AlertKind, AlertLog, AlertRecord
from drills.store.store import Store
from drills.waiting import in_thread

#: How long, in seconds, to wait before the store is tried again.
_PATIENCE = 1.0


class StoredAlerts:
    """The sink of the service's monitor. Whatever takes the store is done in threads.

    `taken_up` comes first, `run` stores what is said from then on. What cannot be stored is tried again, in its order,
    never dropped.
    """

    def __init__(self, store: Store, sandbox: str, *, json_log: JsonLog, clock: Clock) -> None:
        self._store = store
        self._log = AlertLog(store)
        self._sandbox = sandbox
        self._json_log = json_log
        self._clock = clock
        self._unstored: deque[AlertRecord] = deque()
        self._more = asyncio.Event()
        self._storing = threading.Lock()

    def taken_up(self, rules: alerting.AlertRules) -> alerting.AlertState:
        """The state that an earlier service left: its open alerts go on, those that no rule knows any more end.

        Asks the store: to be called in a thread. Raises EnvironmentFailed when that cannot be read.
        """
        going_on: dict[alerting.AlertId, str] = {}
        for alert_id, record in self._log.open(self._sandbox).items():
            if rules.knows(record.key) and record.level in rules.levels:
                going_on[alert_id] = record.level
            else:
                ended = alerting.Resolved(alert_id, "no threshold or probe raises this alert any more")
                self._unstored.append(self._record(ended))
        numbers = {key: count for key, count in self._log.numbers(self._sandbox).items() if rules.knows(key)}
        return alerting.resumed(rules, self._clock.monotonic(), going_on, numbers)

    async def run(self) -> None:
        """Store what is said, until cancelled; what is not stored yet is then stored."""
        try:
            while True:
                self._more.clear()
                try:
                    await asyncio.to_thread(self._store_all)
                except EnvironmentFailed as error:
                    self._say_trouble(error)
                    await self._clock.sleep(_PATIENCE)
                else:
                    await self._more.wait()
        finally:
            try:
                await in_thread(self._store_all)
            except EnvironmentFailed as error:
                self._say_trouble(error)

    # ---- the monitor's sink ------------------------------------------------------------------------------------------

    def observed(self, observation: Observation) -> None:
        if not observation.unanswered:  # What becomes of the check is stored when it ends.
            self._store.observe(observation)

    def alerted(self, transition: alerting.AlertTransition) -> None:
        self._unstored.append(self._record(transition))
        self._more.set()

    def was_away(self, seconds: float, reason: str) -> None:
        self._json_log.say("away", seconds=round(seconds, 1), reason=reason)

    # ---- the store ---------------------------------------------------------------------------------------------------

    def _store_all(self) -> None:
        """One at a time, so that the end of the service neither doubles nor loses what is being stored."""
        with self._storing:
            waiting = tuple(self._unstored)
            if not waiting:
                return
            drill = self._store.running(self._sandbox)
            drill_id = drill.drill_id if drill is not None and drill.runner.alive() else None
            marked = [replace(record, drill_id=drill_id) for record in waiting]
            self._log.append(marked)
            for record in marked:
                self._unstored.popleft()
                self._say(record)

    def _say(self, record: AlertRecord) -> None:
        self._json_log.say(
            f"alert-{record.kind}",
            at=record.at,
            alert=str(record.alert_id or ""),
            key=record.key,
            level=record.level,
            title=record.title,
            reason=record.reason,
            probe=record.probe,
            besides=record.besides,
            drill=record.drill_id,
        )

    def _say_trouble(self, error: EnvironmentFailed) -> None:
        self._json_log.say("alerts-not-stored", reason=str(error), alerts=len(self._unstored))

    def _record(self, transition: alerting.AlertTransition) -> AlertRecord:
        at, sandbox = self._clock.now(), self._sandbox
        match transition:
            case alerting.Fired(alert_id, level, title, reason, probe, besides):
                key = alert_id.key
                return AlertRecord(sandbox, at, AlertKind.FIRED, alert_id, key, level, title, reason, probe, besides)
            case alerting.Changed(alert_id, level, reason):
                return AlertRecord(sandbox, at, AlertKind.CHANGED, alert_id, alert_id.key, level, "", reason)
            case alerting.Resolved(alert_id, reason):
                return AlertRecord(sandbox, at, AlertKind.RESOLVED, alert_id, alert_id.key, "", "", reason)
            case alerting.Suppressed(key, because):
                return AlertRecord(sandbox, at, AlertKind.SUPPRESSED, None, key, "", "", f"{because} is down")

"""Claims occurrences of the calendar in the store before their drills are begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drills.clock import Clock
from drills.json_log import JsonLog
from drills.model.responder_kind import answered_blind
from drills.schedule.occurrences import Occurrence, occurrences, says
from drills.store.occurrence_log import DueDrill, OccurrenceLog, OccurrenceState
from drills.store.store import Store
from drills.store.switch import KillSwitch
from drills.workspace.schedule import ScheduleEntry

#: After a long absence only this many missed occurrences are recorded, the latest ones.
_NOTED = 500


class Claims:
    """Claims what is due. All methods block on the store, and raise EnvironmentFailed when it fails."""

    def __init__(self, entries: Mapping[str, ScheduleEntry], store: Store, clock: Clock, json_log: JsonLog) -> None:
        self._entries = entries
        self._log = OccurrenceLog(store)
        self._switch = KillSwitch(store)
        self._clock = clock
        self._json_log = json_log

    def open(self) -> None:
        """Note new entries down: what they plan from now on is owed; forget those that left the schedule."""
        self._log.forget_all_but(self._entries)
        for key, entry in self._entries.items():
            self._log.known_since(key, says(entry))

    def claim_all(self) -> None:
        """Claim what came due, of every entry, since it was last checked."""
        for key in self._entries:
            self.claim(key)

    def claim(self, key: str) -> None:
        """Claim what has come due of one entry: the latest occurrence; the ones missed before it are noted."""
        entry = self._entries[key]
        since = self._log.known_since(key, says(entry))
        last = self._log.last_planned(key)
        if last is not None and last > since:
            since = last
        due = list(occurrences(entry, since, self._clock.now()))[-_NOTED:]
        if not due:
            return
        missed = [self._due(each, "missed; the next one of this entry replaces it") for each in due[:-1]]
        latest = self._due(due[-1], self._objection(key))
        if self._log.claim([*missed, latest]):
            for each in (*missed, latest):
                self.say(each)

    def say(self, due: DueDrill, what: str = "", pid: int | None = None) -> None:
        """One line about an occurrence: its state, or `what` happens to it.

        A person who is to respond may read these lines: they show neither which drill it is nor what it printed.
        """
        blind = answered_blind(due.responder)
        self._json_log.say(
            f"drill-{what or due.state}",
            drill=None if blind else due.drill,
            planned=due.planned.isoformat(timespec="seconds"),
            responder=due.responder,
            reason=None if blind and due.exit_status else due.reason,
            exit_status=due.exit_status,
            pid=pid,
        )

    def _objection(self, key: str) -> str:
        switch = self._switch.state()
        if switch.stopped:
            return f"stopped: {switch.why}" if switch.why else "stopped"
        for waiting in self._log.unfinished():
            if waiting.entry == key and waiting.state is OccurrenceState.CLAIMED:
                return f"the one planned at {waiting.planned:%Y-%m-%d %H:%M} UTC still waits for the sandbox"
        return ""

    def _due(self, occurrence: Occurrence, objection: str) -> DueDrill:
        due = DueDrill(occurrence.entry, occurrence.planned, occurrence.drill, occurrence.responder)
        return replace(due, state=OccurrenceState.SKIPPED, reason=objection) if objection else due

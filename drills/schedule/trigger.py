"""The calendar as an APScheduler trigger: it only decides when the scheduler wakes up for an entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apscheduler.triggers.base import BaseTrigger

from drills.schedule.occurrences import next_occurrence, says
from drills.workspace.schedule import ScheduleEntry


class EntryTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """Fires at each occurrence of one entry. Pickled as the entry's own data, not as code."""

    def __init__(self, entry: ScheduleEntry) -> None:
        self.entry = entry

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The occurrence after the previous one (also when it lies in the past: it was missed, not dropped)."""
        found = next_occurrence(self.entry, previous_fire_time or now)
        return found.planned if found else None

    def __getstate__(self) -> dict[str, Any]:
        return {"version": 1, "entry": self.entry.model_dump(mode="json", exclude_defaults=True, by_alias=True)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.entry = ScheduleEntry.model_validate(state["entry"])

    def __str__(self) -> str:
        return says(self.entry)

"""Uses APScheduler as the calendar's timer: it calls back when an entry is due, in its own thread.

Its jobs only wake the service; what is due, and whether it was begun already, comes from the calendar and the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from apscheduler.events import EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from drills.clock import Clock
from drills.schedule.occurrences import next_occurrence, says
from drills.schedule.trigger import EntryTrigger
from drills.store.store import Store
from drills.workspace.schedule import ScheduleEntry

#: How often the wall clock is compared with monotonic time, and by how many seconds it must have moved.
_CHECK = 5.0
_MOVED = 1.0
JOBS_TABLE = "calendar_jobs"


def entry_due(entry: str) -> str:
    """The job: names its entry to whoever listens. Stored by APScheduler under this module and name."""
    return entry


class Timetable:
    """One job for each entry of the schedule, stored beside the occurrences. `on_due` is called in another thread."""

    def __init__(
        self, entries: Mapping[str, ScheduleEntry], store: Store, clock: Clock, on_due: Callable[[str], None]
    ) -> None:
        self._entries = entries
        self._clock = clock
        self._on_due = on_due
        self._scheduler = BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(engine=store.database.engine, tablename=JOBS_TABLE)},
            executors={"default": ThreadPoolExecutor(1)},
            # The defaults drop a job that is a second late.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        self._scheduler.add_listener(self._on_executed, EVENT_JOB_EXECUTED)

    def start(self) -> None:
        """Keep the jobs of entries that are still there, drop the others, add new ones, and begin to wake."""
        self._scheduler.start(paused=True)
        for job in self._scheduler.get_jobs():
            if job.id not in self._entries:
                self._scheduler.remove_job(job.id)
        for key, entry in self._entries.items():
            if self._scheduler.get_job(key) is None and next_occurrence(entry, self._clock.now()) is not None:
                self._scheduler.add_job(entry_due, EntryTrigger(entry), args=[key], id=key, name=says(entry))
        self._scheduler.resume()

    def wake(self) -> None:
        """Consider now what is due."""
        self._scheduler.wakeup()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=True)

    def _on_executed(self, event: JobExecutionEvent) -> None:
        self._on_due(event.retval)


async def follow_wall_clock(clock: Clock, changed: Callable[[], None]) -> None:
    """Call `changed` when the wall clock has moved against monotonic time: it was set, or the machine slept."""

    def offset() -> float:
        return clock.now().timestamp() - clock.monotonic()

    known = offset()
    while True:
        await clock.sleep(_CHECK)
        if abs((present := offset()) - known) > _MOVED:
            known = present
            changed()

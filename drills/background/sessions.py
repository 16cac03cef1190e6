"""Opens database sessions, says so, and keeps them until they are ended.

It ends with its sessions, and by itself after `LONGEST_SECONDS`: terminating them is a remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Thread

from drills.background.job import SessionJob


def keep(job: SessionJob, say: Callable[[str], None]) -> None:
    """Open the sessions of the job, say READY, or why they cannot be had, and keep them."""
    # The drivers are imported in the child: no thread of theirs may exist before the fork.
    if job.database.startswith("mysql:"):
        from drills.background.mysql_sessions import keep as keep_mysql

        keep_mysql(job, say)
    else:
        from drills.background.postgres_sessions import keep as keep_postgres

        keep_postgres(job, say)


def until_one_ends(works: Sequence[Callable[[], None]], *, seconds: float) -> None:
    """Run all at the same time; returns when the first has ended, in whatever way, or after the given seconds.

    The others are left behind: the process is about to end.
    """
    over = Event()

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            over.set()

    for work in works:
        Thread(target=run, args=(work,), daemon=True).start()
    over.wait(seconds)

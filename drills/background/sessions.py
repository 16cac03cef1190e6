"""Opens database sessions, says so, and keeps them until they are ended.

It ends with its sessions, and by itself after `LONGEST_SECONDS`: terminating them is a remedy.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from drills.background.detach import READY
from drills.background.job import LONGEST_SECONDS, ConnectionsJob, LockJob

if TYPE_CHECKING:
    from psycopg import Connection

_LOCK_TIMEOUT_MS = 15_000
_WATCH_SECONDS = 0.2


#: SQL: how many connections ordinary roles could still open. `reserved_connections` came with PostgreSQL 16.
FREE_CONNECTIONS = (
    "current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true)::int, 0)"
    " - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
)


def keep(job: LockJob | ConnectionsJob, say: Callable[[str], None]) -> None:
    """Open the sessions of the job, say READY, or why they cannot be had, and keep them."""

    def ready() -> None:
        say(READY)

    # The drivers are imported in the child: no thread of theirs may exist before the fork.
    import psycopg

    try:
        if isinstance(job, LockJob):
            _keep_lock(job, ready)
        else:
            _keep_connections(job, ready)
    except psycopg.Error as error:
        # After `ready` nobody listens, and an ended session is how this program is meant to end.
        say(str(error).strip().splitlines()[0])


def _connect(job: LockJob | ConnectionsJob, *, autocommit: bool) -> Connection:
    import psycopg

    return psycopg.connect(job.database, application_name=job.application, autocommit=autocommit, connect_timeout=10)


def _keep_lock(job: LockJob, ready: Callable[[], None]) -> None:
    with _connect(job, autocommit=False) as connection:
        connection.execute(f"SET lock_timeout = {_LOCK_TIMEOUT_MS}")
        connection.execute(f"LOCK TABLE {job.table} IN {job.mode} MODE")
        ready()
        # The server sends nothing to an idle session but its end.
        select.select([connection.fileno()], [], [], LONGEST_SECONDS)


def _keep_connections(job: ConnectionsJob, ready: Callable[[], None]) -> None:
    first = _connect(job, autocommit=True)
    held = [first]
    if job.connections is None:
        held += _take_all(job, first)
    else:
        held += [_connect(job, autocommit=True) for _ in range(job.connections - 1)]
    ready()
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        ended, _, _ = select.select([connection.fileno() for connection in held], [], [], _WATCH_SECONDS)
        if ended:
            return
        if job.connections is None:
            held += [_connect(job, autocommit=True) for _ in range(_free(first))]


def _take_all(job: ConnectionsJob, first: Connection) -> list[Connection]:
    """Take every slot, end the app's sessions one by one taking the slot of each, give the reserved slots back.

    While even the reserved slots are taken, an ordinary role cannot win the race for a slot that becomes free.
    """
    held: list[Connection] = []
    while _open_one(job, held):
        pass
    victims = first.execute(
        "SELECT pid FROM pg_stat_activity JOIN pg_roles ON rolname = usename"
        " WHERE backend_type = 'client backend' AND NOT rolsuper AND application_name <> %s",
        (job.application,),
    ).fetchall()
    for (pid,) in victims:
        first.execute("SELECT pg_terminate_backend(%s)", (pid,))
        deadline = time.monotonic() + 2
        while not _open_one(job, held) and time.monotonic() < deadline:
            time.sleep(0.005)
    surplus = -_free(first)
    for connection in held[len(held) - max(surplus, 0) :]:
        connection.close()
    return [connection for connection in held if not connection.closed]


def _open_one(job: ConnectionsJob, held: list[Connection]) -> bool:
    import psycopg

    try:
        held.append(_connect(job, autocommit=True))
    except psycopg.OperationalError:
        return False
    return True


def _free(connection: Connection) -> int:
    ((free,),) = connection.execute(f"SELECT {FREE_CONNECTIONS}").fetchall()
    return int(free)

"""Sessions of MySQL and MariaDB: one that holds a lock, many that hold connections, some that run a statement.

MySQL's list of processes shows no name of an application, so each session runs a statement with the name in a comment:
`/* nightly-report */ SELECT SLEEP(…)`. That is how a responder finds it, and so does the undo.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pymysql

from drills.background.detach import READY
from drills.background.job import LONGEST_SECONDS, ConnectionsJob, LockJob, QueryJob, SessionJob
from drills.background.mysql_login import login_of
from drills.background.sessions import until_one_ends

_LOCK_TIMEOUT_SECONDS = 15
_WATCH_SECONDS = 0.2
_TAKING_SECONDS = 2.0
#: Names that servers of other makes or ages do not know: MariaDB's, then MySQL's.
_WITHOUT_LIMITS = ("SET SESSION max_statement_time = 0", "SET SESSION max_execution_time = 0")
#: The server has no connection left (ER_CON_COUNT_ERROR), or none for this user (ER_USER_LIMIT_REACHED, …).
NO_CONNECTION = frozenset({1040, 1203, 1226})

Connection = Any


def keep(job: SessionJob, say: Callable[[str], None]) -> None:
    """Open the sessions of the job, say READY, or why they cannot be had, and keep them."""

    def ready() -> None:
        say(READY)

    try:
        if isinstance(job, LockJob):
            _keep_lock(job, ready)
        elif isinstance(job, QueryJob):
            _keep_query(job, ready)
        else:
            _keep_connections(job, ready)
    except (pymysql.Error, OSError) as error:
        # After `ready` nobody listens, and an ended session is how this program is meant to end.
        say(str(error.args[-1] if error.args else error).strip().splitlines()[0])


def named(application: str, statement: str) -> str:
    """The statement as the list of processes shows whose it is."""
    return f"/* {application} */ {statement}"


def _connect(job: SessionJob) -> Connection:
    connection = pymysql.connect(**login_of(job.database), connect_timeout=10, autocommit=True)
    for statement in _WITHOUT_LIMITS:
        with suppress(pymysql.Error):
            _run(connection, statement)
    return connection


def _run(connection: Connection, statement: str) -> Sequence[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _sleep(job: SessionJob, connection: Connection) -> None:
    """Until the session is ended, or its statement is."""
    with suppress(pymysql.Error, OSError):
        _run(connection, named(job.application, f"SELECT SLEEP({LONGEST_SECONDS:.0f})"))


def _keep_lock(job: LockJob, ready: Callable[[], None]) -> None:
    connection = _connect(job)
    _run(connection, f"SET SESSION lock_wait_timeout = {_LOCK_TIMEOUT_SECONDS}")
    _run(connection, f"LOCK TABLES {job.table} {job.mode}")
    ready()
    _sleep(job, connection)


def _keep_query(job: QueryJob, ready: Callable[[], None]) -> None:
    held = [_connect(job) for _ in range(job.sessions)]
    deadline = time.monotonic() + LONGEST_SECONDS

    def go_on(connection: Connection) -> None:
        with suppress(pymysql.Error, OSError):
            _run(connection, "SET SESSION TRANSACTION READ ONLY")
            while time.monotonic() < deadline:
                _run(connection, named(job.application, job.statement))

    ready()
    until_one_ends([lambda each=each: go_on(each) for each in held], seconds=LONGEST_SECONDS)  # type: ignore[misc]


class _Held:
    """Connections that are kept, each by a thread; `over` when one of them was ended from outside."""

    def __init__(self, job: ConnectionsJob) -> None:
        self.job = job
        self.over = threading.Event()

    def open_one(self) -> bool:
        """Whether the server had one more for us."""
        try:
            connection = _connect(self.job)
        except pymysql.Error as error:
            if error.args and error.args[0] in NO_CONNECTION:
                return False
            raise
        threading.Thread(target=self._hold, args=(connection,), daemon=True).start()
        return True

    def _hold(self, connection: Connection) -> None:
        _sleep(self.job, connection)
        self.over.set()


def _keep_connections(job: ConnectionsJob, ready: Callable[[], None]) -> None:
    held = _Held(job)
    first = _connect(job)
    if job.connections is None:
        _take_all(held, first)
    else:
        for _ in range(job.connections):
            if not held.open_one():
                break
    ready()
    deadline = time.monotonic() + LONGEST_SECONDS
    if job.connections is not None:
        first.close()
        held.over.wait(LONGEST_SECONDS)
        return
    # The first one, which is ours by right before all are taken, is kept to take whatever is freed later.
    while time.monotonic() < deadline and not held.over.wait(_WATCH_SECONDS):
        held.open_one()


def _take_all(held: _Held, first: Connection) -> None:
    """Take every connection, then end the others' sessions one by one and take the connection of each."""
    while held.open_one():
        pass
    mine = named(held.job.application, "")
    others = _run(
        first,
        "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND command NOT IN"
        " ('Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL') AND user NOT IN"
        f" ('system user', 'event_scheduler') AND coalesce(info, '') NOT LIKE '{mine}%'",
    )
    for (session,) in others:
        with suppress(pymysql.Error):
            # One that is gone already, or another user's whom we may not end.
            _run(first, f"KILL {session}")
            deadline = time.monotonic() + _TAKING_SECONDS
            while not held.open_one() and time.monotonic() < deadline:
                time.sleep(0.005)

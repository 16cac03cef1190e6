"""The detached program behind `SessionFault`: opens sessions, says so, and keeps them until they are ended.

    python -m drills.faults.session_holder lock TABLE MODE
    python -m drills.faults.session_holder connections COUNT|all

It returns when the sessions are there (exit 0) or cannot be had (exit 1, one line); a child in the background
keeps them. The child ends with its sessions, and by itself after `LONGEST_SECONDS`.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from drills.faults.detached import LONGEST_SECONDS, READY, detach
from drills.faults.kinds.exhaust_connections import FREE_CONNECTIONS
from drills.faults.session_fault import APPLICATION, DATABASE

if TYPE_CHECKING:
    from psycopg import Connection

_LOCK_TIMEOUT_MS = 15_000
_WATCH_SECONDS = 0.2


def main(arguments: list[str]) -> int:
    """Open the sessions in a child process; wait until it says that they are there."""
    return detach(lambda say: _keep(arguments, say))


def _keep(arguments: list[str], say: Callable[[str], None]) -> None:
    def ready() -> None:
        say(READY)

    # The drivers are imported in the child: no thread of theirs may exist before the fork.
    import psycopg

    try:
        if arguments[0] == "lock":
            _keep_lock(arguments[1], arguments[2], ready)
        else:
            _keep_connections(None if arguments[1] == "all" else int(arguments[1]), ready)
    except psycopg.Error as error:
        # After `ready` nobody listens, and an ended session is how this program is meant to end.
        say(str(error).strip().splitlines()[0])


def _connect(*, autocommit: bool) -> Connection:
    import psycopg

    return psycopg.connect(
        os.environ[DATABASE], application_name=os.environ[APPLICATION], autocommit=autocommit, connect_timeout=10
    )


def _keep_lock(table: str, mode: str, ready: Callable[[], None]) -> None:
    with _connect(autocommit=False) as connection:
        connection.execute(f"SET lock_timeout = {_LOCK_TIMEOUT_MS}")
        connection.execute(f"LOCK TABLE {table} IN {mode} MODE")
        ready()
        # The server sends nothing to an idle session but its end.
        select.select([connection.fileno()], [], [], LONGEST_SECONDS)


def _keep_connections(count: int | None, ready: Callable[[], None]) -> None:
    first = _connect(autocommit=True)
    held = [first]
    if count is None:
        held += _take_all(first)
    else:
        held += [_connect(autocommit=True) for _ in range(count - 1)]
    ready()
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        ended, _, _ = select.select([connection.fileno() for connection in held], [], [], _WATCH_SECONDS)
        if ended:
            return
        if count is None:
            held += [_connect(autocommit=True) for _ in range(_free(first))]


def _take_all(first: Connection) -> list[Connection]:
    """Take every slot, end the app's sessions one by one taking the slot of each, give the reserved slots back.

    While even the reserved slots are taken, an ordinary role cannot win the race for a slot that becomes free.
    """
    held: list[Connection] = []
    while _open_one(held):
        pass
    victims = first.execute(
        "SELECT pid FROM pg_stat_activity JOIN pg_roles ON rolname = usename"
        " WHERE backend_type = 'client backend' AND NOT rolsuper AND application_name <> %s",
        (os.environ[APPLICATION],),
    ).fetchall()
    for (pid,) in victims:
        first.execute("SELECT pg_terminate_backend(%s)", (pid,))
        deadline = time.monotonic() + 2
        while not _open_one(held) and time.monotonic() < deadline:
            time.sleep(0.005)
    surplus = -_free(first)
    for connection in held[len(held) - max(surplus, 0) :]:
        connection.close()
    return [connection for connection in held if not connection.closed]


def _open_one(held: list[Connection]) -> bool:
    import psycopg

    try:
        held.append(_connect(autocommit=True))
    except psycopg.OperationalError:
        return False
    return True


def _free(connection: Connection) -> int:
    ((free,),) = connection.execute(f"SELECT {FREE_CONNECTIONS}").fetchall()
    return int(free)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

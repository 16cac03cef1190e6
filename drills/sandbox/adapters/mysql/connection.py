"""One statement on a MySQL or MariaDB server, with a deadline that holds also when the server is frozen."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from drills.background.mysql_login import login_of
from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.capabilities.database import Answer, TooManyConnections

CONNECT_SECONDS = 3.0
#: ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED.
NO_CONNECTION = frozenset({1040, 1203, 1226})
#: ER_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR: it answers, but not to us.
DENIED = frozenset({1044, 1045, 1049, 1698})


def query(url: str, statement: str, *, timeout: float) -> Answer:
    """Run one statement, committed at once; column names and rows (both empty when it returns none).

    Raises BadInput when the server refuses the statement, TooManyConnections when it takes nobody more, and
    EnvironmentFailed when it does not answer in time.
    """
    return run(url, [statement], timeout=timeout)


def run(url: str, statements: Sequence[str], *, timeout: float) -> Answer:
    """Several statements in one session; the answer of the last one. Raises as `query` does."""
    import pymysql  # only what asks a server of this kind needs it

    with _connected(url, timeout) as connection, connection.cursor() as cursor:
        try:
            for statement in statements:
                cursor.execute(statement)
        except pymysql.OperationalError as error:
            if error.args[0] < 2000:  # The server's own; those of the client library begin there.
                raise BadInput(f"the database refuses the statement: {said(error)}") from error
            raise
        except pymysql.Error as error:
            raise BadInput(f"the database refuses the statement: {said(error)}") from error
        if cursor.description is None:
            return (), ()
        return tuple(column[0] for column in cursor.description), [list(row) for row in cursor.fetchall()]


def silence(url: str, *, timeout: float) -> str | None:
    """Why the server does not answer; None when it does, also when it refuses the login.

    A whole login: after some that were begun and left, MySQL takes no more from where they came.
    """
    try:
        query(url, "SELECT 1", timeout=timeout)
    except EnvironmentFailed as error:
        code = error.__cause__.args[0] if error.__cause__ is not None and error.__cause__.args else None
        return None if code in DENIED else str(error)
    return None


def said(error: BaseException) -> str:
    """The words of an error of the library, as one line."""
    text = str(error.args[-1] if error.args else error).strip()
    return text.splitlines()[0] if text else type(error).__name__


@contextlib.contextmanager
def _connected(url: str, timeout: float) -> Iterator[Any]:
    import pymysql

    login = login_of(url)
    severed = threading.Event()
    try:
        with contextlib.closing(socket.create_connection((login["host"], login["port"]), CONNECT_SECONDS)) as line:
            line.settimeout(None)
            with _severed_after(line, timeout, severed):
                connection: Any = pymysql.connect(
                    **login, autocommit=True, defer_connect=True, init_command="SET time_zone = '+00:00'"
                )
                connection.connect(line)
                with contextlib.closing(connection):
                    yield connection
    except (pymysql.Error, OSError) as error:
        if severed.is_set():
            raise EnvironmentFailed(f"the database did not answer within {timeout:g} s") from error
        code = error.args[0] if error.args else None
        kind = TooManyConnections if code in NO_CONNECTION else EnvironmentFailed
        raise kind(f"the database does not answer: {said(error)}") from error


@contextlib.contextmanager
def _severed_after(line: socket.socket, seconds: float, severed: threading.Event) -> Iterator[None]:
    def sever() -> None:
        severed.set()
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, sever)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

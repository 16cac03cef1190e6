"""Straight to the database and the cache, around Toxiproxy; each call has a deadline, even when they hang."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.ports import HOST

CONNECT_SECONDS = 3
#: As which the database's log and its list of sessions name us: as an operator's, whether a responder asks or a fault.
_APPLICATION = "psql"


def query(url: str, statement: str, *, timeout: float) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Run one statement, autocommit; column names and rows (both empty when it returns none).

    Raises BadInput when the database refuses the statement, EnvironmentFailed when it does not answer in time.
    """
    with connected(url, timeout=timeout) as connection:
        cursor = connection.execute(statement.encode())
        if cursor.description is None:
            return (), ()
        return tuple(column.name for column in cursor.description), cursor.fetchall()


@contextlib.contextmanager
def asking(url: str, *, timeout: float) -> Iterator[Callable[[str], Sequence[Sequence[Any]]]]:
    """Several statements over one connection, autocommit: each gives its rows, or raises BadInput when it is refused.

    Raises EnvironmentFailed when they are not all answered in time.
    """
    with connected(url, timeout=timeout) as connection:

        def ask(statement: str) -> Sequence[Sequence[Any]]:
            try:
                cursor = connection.execute(statement.encode())
            except psycopg.OperationalError:
                raise
            except psycopg.Error as error:
                raise BadInput(f"the database refuses the statement: {first_line(error)}") from error
            return [] if cursor.description is None else cursor.fetchall()

        yield ask


@contextlib.contextmanager
def connected(url: str, *, timeout: float, autocommit: bool = True) -> Iterator[psycopg.Connection[Any]]:
    """A connection that is cut after a while; without autocommit, all that is done with it is one transaction.

    Raises BadInput when the database refuses a statement, EnvironmentFailed when it does not answer in time.
    """
    try:
        with (
            psycopg.connect(
                url, connect_timeout=CONNECT_SECONDS, autocommit=autocommit, application_name=_APPLICATION
            ) as connection,
            _severed_after(connection, timeout) as severed,
        ):
            try:
                yield connection
            except psycopg.OperationalError:
                if severed.is_set():
                    raise EnvironmentFailed(f"the database did not answer within {timeout:g} s") from None
                raise
    except psycopg.OperationalError as error:
        raise EnvironmentFailed(f"the database does not answer: {first_line(error)}") from error
    except psycopg.Error as error:
        raise BadInput(f"the database refuses the statement: {first_line(error)}") from error


def without_read_only(url: str) -> str:
    """The same database, with sessions that may write whatever its settings say: to restore these."""
    return f"{url}?options=-c%20default_transaction_read_only%3Doff"


def command(port: int, words: Sequence[str], *, timeout: float = 5.0) -> Any:
    """Run one Redis command on a port of this machine; raises as `command_at` does."""
    return command_at(f"redis://{HOST}:{port}/0", words, timeout=timeout)


def command_at(url: str, words: Sequence[str], *, timeout: float = 5.0) -> Any:
    """Run one Redis command. Raises BadInput when it is refused, EnvironmentFailed when there is no answer in time."""
    if not words:
        raise BadInput("redis: give a command, such as PING")
    import redis.backoff  # slow to load; the commands that ask the database do without it
    import redis.retry

    client: Any = redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=CONNECT_SECONDS,
        decode_responses=True,
        # A cache that is down is reported at once; the library would retry for seconds.
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
    )
    try:
        return client.execute_command(*words)
    except redis.ResponseError as error:
        raise BadInput(f"the cache refuses the command: {error}") from error
    except redis.AuthenticationError as error:
        raise EnvironmentFailed(f"the cache refuses the login: {error}") from error
    except (redis.RedisError, OSError) as error:
        raise EnvironmentFailed(f"the cache does not answer: {error}") from error
    finally:
        client.close()


def first_line(error: Exception) -> str:
    """An error's message, as one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def _severed_after(connection: psycopg.Connection[Any], seconds: float) -> Iterator[threading.Event]:
    """Cut the connection's socket after a while: a server that is frozen cannot be asked to cancel."""
    severed = threading.Event()

    def sever() -> None:
        severed.set()
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, sever)
    timer.daemon = True
    timer.start()
    try:
        yield severed
    finally:
        timer.cancel()

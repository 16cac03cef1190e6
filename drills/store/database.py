"""The connection to the store's database: SQLite in WAL mode by default, PostgreSQL by URL; errors in one line."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.private_files import close_file, private_file, private_folder
from drills.text_files import UnreadableFile, check_regular

#: How long a writer waits for another process' transaction; ours last milliseconds.
BUSY_SECONDS = 15.0

_WRITES = "drills_writes"
_DURABLE = "drills_durable"


class Database:
    """Transactions on the store. `write` on SQLite takes the write lock at once, so it cannot fail half-way for it.

    A file that was removed, moved or replaced would go on being written to, where nobody finds it. So each transaction
    asks first; another file at the same path, or none, is opened anew and made ready by `prepare`. `renewals` counts
    how often that was so.
    """

    def __init__(self, url: str, prepare: Callable[[Database], None] = lambda _: None) -> None:
        self.url = _parsed(url)
        self.name = self.url.database or "" if self.is_sqlite else self.url.render_as_string(hide_password=True)
        self.renewals = 0
        self._make_ready = prepare
        self._seat: tuple[int, int] | None = None
        self._renewing = threading.RLock()
        if self.is_sqlite:
            self._make_folder()
        self.engine = _engine(self.url)
        if self.is_sqlite:
            event.listen(self.engine, "connect", self._take_seat)
        self._writing = self.engine.execution_options(**{_WRITES: True, _DURABLE: True})
        self._relaxed = self.engine.execution_options(**{_WRITES: True})

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view. Raises EnvironmentFailed or BadInput in one line."""
        self._stay()
        with self.told_plainly(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; it is on the disk when the block has ended. Raises as `read` does."""
        with self._staying(), self.told_plainly(), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def write_relaxed(self) -> Iterator[Connection]:
        """One transaction that survives the death of this process, but perhaps not a power cut."""
        with self._staying(), self.told_plainly(), self._relaxed.begin() as connection:
            yield connection

    @contextmanager
    def told_plainly(self) -> Iterator[None]:
        """Turn what the driver raises into one clear line. A broken constraint passes: its owner retries."""
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, sqlite3.Error) as error:
            raise _plain(self.name, error) from error

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _staying(self) -> Iterator[None]:
        self._stay()
        seat = self._seat
        yield
        if seat is not None and seat != _seat_of(self.name):
            raise EnvironmentFailed(f"{self.name}: the store was removed or replaced while it was written")

    def _stay(self) -> None:
        """Make sure that the file at the store's path is the one that is open."""
        if self._seat is None or self._seat == _seat_of(self.name):
            return
        with self._renewing:
            if self._seat is None or self._seat == _seat_of(self.name):
                return
            lost, self._seat = self._seat, None
            try:
                # Before the new file is made: SQLite leaves alone what lies beside a file that it lost.
                self.engine.dispose()
                self._make_folder()
                self._make_ready(self)
            except BaseException:
                self._seat = lost
                raise
            self.renewals += 1

    def _take_seat(self, _connection: sqlite3.Connection, _record: Any) -> None:
        self._seat = _seat_of(self.name)

    def _make_folder(self) -> None:
        """The store's file is its owner's alone, and so are SQLite's files beside it, which take its mode."""
        folder = Path(self.name).parent
        try:
            check_regular(Path(self.name))
        except UnreadableFile as why:
            raise BadInput(f"{self.name}: {why.wrong}; name another file in drills.yaml") from None
        try:
            private_folder(folder)
        except OSError as error:
            raise EnvironmentFailed(
                f"{self.name}: the store's folder cannot be made ({error.strerror}); "
                "make it writable, or name another store in drills.yaml"
            ) from error
        with suppress(OSError):  # What is wrong with the file is said when it is used.
            private_file(Path(self.name))
        for beside in ("-wal", "-shm"):
            close_file(Path(f"{self.name}{beside}"))


def _seat_of(name: str) -> tuple[int, int] | None:
    """Which file lies there: its device and number; None when there is none."""
    try:
        there = Path(name).stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino


def _parsed(url: str) -> URL:
    hint = "write sqlite:///path/to/drills.db or postgresql://user@host/database"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise BadInput(f"store: is not a database URL; {hint}") from None  # it may hold a password: never shown
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadInput(f"store: {parsed.get_backend_name()!r} is not supported; {hint}")
    if parsed.get_backend_name() == "sqlite" and not parsed.database:
        raise BadInput(f"store: {url!r} names no file; {hint}")
    # The driver that drills brings along; SQLAlchemy's default is another one.
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            engine = create_engine(url, pool_pre_ping=True, connect_args=_patience(url))
            event.listen(engine, "connect", _wait_no_longer)
            return engine
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    except (NoSuchModuleError, ImportError) as error:
        raise BadInput(
            f"store: no driver for {url.drivername!r} is installed; write sqlite:///… or postgresql://…"
        ) from error
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _patience(url: URL) -> dict[str, Any]:
    """A server that went away without a word is noticed as soon as one that refuses; a URL may say otherwise."""
    limits = {"connect_timeout": int(BUSY_SECONDS), "tcp_user_timeout": int(BUSY_SECONDS * 1000)}
    return {name: limit for name, limit in limits.items() if name not in url.query}


def _wait_no_longer(connection: Any, _record: Any) -> None:
    """PostgreSQL waits for a lock for ever, unless it is told."""
    connection.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
    connection.commit()


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # Transactions are begun by `_begin`: the driver's own rules would begin them late and leave DDL outside.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    _into_wal_mode(connection)
    connection.execute("PRAGMA foreign_keys = ON")


def _into_wal_mode(connection: sqlite3.Connection) -> None:
    """Two processes that convert a new file at once get 'locked' in spite of the busy timeout: so try again."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_WRITES):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get(_DURABLE) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _plain(name: str, error: Exception) -> DrillsError:
    said = str(getattr(error, "orig", error)).strip().split("\n")[0]
    if "not a database" in said:
        return BadInput(f"{name}: is not a drills store (not an SQLite database); name another file in drills.yaml")
    for sign, advice in _ADVICE.items():
        if sign in said:
            return EnvironmentFailed(f"{name}: {advice} ({said})")
    return EnvironmentFailed(f"{name}: the store failed: {said}")


_ADVICE = {
    "disk is full": "the store cannot be written, the disk is full; free some space, what was stored is kept",
    "disk I/O error": "the store cannot be written; free some space or check the disk, what was stored is kept",
    "readonly database": "the store cannot be written; make the file and its folder writable",
    "unable to open": "the store cannot be opened; make its folder exist and writable",
    "database is locked": f"another program has kept the store locked for {BUSY_SECONDS:.0f} s; end it",
    "malformed": "the store is damaged; restore it from a backup, or name another file in drills.yaml",
}

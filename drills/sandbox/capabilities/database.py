"""A service that answers SQL: what faults, commands and undos may ask of it, whatever its technology.

Every call has a deadline. Unless something else is said, each raises BadInput when the server refuses what is asked,
and EnvironmentFailed when it does not answer in time. All that changes something is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from drills.errors import EnvironmentFailed

#: Column names and rows; both empty for a statement that returns none.
Answer = tuple[Sequence[str], Sequence[Sequence[Any]]]
#: The catalogue is asked within milliseconds; a server that is frozen is found out soon.
ASK_SECONDS = 10.0
#: Reading or writing as many rows as are saved, or making an index, takes seconds on a loaded machine.
WORK_SECONDS = 120.0


class Ask(Protocol):
    """Runs one statement, committed at once."""

    def __call__(self, statement: str, *, timeout: float = ...) -> Answer: ...


class TooManyConnections(EnvironmentFailed):
    """The server has no connection left to give."""


class LockMode(StrEnum):
    """How a table is locked, by PostgreSQL's names: the first keeps out all use, the others writes only."""

    ACCESS_EXCLUSIVE = "access-exclusive"
    EXCLUSIVE = "exclusive"
    SHARE_ROW_EXCLUSIVE = "share-row-exclusive"


@dataclass(frozen=True, slots=True)
class ConnectionUse:
    """How many connections an application holds, and how many ordinary users could still open."""

    held: int
    free: int


@dataclass(frozen=True, slots=True)
class Index:
    """`definition` is the statement that makes it, in the server's own words.

    `of_constraint`: it holds a constraint and cannot be dropped alone. `valid`: it is complete and in use.
    """

    name: str
    table: str
    definition: str
    valid: bool = True
    of_constraint: bool = False


class Sessions(Protocol):
    """The sessions of an application, known by the name that it gives itself."""

    def ids(self, application: str) -> tuple[int, ...]: ...

    def end(self, application: str) -> None: ...

    def lock_name(self, mode: LockMode) -> str:
        """What the server's LOCK TABLE calls it, or what comes nearest."""
        ...

    def lock_holder(self, application: str, table: str, mode: LockMode) -> str | None:
        """Evidence that the application holds such a lock: `session 12 holds …`; None when it does not."""
        ...

    def use(self, application: str) -> ConnectionUse:
        """Raises TooManyConnections when the server does not even let us ask."""
        ...

    def running(self, application: str) -> int:
        """How many of its sessions run a statement now."""
        ...


class Indexes(Protocol):
    def find(self, name: str, table: str | None = None) -> Index | None:
        """Raises BadInput when several tables have an index of that name and none is named."""
        ...

    def drop(self, index: Index) -> None: ...

    def create(self, index: Index) -> None: ...


class Roles(Protocol):
    """Those who log in. A credential is a password as the server keeps it: salted and hashed, never in clear."""

    def refusal(self, role: str) -> str | None:
        """Why its password cannot be rotated and brought back; None when it can."""
        ...

    def credential(self, role: str) -> str:
        """Raises EnvironmentFailed when there is no such role, or it has none."""
        ...

    def set_password(self, role: str, password: str) -> None: ...

    def set_credential(self, role: str, credential: str) -> None: ...

    def end_sessions(self, role: str) -> None: ...


class Rows(Protocol):
    """Rows of one table, kept outside the server as `plan`, which is JSON-able."""

    def refusal(self, table: str) -> str | None:
        """Why its rows could not be brought back; None when they can."""
        ...

    def count(self, table: str, where: str) -> int: ...

    def save(self, table: str, where: str) -> Mapping[str, Any]: ...

    def delete(self, plan: Mapping[str, Any]) -> None:
        """Delete exactly these, as far as they are still what was saved."""
        ...

    def missing(self, plan: Mapping[str, Any]) -> int:
        """How many of these have no row of their key in the table."""
        ...

    def insert_missing(self, plan: Mapping[str, Any]) -> None:
        """Bring back those that are missing; a row that is there, in whatever form, stays as it is."""
        ...


class Database(Protocol):
    """One service. `user` is whom we log in as; `url` has the password, and is never shown."""

    @property
    def service(self) -> str: ...

    @property
    def user(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def indexes(self) -> Indexes: ...

    @property
    def roles(self) -> Roles: ...

    @property
    def rows(self) -> Rows: ...

    def sql(self, statement: str, *, timeout: float = 30.0) -> Answer:
        """Run one statement, committed at once; `timeout` in seconds."""
        ...

    def has_table(self, table: str) -> bool: ...

    def written(self, name: str) -> str:
        """The name of a table or an index as its SQL takes it, whatever words it is made of."""
        ...

    def busy_statement(self) -> str:
        """A statement that only reads, and keeps a processor of the server busy for minutes."""
        ...

    def state(self) -> dict[str, dict[str, str]]:
        """What a drill may change around its tables, as texts by part and name."""
        ...

    def restore(self, state: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
        """Bring it back to that state; returns what had to be changed."""
        ...


class Databases(Protocol):
    """Those of a sandbox, by the names of their services."""

    def of(self, service: str | None = None) -> Database:
        """The one of that service, or without a name the only one.

        Raises BadInput when there is none, or several and none is named; EnvironmentFailed when it does not run.
        """
        ...

    def dumps(self, service: str | None = None) -> Dumps:
        """Of the same one. Raises NotSupported where the sandbox has backups of its own."""
        ...


class Dumps(Protocol):
    """The service's own programs for dumps, run inside its container."""

    def dump(self, path: Path) -> int:
        """Write all of the database to a file that only its owner may read; returns its size in bytes."""
        ...

    def restore(self, path: Path) -> None:
        """Bring the database back to what `dump` wrote."""
        ...

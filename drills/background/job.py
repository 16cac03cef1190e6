"""What a program in the background is to do, as one JSON object on its standard input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

#: Longer than any drill: what nobody undid must not stay for ever.
LONGEST_SECONDS = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class LockJob:
    """Lock a table of the database and do not end the transaction.

    `mode` is the server's own name of the lock: ACCESS EXCLUSIVE, or WRITE.
    """

    database: str
    application: str
    table: str
    mode: str


@dataclass(frozen=True, slots=True)
class ConnectionsJob:
    """Keep a number of database connections open; None: all that ordinary roles may have."""

    database: str
    application: str
    connections: int | None


@dataclass(frozen=True, slots=True)
class QueryJob:
    """Run a statement repeatedly in a number of read-only sessions."""

    database: str
    application: str
    statement: str
    sessions: int


@dataclass(frozen=True, slots=True)
class PageJob:
    """Fetch page after page of customers from the app, `rate` requests a second, with a partner's key."""

    app: str
    key: str
    rate: float
    address: str
    agent: str


SessionJob = LockJob | ConnectionsJob | QueryJob
Job = SessionJob | PageJob
_KINDS: dict[str, type[Job]] = {kind.__name__: kind for kind in (LockJob, ConnectionsJob, QueryJob, PageJob)}


def job_text(job: Job) -> str:
    """For the standard input of the program."""
    return json.dumps({"job": type(job).__name__, **asdict(job)})


def read_job(text: str) -> Job:
    """What `job_text` wrote."""
    settings = json.loads(text)
    return _KINDS[settings.pop("job")](**settings)

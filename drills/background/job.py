"""What a program in the background is to do, as one JSON object on its standard input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

#: Longer than any drill: what nobody undid must not stay for ever.
LONGEST_SECONDS = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class LockJob:
    """Lock a table of the database and do not end the transaction; `mode` is PostgreSQL's name of the lock mode."""

    database: str
    application: str
    table: str
    mode: str


@dataclass(frozen=True, slots=True)
class ConnectionsJob:
    """Keep so many connections of the database open; None: all that ordinary roles may have."""

    database: str
    application: str
    connections: int | None


@dataclass(frozen=True, slots=True)
class PageJob:
    """Fetch page after page of customers from the app, `rate` requests a second, with a partner's key."""

    app: str
    key: str
    rate: float
    address: str
    agent: str


Job = LockJob | ConnectionsJob | PageJob
_KINDS: dict[str, type[Job]] = {kind.__name__: kind for kind in (LockJob, ConnectionsJob, PageJob)}


def job_text(job: Job) -> str:
    """For the standard input of the program."""
    return json.dumps({"job": type(job).__name__, **asdict(job)})


def read_job(text: str) -> Job:
    """What `job_text` wrote."""
    settings = json.loads(text)
    return _KINDS[settings.pop("job")](**settings)

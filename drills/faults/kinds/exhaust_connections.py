"""A job takes every connection that the database allows, so that the app gets none."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.background.job import ConnectionsJob
from drills.background.sessions import FREE_CONNECTIONS
from drills.faults.fault import FaultImpossible
from drills.faults.names import ApplicationName
from drills.faults.session_fault import SessionFault
from drills.sandbox.sandbox import Sandbox


class ExhaustConnections(SessionFault):
    """`{kind: exhaust-connections}`

    Without `connections` it takes all that ordinary roles may have, those of the app too (its open ones are
    ended), and whatever is freed later; the ones reserved for superusers stay free, so that the database can be
    looked at and mended. With `connections` it takes so many and leaves the others alone.
    """

    kind: ClassVar[str] = "exhaust-connections"

    connections: Annotated[int, Field(ge=1)] | None = None
    application: ApplicationName = "nightly-export"

    def summary(self) -> str:
        return f"take {self.connections or 'all'} connections of the database"

    def job(self, database: str) -> ConnectionsJob:
        return ConnectionsJob(database, self.application, self.connections)

    def verify(self, sandbox: Sandbox) -> str:
        _, rows = sandbox.database.sql(
            "SELECT (SELECT count(*) FROM pg_stat_activity"
            f" WHERE application_name = '{self.application}'), {FREE_CONNECTIONS}"
        )
        held, free = int(rows[0][0]), int(rows[0][1])
        if held < (self.connections or 1):
            raise FaultImpossible(f"{self.application} holds {held} connections only")
        if self.connections is None and free > 0:
            raise FaultImpossible(f"{free} connections are still free")
        return f"{self.application} holds {held} connections, {max(free, 0)} are free"

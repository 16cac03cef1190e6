"""A job takes every connection that the database allows, so that none is left for the app."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from drills.background.job import ConnectionsJob
from drills.faults.fault import FaultImpossible
from drills.faults.names import ApplicationName
from drills.faults.session_fault import SessionFault
from drills.sandbox.capabilities.database import Database, TooManyConnections
from drills.sandbox.sandbox import Sandbox


class ExhaustConnections(SessionFault):
    """`{kind: exhaust-connections, service: db}`

    Without `connections` it takes all connections that ordinary roles may have, including the app's (its open ones
    are terminated), and any that are freed later. Those reserved for superusers stay free, so that the database can
    be inspected and repaired. If every role is a superuser none stays free: then only a restart of the database, or
    the undo, frees them. With `connections` it takes that number and leaves the others alone.
    """

    kind: ClassVar[str] = "exhaust-connections"

    connections: Annotated[int, Field(ge=1)] | None = Field(None, description="How many; absent: all.")
    application: ApplicationName = "nightly-export"

    def summary(self) -> str:
        return f"take {self.connections or 'all'} connections of the database"

    def job(self, database: Database) -> ConnectionsJob:
        return ConnectionsJob(database.url, self.application, self.connections)

    def verify(self, sandbox: Sandbox) -> str:
        try:
            use = self.database(sandbox).sessions.use(self.application)
        except TooManyConnections as refused:
            return f"{self.application} holds all connections: {refused}"
        if use.held < (self.connections or 1):
            raise FaultImpossible(f"{self.application} holds only {use.held} connections")
        if self.connections is None and use.free > 0:
            raise FaultImpossible(f"{use.free} connections are still free")
        return f"{self.application} holds {use.held} connections, {max(use.free, 0)} are free"

"""`adapter: jobqueue` in drills.yaml."""

from __future__ import annotations

from typing import ClassVar

from drills.sandbox.adapters.adapter import ServiceAdapter, asked
from drills.sandbox.declared.declaration import DeclaredService


class JobQueueAdapter(ServiceAdapter):
    """A server that answers STATUS with a line such as `waiting=3 halted=0`."""

    port: ClassVar[int] = 7700

    def silence(self, _service: DeclaredService, reached_at: str) -> str | None:
        return asked(reached_at, b"STATUS\n", (b"waiting=",))

"""`{kind: halt-queue, service: queue}` in a scenario's timeline."""

from __future__ import annotations

import socket
from typing import ClassVar

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import ServiceName
from drills.probing.net.server_url import host_and_port
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox


class HaltQueue(Fault):
    """`{kind: halt-queue, service: queue}`: it takes jobs, and no worker gets one."""

    kind: ClassVar[str] = "halt-queue"
    needs: ClassVar[frozenset[Capability]] = frozenset()

    service: ServiceName

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.service, "pause"),)

    def summary(self) -> str:
        return f"halt the jobs of {self.service}"

    def check(self, sandbox: Sandbox) -> None:
        if _is_halted(sandbox, self.service):
            raise FaultImpossible(f"{self.service} is halted already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"service": self.service}

    def apply(self, sandbox: Sandbox) -> None:
        _say(sandbox, self.service, "HALT")

    def verify(self, sandbox: Sandbox) -> str:
        if not _is_halted(sandbox, self.service):
            raise FaultImpossible(f"{self.service} still hands out jobs")
        return f"{self.service} is halted"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        _say(sandbox, str(plan["service"]), "RESUME")

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _is_halted(sandbox, str(plan["service"])):
            raise EnvironmentFailed(f"{plan['service']} is still halted")


def _is_halted(sandbox: Sandbox, service: str) -> bool:
    return "halted=1" in _say(sandbox, service, "STATUS")


def _say(sandbox: Sandbox, service: str, word: str) -> str:
    try:
        with socket.create_connection(host_and_port(sandbox.addresses[service]), timeout=5) as connection:
            connection.sendall(f"{word}\n".encode())
            return connection.makefile().readline()
    except OSError as error:
        raise EnvironmentFailed(f"{service} cannot be asked: {error.strerror or error}") from None

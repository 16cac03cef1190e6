"""Takes a service's CPU time by programs that spin in its own container, within its own limits.

Each spins for a limited number of seconds of CPU time (`ulimit -t`), even if drills dies.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, PrivateAttr

from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import ServiceName
from drills.processes.command import Command
from drills.processes.mark import new_mark
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

_ASK_SECONDS = 20.0


class StressCpu(Fault):
    """`{kind: stress-cpu, service: web, workers: 4}`, in each replica, or in one: `service: web/1`"""

    kind: ClassVar[str] = "stress-cpu"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVICES, Capability.STRESS})

    service: ServiceName
    workers: Annotated[int, Field(ge=1, le=64, description="Programs that spin in each replica.")] = 4
    seconds: Annotated[int, Field(ge=1, le=3600, description="CPU time of each program, at most.")] = 900
    _mark: str = PrivateAttr(default_factory=new_mark)
    _spinning: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.service, "stress"),)

    def summary(self) -> str:
        return f"take the CPU time of {self.service} with {self.workers} programs that spin"

    def refused(self, sandbox: Sandbox) -> str | None:
        return sandbox.commands.shell_lacking(self.service)

    def check(self, sandbox: Sandbox) -> None:
        for replica in _replicas(sandbox, self.service):
            end = sandbox.commands.run(Command("ulimit -t 60 && kill -0 $$", _ASK_SECONDS), where=replica)
            if end.status != 0:
                raise FaultImpossible(
                    f"no program can spin in {replica}: {end.why or end.output.strip() or 'no shell'}"
                )

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - the settings suffice
        return {"service": self.service, "mark": self._mark}

    def apply(self, sandbox: Sandbox) -> None:
        spin = f"ulimit -t {self.seconds}; i=0; while [ $i -lt {self.workers} ]; do "
        spin += "(while :; do :; done) >/dev/null 2>&1 & echo $!; i=$((i+1)); done"
        for replica in _replicas(sandbox, self.service):
            end = sandbox.commands.run(Command(spin, _ASK_SECONDS), where=replica, mark=self._mark, keep=True)
            if end.status != 0:
                raise FaultImpossible(f"no program could be started in {replica}: {end.why or end.output.strip()}")
            self._spinning[replica] = " ".join(end.output.split())

    def verify(self, sandbox: Sandbox) -> str:
        if not self._spinning:
            raise FaultImpossible(f"nothing spins in {self.service}")
        for replica, pids in self._spinning.items():
            end = sandbox.commands.run(Command(f"kill -0 {pids}", _ASK_SECONDS), where=replica)
            if end.status != 0:
                raise FaultImpossible(f"what was started in {replica} does not run: {end.why or end.output.strip()}")
        return f"{self.workers} programs spin in {', '.join(self._spinning)}"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.commands.end(str(plan["mark"]), str(plan["service"]))

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.commands.end(str(plan["mark"]), str(plan["service"]))  # It raises if a program is still running.


def _replicas(sandbox: Sandbox, service: str) -> list[str]:
    """The names of the target replicas. Raises FaultImpossible when none runs."""
    if "/" in service:
        return [service]
    for status in sandbox.services.list():
        if status.name == service and status.replicas:
            return [f"{service}/{number}" for number in range(1, status.replicas + 1)]
    raise FaultImpossible(f"{service} does not run")

"""A fault that a team defines by its own commands, run on this machine or in a container of a service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, PrivateAttr
from pydantic_core import CoreSchema

from drills.errors import EnvironmentFailed
from drills.faults.exec_commands import command_of, failure, masked, plan_of, said
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.names import ServiceName
from drills.model.durations import Duration, bounded
from drills.processes.command import Command
from drills.processes.mark import new_mark
from drills.processes.supervised import CommandEnd
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

#: The longest undo, the longest verification and the clean-up after them together take less time than settling gives
#: an undo (`drills.faults.settling.UNDO_WITHIN`).
LONGEST = timedelta(minutes=2)
Timeout = Annotated[Duration, bounded(timedelta(milliseconds=100), LONGEST)]


def _runnable(value: Any) -> str | tuple[str, ...]:
    words = value if isinstance(value, list | tuple) else [value]
    if not words or not all(isinstance(word, str) for word in words):
        raise ValueError("is no command; write a line for the shell, or a list of words, each of them text")
    if not words[0].strip() or any("\0" in word for word in words):
        raise ValueError("is no command: it is empty, or has a NUL in it; write a line for the shell")
    return value if isinstance(value, str) else tuple(words)


class Step(BaseModel):
    """One command: `"…"`, `[program, word]`, or `{run: …, timeout: 10s}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Annotated[str | tuple[str, ...], BeforeValidator(_runnable)]
    timeout: Timeout | None = None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """For editors: a step may be written as just its command."""
        written = handler(schema)
        whole = handler.resolve_ref_schema(written)
        in_full = dict(whole)
        whole.clear()
        whole["anyOf"] = [*in_full["properties"]["run"]["anyOf"], in_full]
        return written


def _spread(value: Any) -> Any:
    return value if isinstance(value, Mapping | Step) else {"run": value}


Run = Annotated[Step, BeforeValidator(_spread)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Exec(Fault):
    """`{kind: exec, in: db, apply: "…", verify: "…", undo: "…", verify-undone: "…", summary: "…"}`"""

    kind: ClassVar[str] = "exec"
    needs: ClassVar[frozenset[Capability]] = frozenset()
    trial = {
        "apply": "(setsid sleep 120 &); touch exec-fault",
        "undo": "rm -f exec-fault",
        "verify-undone": "[ ! -e exec-fault ]",
    }

    in_: ServiceName | None = Field(None, description="A service, or one replica of it; absent: this machine.")
    check_: Run | None = Field(
        None, description="Succeeds when the fault can be applied; absent: when verify-undone succeeds."
    )
    apply_: Run = Field(description="Processes that it leaves in the background run until the undo.")
    verify_: Run | None = Field(
        None, description="Succeeds when the fault is in place; absent: when verify-undone fails."
    )
    undo_: Run = Field(description="Must also succeed if apply did nothing, or only a part.")
    verify_undone_: Run = Field(description="Succeeds when nothing of the fault is left.")
    timeout: Timeout = Field(timedelta(seconds=30), description="For each command without its own timeout.")
    environment: dict[Variable, str] = Field(default_factory=dict, description="Environment variables of its commands.")
    summary_: str = Field("", max_length=200, description="What the fault does, in a few words.")
    _mark: str = PrivateAttr(default_factory=new_mark)

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return () if self.in_ is None else ((self.in_, "exec"),)

    def summary(self) -> str:
        return self.summary_ or f"run a command {'on this machine' if self.in_ is None else f'in {self.in_}'}"

    def refused(self, sandbox: Sandbox) -> str | None:
        return None if self.in_ is None else sandbox.commands.shell_lacking(self.in_)

    def check(self, sandbox: Sandbox) -> None:
        name, step = ("check", self.check_) if self.check_ is not None else ("verify-undone", self.verify_undone_)
        if (why := failure(self._run(sandbox, step))) is not None:
            raise FaultImpossible(f"{name}: {why}")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {
            "in": sandbox.commands.replica(self.in_),
            "mark": self._mark,
            "undo": plan_of(self._command(self.undo_)),
            "verify-undone": plan_of(self._command(self.verify_undone_)),
        }

    def apply(self, sandbox: Sandbox) -> None:
        end = self._run(sandbox, self.apply_, mark=self._mark, keep=True)
        if (why := failure(end)) is not None:
            raise FaultImpossible(f"apply: {why}")

    def verify(self, sandbox: Sandbox) -> str:
        if self.verify_ is None:
            return self._verify_by_the_undone(sandbox)
        end = self._run(sandbox, self.verify_)
        if (why := failure(end)) is not None:
            raise FaultImpossible(f"verify: {why}")
        return said(end) or "verify: exit status 0"

    def _verify_by_the_undone(self, sandbox: Sandbox) -> str:
        end = self._run(sandbox, self.verify_undone_)
        if end.status == 0:
            raise FaultImpossible("verify-undone succeeds: nothing of the fault can be seen")
        if not said_no(end):
            raise FaultImpossible(f"verify-undone: {failure(end)}")
        return f"verify-undone: {failure(end)}"

    def _command(self, step: Step) -> Command:
        return Command(step.run, (step.timeout or self.timeout).total_seconds(), self.environment)

    def _run(self, sandbox: Sandbox, step: Step, *, mark: str | None = None, keep: bool = False) -> CommandEnd:
        command = self._command(step)
        return masked(sandbox, command, sandbox.commands.run(command, where=self.in_, mark=mark, keep=keep))

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        _require(sandbox, plan, "undo")
        sandbox.commands.end(str(plan["mark"]), _where(plan))

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        _require(sandbox, plan, "verify-undone")


def said_no(end: CommandEnd) -> bool:
    """Whether it answered no: it was started, and ended by itself with a status that says so."""
    return end.status is not None and 0 < end.status < 126


def _require(sandbox: Sandbox, plan: UndoPlan, name: str) -> None:
    command = command_of(plan[name])
    end = masked(sandbox, command, sandbox.commands.run(command, where=_where(plan)))
    if (why := failure(end)) is not None:
        raise EnvironmentFailed(f"{name}: {why}")


def _where(plan: UndoPlan) -> str | None:
    return None if plan["in"] is None else str(plan["in"])

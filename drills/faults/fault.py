"""A fault: a reversible disturbance of the sandbox. Each kind is one file; this module defines its interface.

check ──► undo written to the journal ──► apply ──► verify ──► … ──► undo ──► verify undone ──► settled
          (committed before any change)                  (also by `drills recover`, in another process)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, JsonValue

from drills.model.playbook import kebab
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from drills.sandbox.system import KnownSystem, System

#: What an undo needs to know, as JSON: it is written before the fault is applied and read by another process.
UndoPlan = dict[str, JsonValue]


class FaultImpossible(Exception):
    """The fault cannot be applied to this sandbox now; the message says why, in one line."""


class Owners(Protocol):
    """Which service has the releases, or a setting: known without a running sandbox."""

    @property
    def release_service(self) -> str | None: ...

    def setting_services(self, name: str) -> Sequence[str]: ...


class Fault(BaseModel, ABC):
    """The settings of one fault (its fields), and its behaviour.

    `undo` is idempotent and may run in another process, after any part of `apply`, or before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=kebab, populate_by_name=True)

    kind: ClassVar[str]
    needs: ClassVar[frozenset[Capability]]
    #: Settings to try it with, in addition to those that name parts of a system; the system provides these.
    trial: ClassVar[Mapping[str, JsonValue]] = {}

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        """Which acts it performs on which services, as (service, act): the owner of a sandbox may forbid them.

        An empty name means the only service that supports the act.
        """
        return ()

    def affected(self, system: Owners) -> tuple[tuple[str, str], ...]:  # noqa: ARG002 - most name their services
        """The same for a fault whose service may be omitted: the system then decides which one it is."""
        return self.affects

    def refused(self, sandbox: Sandbox) -> str | None:  # noqa: ARG002 - most are refused by nothing more
        """Why this sandbox cannot have it, apart from `needs` and `affects`; called before a drill begins."""
        return None

    def misfit(self, system: KnownSystem) -> tuple[str, str, str] | None:  # noqa: ARG002 - most fit wherever they may be
        """A setting that does not fit the known system: its key, what is wrong, and what would be right."""
        return None

    @classmethod
    def example(cls, system: System) -> dict[str, JsonValue]:
        """Settings with which this kind can be tried on that system."""
        required = (kebab(name) for name, field in cls.model_fields.items() if field.is_required())
        return {**{key: system.examples[key] for key in required if key in system.examples}, **cls.trial}

    @abstractmethod
    def summary(self) -> str:
        """What it does, in a few words: `drop index orders_customer_idx`."""

    @abstractmethod
    def check(self, sandbox: Sandbox) -> None:
        """Raises FaultImpossible when it cannot be applied, or is already in place."""

    @abstractmethod
    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        """What `undo` will need, read from the sandbox before the fault."""

    @abstractmethod
    def apply(self, sandbox: Sandbox) -> None: ...

    @abstractmethod
    def verify(self, sandbox: Sandbox) -> str:
        """Evidence, in one line, that the fault is in place. Raises FaultImpossible when it is not."""

    @classmethod
    @abstractmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None: ...

    @classmethod
    @abstractmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        """Raises EnvironmentFailed when the disturbance is still there."""

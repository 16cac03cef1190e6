"""What every act needs: the workspace, who asks, and the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from drills.app.access import TERMINAL, Act, Caller, require
from drills.clock import Clock, SystemClock

if TYPE_CHECKING:
    from drills.store.store import Store
    from drills.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Context:
    """A workspace as one caller has it."""

    workspace: Workspace
    caller: Caller
    clock: Clock = field(default_factory=SystemClock)

    def store(self) -> Store:
        """The workspace's store, brought up to date; `with` closes it. Raises BadInput, EnvironmentFailed."""
        # SQLAlchemy takes 0.3 s of processor time to load.
        from drills.store.store import Store

        return Store.open(self.workspace.store_url, clock=self.clock)

    def require_on_machine(self, act: Act) -> None:
        """Raises NotAllowed when the caller may not do this in this machine's present situation."""
        from drills.app.situations import on_machine

        require(self.caller, act, lambda: on_machine(self))

    def require_on_sandbox(self, act: Act) -> None:
        """The same, of the workspace's own sandbox alone."""
        from drills.app.situations import on_sandbox

        require(self.caller, act, lambda: on_sandbox(self))


def at_terminal(folder: Path) -> Context:
    """The workspace that `folder` lies in, for the person at this terminal. Raises InvalidFiles."""
    from drills.workspace.workspace import Workspace

    return Context(Workspace.load(folder), TERMINAL)

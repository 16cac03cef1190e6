"""Cuts a link: new connections are refused, open ones are closed."""

from __future__ import annotations

from typing import ClassVar

from drills.errors import EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible, UndoPlan
from drills.faults.link_fault import CUT, link_of, require_traffic
from drills.faults.names import LinkName
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox


class LinkDown(Fault):
    """`{kind: link-down, link: web-db}`"""

    kind: ClassVar[str] = "link-down"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.LINKS})

    link: LinkName

    @property
    def affects(self) -> tuple[tuple[str, str], ...]:
        return ((self.link, CUT),)

    def summary(self) -> str:
        return f"cut link {self.link}"

    def check(self, sandbox: Sandbox) -> None:
        if not link_of(sandbox, self.link).enabled:
            raise FaultImpossible(f"link {self.link} is cut already")
        require_traffic(sandbox, self.link)

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:  # noqa: ARG002 - the settings suffice
        return {"link": self.link}

    def apply(self, sandbox: Sandbox) -> None:
        sandbox.links.set(self.link, enabled=False)

    def verify(self, sandbox: Sandbox) -> str:
        if link_of(sandbox, self.link).enabled:
            raise FaultImpossible(f"link {self.link} still lets connections through")
        return f"link {self.link} is cut"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        sandbox.links.set(str(plan["link"]), enabled=True)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if not link_of(sandbox, str(plan["link"])).enabled:
            raise EnvironmentFailed(f"link {plan['link']} is still cut")

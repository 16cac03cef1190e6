"""Deploys a release, as a pipeline would; whether the release is bad depends on the release."""

from __future__ import annotations

from typing import ClassVar

from drills.errors import EnvironmentFailed, NotReady
from drills.faults.fault import Fault, FaultImpossible, Owners, UndoPlan
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.sandbox import Sandbox


class DeployRelease(Fault):
    """`{kind: deploy-release, release: "1.2.0"}`, of the service that has releases"""

    kind: ClassVar[str] = "deploy-release"
    needs: ClassVar[frozenset[Capability]] = frozenset({Capability.RELEASES})

    release: str

    def affected(self, system: Owners) -> tuple[tuple[str, str], ...]:
        return () if system.release_service is None else ((system.release_service, "deploy"),)

    def refused(self, sandbox: Sandbox) -> str | None:
        return sandbox.releases.refusal(self.release)

    def summary(self) -> str:
        return f"deploy release {self.release}"

    def check(self, sandbox: Sandbox) -> None:
        versions = {release.version for release in sandbox.releases.list()}
        if self.release not in versions:
            raise FaultImpossible(f"there is no release {self.release}; known: {', '.join(sorted(versions))}")
        if _current(sandbox) == self.release:
            raise FaultImpossible(f"release {self.release} is deployed already")

    def undo_plan(self, sandbox: Sandbox) -> UndoPlan:
        return {"release": _current(sandbox)}

    def apply(self, sandbox: Sandbox) -> None:
        try:
            sandbox.releases.deploy(self.release)
        except NotReady:
            return  # It is deployed, and how it answers is the purpose of the drill.

    def verify(self, sandbox: Sandbox) -> str:
        current = _current(sandbox)
        if current != self.release:
            raise FaultImpossible(f"release {current} runs, not {self.release}")
        return f"release {current} runs"

    @classmethod
    def undo(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        if _current(sandbox) != plan["release"]:
            # Not `deploy`: the release ran before, and what a next rollback goes back to must not become the bad one.
            sandbox.releases.rollback(to=str(plan["release"]))
        # An interrupted deployment may have left the service down with the old release noted as current.
        sandbox.services.start(sandbox.releases.service)

    @classmethod
    def verify_undone(cls, sandbox: Sandbox, plan: UndoPlan) -> None:
        current = _current(sandbox)
        if current != plan["release"]:
            raise EnvironmentFailed(f"release {current} runs, not {plan['release']}")


def _current(sandbox: Sandbox) -> str:
    for release in sandbox.releases.list():
        if release.current:
            return release.version
    raise EnvironmentFailed("no release is deployed")

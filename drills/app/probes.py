"""Probe runs for people, once or repeated; and heartbeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from drills.app.access import Act
from drills.errors import BadInput, EnvironmentFailed

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.model.probe import Observation, ProbeSpec
    from drills.probing.remote.config import KnownProber
    from drills.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class ChosenProbes:
    """Probes of the workspace, and what they need to be run."""

    specs: tuple[ProbeSpec, ...]
    sandbox: Sandbox
    addresses: Mapping[str, str]
    probers: Mapping[str, KnownProber]

    async def once(self) -> tuple[Observation, ...]:
        """One observation per probe and vantage."""
        from drills.probing.engine.once import check_once

        return await check_once(self.specs, self.addresses, self.probers, self.sandbox)

    async def again_and_again(self, show: Callable[[Observation], None]) -> None:
        """Run them at their intervals until this is cancelled; every observation is shown."""
        from drills.probing.engine.once import check_on

        await check_on(self.specs, self.addresses, show, self.probers, self.sandbox)


def choose_probes(context: Context, names: Sequence[str] = ()) -> ChosenProbes:
    """These probes of the workspace, or all.

    Raises NotAllowed, BadInput for an unknown name, EnvironmentFailed when the sandbox that they ask is down.
    """
    from drills.nearest import suggest
    from drills.probing.bind import names_addresses
    from drills.workspace.sandbox import open_sandbox

    context.require_on_sandbox(Act.PROBE)
    workspace = context.workspace
    unknown = [name for name in names if name not in workspace.probes]
    if unknown:
        raise BadInput(f"there is no probe {unknown[0]!r}; {suggest(unknown[0], workspace.probes)}")
    specs = tuple(workspace.probes[name] for name in dict.fromkeys(names or workspace.probes))
    if not specs:
        raise BadInput("the workspace has no probes; add a file to probes/")
    sandbox = open_sandbox(workspace)
    up = sandbox.is_up()
    if not up and any(map(names_addresses, specs)):
        raise EnvironmentFailed("the sandbox is down; start it with `drills sandbox up`")
    return ChosenProbes(specs, sandbox, sandbox.addresses if up else {}, workspace.probers)


def report_heartbeats(context: Context, names: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    """Report that something has happened, such as a nightly job; the names with the moment (UTC) that was noted.

    Raises NotAllowed, EnvironmentFailed when the sandbox is down or the disk refuses, BadInput for a name that cannot
    be one.
    """
    from drills.probing.engine.beats import beat
    from drills.workspace.sandbox import open_sandbox

    context.require_on_sandbox(Act.OPERATE)
    sandbox = open_sandbox(context.workspace)
    if not sandbox.addresses:
        raise EnvironmentFailed("the sandbox is down; start it with `drills sandbox up`")
    for name in names:
        yield name, beat(sandbox.heartbeats, name)

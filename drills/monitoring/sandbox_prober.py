"""Runs probes against a sandbox whose addresses may change: it is restarted, taken down, brought up again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from drills.clock import Clock
from drills.json_log import JsonLog
from drills.model.probe import Observation, ProbeSpec
from drills.probing.bind import BoundProbe, bind_all
from drills.probing.engine.prober import Prober
from drills.probing.remote.config import KnownProber
from drills.sandbox.sandbox import Sandbox

#: How often the sandbox's addresses are read, in seconds.
_CHECK = 1.0


class SandboxProber:
    """Runs a prober as long as the sandbox has addresses; a new one when they have changed.

    `see` is given each observation.
    """

    def __init__(
        self,
        probes: Sequence[ProbeSpec],
        sandbox: Sandbox,
        see: Callable[[Observation], None],
        *,
        json_log: JsonLog,
        clock: Clock,
        probers: Mapping[str, KnownProber] = MappingProxyType({}),
    ) -> None:
        self._probes = tuple(probes)
        self._sandbox = sandbox
        self._see = see
        self._json_log = json_log
        self._clock = clock
        self._probers = probers
        self._prober: Prober | None = None
        self._said: set[tuple[str, str]] = set()

    def check_now(self, probe: str) -> None:
        """Run a probe at once; nothing happens while the sandbox is down."""
        if self._prober is not None:
            self._prober.check_now(probe)

    async def run(self) -> None:
        """Until cancelled. A probe that cannot run is logged once, and again when the reason is another one."""
        while True:
            addresses = await self._addresses()
            if not addresses:
                self._json_log.say("sandbox-down", reason="its probes wait until it is up: `drills sandbox up`")
                while not addresses:
                    await self._clock.sleep(_CHECK)
                    addresses = await self._addresses()
            bound = bind_all(self._probes, addresses, self._probers)
            self._prober = Prober(
                bound, self._see, clock=self._clock, unusable=self._say_unusable, sandbox=self._sandbox
            )
            self._json_log.say("probing", probes=len(self._probes))
            probing = asyncio.create_task(self._prober.run())
            changed = asyncio.create_task(self._changed(addresses))
            try:
                await asyncio.wait({probing, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._prober = None
                for task in (probing, changed):
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await probing
            changed.result()

    def _say_unusable(self, probe: BoundProbe, reason: str) -> None:
        if (probe.key, reason) not in self._said:
            self._said.add((probe.key, reason))
            self._json_log.say("probe-unusable", probe=probe.key, reason=reason)

    async def _addresses(self) -> dict[str, str]:
        return dict(await asyncio.to_thread(lambda: self._sandbox.addresses))

    async def _changed(self, addresses: Mapping[str, str]) -> None:
        while await self._addresses() == addresses:
            await self._clock.sleep(_CHECK)

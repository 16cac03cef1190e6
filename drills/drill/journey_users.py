"""Users of a system that has no Locust file: each repeats one of the scenario's journeys, a probe, again and again.

They are paced and recorded like Locust's users (`drills.traffic.ledger`), so that impact and recovery are measured by
the same rules. They are separate from the monitoring, whose probes keep running at their own intervals.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from drills.clock import Clock
from drills.errors import EnvironmentFailed
from drills.model.events import TrafficEnded, TrafficSecond
from drills.model.probe import Outcome, ProbeSpec
from drills.model.scenario import Traffic
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.evaluation import Evaluator
from drills.probing.engine.preparing import prepare
from drills.probing.engine.verdict import judge
from drills.probing.net.resolver import Resolver
from drills.probing.seen import ProbeContext
from drills.traffic.ledger import Ledger
from drills.traffic.second import Second

#: Seconds between two readings of the clock, by which the generator notices that it is behind its own plan.
_HEARTBEAT = 0.05
#: Longest error text that is reported; a server's own message is cut there.
_ERROR_LENGTH = 120


class JourneyUsers:
    """Has the methods of `drills.traffic.generator.TrafficGenerator`. Times in what it gives are from `origin`."""

    def __init__(
        self,
        journeys: Sequence[ProbeSpec],
        addresses: Mapping[str, str],
        traffic: Traffic,
        origin: float,
        clock: Clock,
    ) -> None:
        self._probes = [bind(spec, addresses) for spec in journeys]
        self._traffic = traffic
        self._origin = origin
        self._clock = clock
        self._ledger = Ledger(
            clock.monotonic(),
            period=1.0 / traffic.requests_per_user,
            slow_after=traffic.slow_after.total_seconds(),
            client_timeout=self.client_timeout,
        )
        self._resolver, self._evaluator = Resolver(), Evaluator()
        self._context = ProbeContext(self._resolver, clock.monotonic, self._evaluator, now=clock.now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._seconds: asyncio.Queue[TrafficSecond | EnvironmentFailed | None] = asyncio.Queue()
        self._lag = 0.0

    @property
    def client_timeout(self) -> float:
        """Seconds after which an unanswered journey has failed: the longest timeout of them."""
        return max(probe.timeout for probe in self._probes)

    async def start(self) -> None:
        """Let the users come, `spawn_rate` a second. Raises BadInput for a journey that cannot be used."""
        for probe in self._probes:
            prepare(probe, self._context)
        for work in (self._spawn(), self._report_seconds(), self._heartbeat()):
            self._begin(work)

    async def seconds(self) -> AsyncIterator[TrafficSecond]:
        """Each second as it ends, until `stop`. Raises EnvironmentFailed when a user's own code fails."""
        while (item := await self._seconds.get()) is not None:
            if isinstance(item, EnvironmentFailed):
                raise item
            yield item

    async def change_users(self, users: int, spawn_rate: float) -> None:
        """Go up to that many users, `spawn_rate` more each second."""
        self._begin(self._spawn(users, spawn_rate))

    async def mark_baseline(self) -> None:
        """From now on suffering counts in the totals of `stop`."""
        self._ledger.mark(self._clock.monotonic())

    async def stop(self) -> TrafficEnded:
        """End all users; the totals."""
        now = self._clock.monotonic() - self._origin
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._resolver.close()
        if self._context.transfers is not None:
            self._context.transfers.close()
        await self._evaluator.close()
        self._seconds.put_nowait(None)
        return TrafficEnded(
            t=now,
            at=self._clock.now(),
            users_total=self._ledger.users_total,
            users_suffered=self._ledger.users_suffered,
        )

    # ---- the users ---------------------------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._seconds.put_nowait(EnvironmentFailed(f"the users of the journeys ended: {error!r}"))

    async def _spawn(self, users: int | None = None, spawn_rate: float | None = None) -> None:
        wanted = self._traffic.users if users is None else users
        rate = self._traffic.spawn_rate if spawn_rate is None else spawn_rate
        while (number := self._ledger.users_total) < wanted:
            user = self._ledger.enter(self._clock.monotonic())
            self._begin(self._repeat(user, self._probes[number % len(self._probes)]))
            await self._clock.sleep(1.0 / rate)

    async def _repeat(self, user: int, probe: BoundProbe) -> None:
        check = prepare(probe, self._context)
        while True:
            intended = self._ledger.take(user, self._clock.monotonic())
            await self._clock.sleep(max(0.0, intended - self._clock.monotonic()))
            flight = self._ledger.send(user, self._clock.monotonic(), probe.name, patience=probe.timeout)
            seen = await check()
            self._ledger.answered(flight, self._clock.monotonic())
            outcome, why = await judge(probe, seen, self._evaluator)
            error = None if outcome in (Outcome.PASS, Outcome.DEGRADED) else why[:_ERROR_LENGTH]
            self._ledger.judge(flight, self._clock.monotonic(), error=error, degraded=outcome is Outcome.DEGRADED)

    # ---- statistics --------------------------------------------------------------------------------------------------

    async def _report_seconds(self) -> None:
        cpu, reported_at = time.process_time(), self._clock.monotonic()
        while True:
            await self._clock.sleep(1.0 - (self._clock.monotonic() - self._ledger.start) % 1.0)
            now, used = self._clock.monotonic(), time.process_time()
            for second in self._ledger.close(now):
                self._seconds.put_nowait(self._event(second, (used - cpu) / max(now - reported_at, 1e-6)))
                cpu, reported_at, self._lag = used, now, 0.0

    def _event(self, second: Second, cpu: float) -> TrafficSecond:
        body = asdict(second)
        sufferers, end = body.pop("sufferers"), body.pop("end")
        for name in ("first_suffering", "last_suffering"):
            if body[name] is not None:
                body[name] -= self._origin
        return TrafficSecond(
            t=end - self._origin,
            at=self._clock.now(),
            users_suffering=len(sufferers),
            overdue=sum(second.overdue_routes.values()),
            lag=self._lag,
            generator_cpu=cpu,
            **body,
        )

    async def _heartbeat(self) -> None:
        while True:
            due = self._clock.monotonic() + _HEARTBEAT
            await self._clock.sleep(_HEARTBEAT)
            self._lag = max(self._lag, self._clock.monotonic() - due)

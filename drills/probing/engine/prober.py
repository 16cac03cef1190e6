"""The engine that runs probes at their intervals.

    heap ──due──► lanes ──place──► check (one task) ──► verdict ──► sink
                    │                  ▲
                    └──none: waits     └── check_now: confirm-then-fire, tripwires

Everything happens in one event loop. `run`, `check_now`, `pause` and `resume` are to be called from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from drills.clock import Clock, SystemClock
from drills.model.probe import LOCAL, Observation, Outcome
from drills.probing.bind import BoundProbe
from drills.probing.engine.evaluation import Evaluator
from drills.probing.engine.lanes import Lanes
from drills.probing.engine.preparing import prepare
from drills.probing.engine.prober_stats import ProberStats, Tally
from drills.probing.engine.readiness import make_ready
from drills.probing.engine.schedule import Schedule
from drills.probing.engine.tripwire import hold_tripwire
from drills.probing.engine.verdict import judge
from drills.probing.net.connectivity import Connectivity, own_connectivity
from drills.probing.net.descriptors import places
from drills.probing.net.resolver import Resolver
from drills.probing.seen import Check, ProbeContext, Seen
from drills.probing.settings_model import ForOthers

_log = logging.getLogger(__name__)

#: Checks due within this many seconds of each other begin together: fewer wake-ups, and as good as on time.
_GRAIN = 0.002
#: How soon checks that wait for a place are considered again.
_PATIENCE = 0.1
#: How long an answer of the own-connectivity check is believed.
_BELIEVED = 1.0


class _Slot:
    """What the engine knows about one probe."""

    __slots__ = ("again", "attempt", "check", "failing", "probe", "slow", "task", "turn", "waiting")

    def __init__(self, probe: BoundProbe, check: Check) -> None:
        self.probe = probe
        self.check = check
        self.task: asyncio.Task[None] | None = None
        self.turn = 0.0
        self.attempt = 0
        self.again = False
        self.waiting = False
        self.slow = False
        self.failing = False


class Prober:
    """Checks every probe at its interval, from each of its vantages, and gives each observation to `sink`.

    `sink` is called in the event loop and must return at once (a queue's put, an append); what it raises is logged
    and counted, and stops nothing. `unusable` is called once, before the first check, for each probe that cannot check
    at all (from one of its vantages): each of its checks gives *unknown* with that reason, and stops no other probe.
    `concurrency` bounds the checks that go on at once. `prepare` and `connectivity` are parameters so that the engine
    can be tried without a network.
    """

    def __init__(
        self,
        probes: Sequence[BoundProbe],
        sink: Callable[[Observation], None],
        *,
        clock: Clock | None = None,
        unusable: Callable[[BoundProbe, str], None] = lambda _probe, _reason: None,
        concurrency: int = 4096,
        prepare: Callable[[BoundProbe, ProbeContext], Check] = prepare,
        connectivity: Connectivity = own_connectivity,
    ) -> None:
        self._probes = tuple(place for probe in probes for place in probe.places or (probe,))
        self._index: dict[str, list[int]] = {}
        for index, place in enumerate(self._probes):
            self._index.setdefault(place.name, []).append(index)
        self._sink = sink
        self._unusable = unusable
        self._clock = clock or SystemClock()
        self._concurrency = concurrency
        self._prepare = prepare
        self._connectivity = connectivity
        self._evaluator = Evaluator()
        self._tally = Tally()
        self._slots: list[_Slot] = []
        self._lanes = Lanes(fast=1, slow=1)
        # Those that wait for a place, in their order: (may go fast, may only go slow).
        self._queues: tuple[dict[int, None], dict[int, None]] = ({}, {})
        self._paused = False
        self._closing = False
        self._reach = 0
        self._failing = 0
        self._connected: tuple[float, asyncio.Task[bool]] | None = None

    async def run(self) -> None:
        """Probe until cancelled; every check that still goes on is then cancelled too, and its sockets closed."""
        context = ProbeContext(Resolver(), self._clock.monotonic, self._evaluator, now=self._clock.now)
        limit = places(self._concurrency)
        self._lanes = Lanes(fast=max(1, limit // 2), slow=max(1, limit // 2))
        ready = [(probe, make_ready(probe, context, self._prepare)) for probe in self._probes]
        self._slots = [_Slot(probe, made.check) for probe, made in ready]
        self._reach = sum(_by_own_network(probe) for probe, made in ready if not made.reason)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._stop, context)
            wires = await stack.enter_async_context(asyncio.TaskGroup())
            for probe, made in ready:
                if made.reason:
                    self._unusable(probe, made.reason)
                if made.wire is not None:
                    host, port, names = made.wire
                    wires.create_task(hold_tripwire(host, port, self._trip(probe.name), names, self._clock))
            await self._keep_time()

    def check_now(self, name: str) -> None:
        """Check that probe at once, from all its vantages; when a check goes on, again as soon as it has ended.

        The observation's attempt counts up from the last scheduled check. Raises KeyError for an unknown name.
        """
        for index in self._index[name]:
            if not self._slots or self._closing:
                return
            slot = self._slots[index]
            if slot.task is not None or slot.waiting:
                slot.again = True
            else:
                self._begin(index, self._clock.monotonic(), slot.attempt + 1)

    def pause(self) -> None:
        """Begin no check until `resume`; turns that come meanwhile are left out and not counted as skipped."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def stats(self) -> ProberStats:
        return self._tally.stats(running=len(self._lanes), waiting=sum(map(len, self._queues)))

    # ---- time -----------------------------------------------------------------------------------------------------

    async def _keep_time(self) -> None:
        monotonic = self._clock.monotonic
        schedule = Schedule([(probe.place, probe.every) for probe in self._probes], monotonic())
        while True:
            now = monotonic()
            while (turn := schedule.take(now)) is not None:
                index, due, missed = turn
                if not self._paused:
                    self._tally.skipped += missed
                    self._turn(index, due)
            self._admit()
            pause = max(_GRAIN, schedule.soonest() - monotonic())
            await self._clock.sleep(min(pause, _PATIENCE if any(self._queues) else 3600.0))

    def _turn(self, index: int, due: float) -> None:
        slot = self._slots[index]
        if slot.task is not None:
            self._tally.skipped += 1
        elif slot.waiting:
            self._tally.skipped += 1
            del self._queues[slot.slow][index]
            slot.waiting = False
            self._give(slot, Outcome.UNKNOWN, "the prober is overloaded: no place to check", Seen(), slot.turn)
        else:
            self._begin(index, due, 0)

    def _begin(self, index: int, due: float, attempt: int) -> None:
        slot = self._slots[index]
        slot.turn, slot.attempt = due, attempt
        if not self._start(index, slot):
            slot.waiting = True
            self._queues[slot.slow][index] = None

    def _start(self, index: int, slot: _Slot) -> bool:
        now = self._clock.monotonic()
        if not self._lanes.enter(index, now, slow=slot.slow):
            return False
        if slot.attempt == 0:
            self._tally.began(now - slot.turn)
        slot.task = asyncio.create_task(self._check(index, slot, now))
        return True

    def _admit(self) -> None:
        """Give places to those that wait, in their order; those that may only go slow hold up no other."""
        for queue in self._queues:
            while queue and self._start(index := next(iter(queue)), slot := self._slots[index]):
                del queue[index]
                slot.waiting = False

    # ---- checking --------------------------------------------------------------------------------------------------

    async def _check(self, index: int, slot: _Slot, started: float) -> None:
        try:
            seen = await slot.check()
        except asyncio.CancelledError:
            if self._closing:
                raise
            seen = Seen(unknown="the check was cancelled")
        except Exception as error:  # noqa: BLE001 - a fault of ours must be seen as ours, and stop no other probe
            _log.exception("probe %s", slot.probe.place)
            seen = Seen(unknown=f"the prober failed: {type(error).__name__}: {error}".split("\n")[0])
        outcome, reason = await judge(slot.probe, seen, self._evaluator)
        if _by_own_network(slot.probe):
            self._count(slot, outcome)
            if outcome is Outcome.FAIL and self._failing >= self._reach and not await self._is_connected():
                outcome, reason = Outcome.UNKNOWN, f"the prober's own network fails ({reason})"
        slot.slow = self._clock.monotonic() - started >= self._lanes.slow_after
        self._lanes.leave(index)
        slot.task = None
        self._give(slot, outcome, reason, seen, started)
        self._admit()
        if slot.again:
            slot.again = False
            if slot.task is None and not slot.waiting:  # The sink may have asked for it just now, and has been heard.
                self._begin(index, self._clock.monotonic(), slot.attempt + 1)

    def _count(self, slot: _Slot, outcome: Outcome) -> None:
        if (outcome is Outcome.FAIL) != slot.failing:
            slot.failing = not slot.failing
            self._failing += 1 if slot.failing else -1

    async def _is_connected(self) -> bool:
        """Asked when every target fails at once."""
        now = self._clock.monotonic()
        if self._connected is None or now - self._connected[0] > _BELIEVED:
            self._connected = (now, asyncio.ensure_future(_asked(self._connectivity)))
        return await asyncio.shield(self._connected[1])

    def _give(self, slot: _Slot, outcome: Outcome, reason: str, seen: Seen, started: float) -> None:
        tally = self._tally
        tally.runs += 1
        if outcome is Outcome.UNKNOWN:
            tally.unknown += 1
        observation = Observation(
            slot.probe.spec.name,
            self._clock.now(),
            started,
            outcome,
            reason,
            seen.phases,
            seen.metrics,
            slot.attempt,
            max(0.0, started - slot.turn),
            slot.probe.vantage or LOCAL,
        )
        before = self._clock.monotonic()
        try:
            self._sink(observation)
        except Exception:  # noqa: BLE001 - what a receiver does wrong stops no probe
            tally.sink_errors += 1
            _log.exception("the receiver of observations failed")
        if (took := self._clock.monotonic() - before) > tally.slowest_sink:
            tally.slowest_sink = took

    def _trip(self, name: str) -> Callable[[], None]:
        return lambda: self.check_now(name)

    async def _stop(self, context: ProbeContext) -> None:
        self._closing = True
        tasks = [slot.task for slot in self._slots if slot.task is not None]
        if self._connected is not None:
            tasks.append(self._connected[1])  # type: ignore[arg-type]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await context.close()


def _by_own_network(probe: BoundProbe) -> bool:
    """Whether its failures may be those of this machine's network: no kind that checks this machine, or may, and no
    check from elsewhere.
    """
    return probe.settings.for_others is ForOthers.ALWAYS and probe.via is None


async def _asked(connectivity: Connectivity) -> bool:
    return await connectivity()

"""The engine that runs probes at their intervals.

    heap ──due──► lanes ──slot──► check (one task) ──► verdict ──► sink
                    │                 ▲
                    └──none: waits    └── check_now: confirm-then-fire, tripwires

Everything happens in one event loop; `run`, `check_now`, `pause` and `resume` must be called in it.
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
from drills.probing.engine.preparing import make_ready, prepare
from drills.probing.engine.prober_stats import ProberStats, Tally
from drills.probing.engine.schedule import Schedule
from drills.probing.engine.tripwire import hold_tripwire
from drills.probing.engine.verdict import judge
from drills.probing.net.connectivity import Connectivity, own_connectivity
from drills.probing.net.descriptors import connection_limit
from drills.probing.net.resolver import Resolver
from drills.probing.seen import Check, ProbeContext, Seen
from drills.probing.settings_model import ForOthers
from drills.sandbox.sandbox import Sandbox

_log = logging.getLogger(__name__)

#: Checks due within this many seconds of each other begin together: fewer wake-ups, and as good as on time.
_GRAIN = 0.002
#: Seconds between two attempts to start checks that wait for a slot.
_PATIENCE = 0.1
#: Seconds for which a result of the own-connectivity check is reused.
_CONNECTIVITY_VALID = 1.0


class _ProbeRun:
    """The state of one probe in the engine."""

    __slots__ = ("again", "attempt", "check", "failing", "probe", "slow", "started", "task", "turn", "waiting")

    def __init__(self, probe: BoundProbe, check: Check) -> None:
        self.probe = probe
        self.check = check
        self.task: asyncio.Task[None] | None = None
        self.turn = 0.0
        self.started = 0.0
        self.attempt = 0
        self.again = False
        self.waiting = False
        self.slow = False
        self.failing = False


class Prober:
    """Checks every probe at its interval, from each of its vantages, and gives each observation to `sink`.

    `sink` is called in the event loop and must return at once (a queue's put, an append); an exception of it is logged
    and counted, and probing goes on. `unusable` is called once, before the first check, for each probe that cannot run
    (or not from one of its vantages): its checks are *unknown* with that reason, and the other probes are run.
    `concurrency` limits how many checks run at once. `prepare` and `connectivity` are parameters so that the engine can
    be tested without a network. `sandbox` is for kinds that ask it and not an address.
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
        sandbox: Sandbox | None = None,
    ) -> None:
        self._probes = tuple(each for probe in probes for each in probe.per_vantage or (probe,))
        self._index: dict[str, list[int]] = {}
        for index, probe in enumerate(self._probes):
            self._index.setdefault(probe.name, []).append(index)
        self._sink = sink
        self._unusable = unusable
        self._clock = clock or SystemClock()
        self._concurrency = concurrency
        self._prepare = prepare
        self._connectivity = connectivity
        self._sandbox = sandbox
        self._evaluator = Evaluator()
        self._tally = Tally()
        self._runs: list[_ProbeRun] = []
        self._lanes = Lanes(fast=1, slow=1)
        # Indexes that wait for a slot, in order: (of any lane, of the slow lane only).
        self._queues: tuple[dict[int, None], dict[int, None]] = ({}, {})
        self._paused = False
        self._closing = False
        self._reach = 0
        self._failing = 0
        self._connected: tuple[float, asyncio.Task[bool]] | None = None

    async def run(self) -> None:
        """Probe until cancelled; running checks are then cancelled too, and their sockets closed."""
        context = ProbeContext(
            Resolver(), self._clock.monotonic, self._evaluator, now=self._clock.now, sandbox=self._sandbox
        )
        limit = connection_limit(self._concurrency)
        self._lanes = Lanes(fast=max(1, limit // 2), slow=max(1, limit // 2))
        ready = [(probe, make_ready(probe, context, self._prepare)) for probe in self._probes]
        self._runs = [_ProbeRun(probe, made.check) for probe, made in ready]
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
        """Check that probe at once, from all its vantages; if a check is running, again as soon as it has ended.

        The observation's attempt counts up from the last scheduled check. Raises KeyError for an unknown name.
        """
        for index in self._index[name]:
            if not self._runs or self._closing:
                return
            run = self._runs[index]
            if run.task is not None or run.waiting:
                run.again = True
            else:
                self._begin(index, self._clock.monotonic(), run.attempt + 1)

    def pause(self) -> None:
        """Begin no check until `resume`; checks that become due meanwhile are left out and not counted as skipped."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def stats(self) -> ProberStats:
        return self._tally.stats(running=len(self._lanes), waiting=sum(map(len, self._queues)))

    # ---- time -----------------------------------------------------------------------------------------------------

    async def _keep_time(self) -> None:
        monotonic = self._clock.monotonic
        schedule = Schedule([(probe.key, probe.every) for probe in self._probes], monotonic())
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
        run = self._runs[index]
        if run.task is not None:
            self._tally.skipped += 1
            self._tell_slow(run)
        elif run.waiting:
            self._tally.skipped += 1
            del self._queues[run.slow][index]
            run.waiting = False
            self._give(run, Outcome.UNKNOWN, "the prober is overloaded: no free slot for this check", Seen(), run.turn)
        else:
            self._begin(index, due, 0)

    def _tell_slow(self, run: _ProbeRun) -> None:
        """A check is unanswered when the next one is due: it is degraded if it has taken too long already."""
        elapsed = self._clock.monotonic() - run.started
        values = {"time": {"total": elapsed}}
        if any(condition.holds(values) for condition in run.probe.degraded if condition.is_cheap(values)):
            reason = f"no answer for {elapsed:.1f} s"
            self._give(run, Outcome.DEGRADED, reason, Seen(), run.started, unanswered=True)

    def _begin(self, index: int, due: float, attempt: int) -> None:
        run = self._runs[index]
        run.turn, run.attempt = due, attempt
        if not self._start(index, run):
            run.waiting = True
            self._queues[run.slow][index] = None

    def _start(self, index: int, run: _ProbeRun) -> bool:
        now = self._clock.monotonic()
        if not self._lanes.enter(index, now, slow=run.slow):
            return False
        if run.attempt == 0:
            self._tally.began(now - run.turn)
        run.started = now
        run.task = asyncio.create_task(self._check(index, run, now))
        return True

    def _admit(self) -> None:
        """Start waiting checks in order as slots become free; those for the slow lane do not hold up the others."""
        for queue in self._queues:
            while queue and self._start(index := next(iter(queue)), run := self._runs[index]):
                del queue[index]
                run.waiting = False

    # ---- checking --------------------------------------------------------------------------------------------------

    async def _check(self, index: int, run: _ProbeRun, started: float) -> None:
        try:
            seen = await run.check()
        except asyncio.CancelledError:
            if self._closing:
                raise
            seen = Seen(unknown="the check was cancelled")
        except Exception as error:  # noqa: BLE001 - a bug in a kind must not stop other probes, nor pass for a failure
            _log.exception("probe %s", run.probe.key)
            seen = Seen(unknown=f"the prober failed: {type(error).__name__}: {error}".split("\n")[0])
        outcome, reason = await judge(run.probe, seen, self._evaluator)
        if _by_own_network(run.probe):
            self._count(run, outcome)
            if outcome is Outcome.FAIL and self._failing >= self._reach and not await self._is_connected():
                outcome, reason = Outcome.UNKNOWN, f"the prober's own network fails ({reason})"
        run.slow = self._clock.monotonic() - started >= self._lanes.slow_after
        self._lanes.leave(index)
        run.task = None
        self._give(run, outcome, reason, seen, started)
        self._admit()
        if run.again:
            run.again = False
            if run.task is None and not run.waiting:  # The sink may have called `check_now`, which has begun it.
                self._begin(index, self._clock.monotonic(), run.attempt + 1)

    def _count(self, run: _ProbeRun, outcome: Outcome) -> None:
        if (outcome is Outcome.FAIL) != run.failing:
            run.failing = not run.failing
            self._failing += 1 if run.failing else -1

    async def _is_connected(self) -> bool:
        """Whether this machine has a network; asked when every target fails at once."""
        now = self._clock.monotonic()
        if self._connected is None or now - self._connected[0] > _CONNECTIVITY_VALID:
            self._connected = (now, asyncio.ensure_future(_asked(self._connectivity)))
        return await asyncio.shield(self._connected[1])

    def _give(
        self, run: _ProbeRun, outcome: Outcome, reason: str, seen: Seen, started: float, *, unanswered: bool = False
    ) -> None:
        tally = self._tally
        tally.runs += not unanswered
        if outcome is Outcome.UNKNOWN:
            tally.unknown += 1
        observation = Observation(
            run.probe.spec.name,
            self._clock.now(),
            started,
            outcome,
            reason,
            seen.phases,
            seen.metrics,
            run.attempt,
            max(0.0, started - run.turn),
            run.probe.vantage or LOCAL,
            unanswered,
        )
        before = self._clock.monotonic()
        try:
            self._sink(observation)
        except Exception:  # noqa: BLE001 - an error of the receiver must not stop probing
            tally.sink_errors += 1
            _log.exception("the receiver of observations failed")
        if (took := self._clock.monotonic() - before) > tally.slowest_sink:
            tally.slowest_sink = took

    def _trip(self, name: str) -> Callable[[], None]:
        return lambda: self.check_now(name)

    async def _stop(self, context: ProbeContext) -> None:
        self._closing = True
        tasks = [run.task for run in self._runs if run.task is not None]
        if self._connected is not None:
            tasks.append(self._connected[1])  # type: ignore[arg-type]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await context.close()


def _by_own_network(probe: BoundProbe) -> bool:
    """Whether its failures may be those of this machine's network: not for a kind that may check this machine itself,
    nor for a remote prober.
    """
    return probe.settings.for_others is ForOthers.ALWAYS and probe.via is None


async def _asked(connectivity: Connectivity) -> bool:
    return await connectivity()

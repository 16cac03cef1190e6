"""How long it takes from the death of the shop's app to the alert, with a probe that checks every 10 s.

    python benchmarks/crash_to_alert.py [KILLS] [--no-tripwire] [--seed N]

Each time the app is killed at a seeded random phase of the probe's interval, as a crash would (SIGKILL), and started
again. The time runs from just before the kill to the alert; the alert needs two failed checks of three. With the
tripwire (a held-open connection whose reset makes the prober check at once) the interval does not matter; without it
the phase decides.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from drills import alerting
from drills.clock import SystemClock
from drills.included import included_root
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.model.playbook import Level, Limit, Playbook, Threshold
from drills.model.probe import Observation, Outcome, ProbeSpec, Role
from drills.probing.bind import bind
from drills.probing.engine.prober import Prober

INTERVAL = timedelta(seconds=10)
GIVE_UP = 60.0
#: An alert that took longer than this is shown with the checks that led to it.
REMARKABLE = 1.0


def playbook() -> Playbook:
    """One level, one threshold: the health probe is down."""
    source = "this benchmark"
    return Playbook(
        name="crash",
        title="Crash",
        levels=(Level(name="SEV1", means="the app is gone", respond=Limit(says="at once", source=source)),),
        thresholds=(Threshold(level="SEV1", when="health_failing", for_=timedelta(0), source=source),),
    )


class Watch:
    """The whole path: prober, alert state, and the moment of the alert."""

    def __init__(self, spec: ProbeSpec, sandbox: ShopSandbox) -> None:
        self.rules = alerting.AlertRules.of(playbook(), [spec])
        self.state = alerting.AlertState()
        self.fired: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.passed = asyncio.Event()
        self.checks: list[tuple[float, Observation]] = []
        self.prober = Prober([bind(spec, sandbox.addresses)], self.see, sandbox=sandbox)

    def see(self, observation: Observation) -> None:
        now = time.monotonic()
        self.checks.append((now, observation))
        if observation.outcome is Outcome.PASS:
            self.passed.set()
        self.state, transitions = alerting.observe(self.rules, self.state, now, observation)
        self.state, more = alerting.tick(self.rules, self.state, now)
        for transition in (*transitions, *more):
            if isinstance(transition, alerting.CheckAgain):
                self.prober.check_now(transition.probe)
            elif isinstance(transition, alerting.Fired) and not self.fired.done():
                self.fired.set_result(now)


async def one_crash(sandbox: ShopSandbox, spec: ProbeSpec, phase: float) -> float:
    """Seconds from the kill to the alert. Each crash has an alert state of its own, so that none counts as flapping."""
    watch = Watch(spec, sandbox)
    probing = asyncio.create_task(watch.prober.run())
    try:
        await asyncio.wait_for(watch.passed.wait(), GIVE_UP)
        await SystemClock().sleep(phase)
        killed = time.monotonic()
        await asyncio.to_thread(sandbox.services.kill, "app")
        took = await asyncio.wait_for(watch.fired, GIVE_UP) - killed
        if took > REMARKABLE:
            for at, seen in watch.checks:
                print(f"     check {at - killed:+8.3f} s  attempt {seen.attempt}  {seen.outcome}  {seen.reason}")
        return took
    finally:
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
        await asyncio.to_thread(sandbox.services.start, "app")


async def measure(kills: int, seed: int, *, tripwire: bool) -> list[float]:
    random_ = random.Random(seed)
    spec = ProbeSpec(
        name="health",
        kind="http",
        settings={"url": "${app}/health", "tripwire": tripwire},
        every=INTERVAL,
        role=Role.HEALTH,
        assert_=("status == 200",),
    )
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="drills-crash-") as folder:
        sandbox = ShopSandbox(LocalDriver(Path(folder), included_root()))
        await asyncio.to_thread(sandbox.up)
        try:
            for number in range(kills):
                phase = random_.uniform(0, INTERVAL.total_seconds())
                times.append(await one_crash(sandbox, spec, phase))
                print(
                    f"{number + 1:3d}  killed {phase:4.1f} s after a check   alert after {times[-1]:6.3f} s", flush=True
                )
        finally:
            await asyncio.to_thread(sandbox.down)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--no-tripwire", dest="tripwire", action="store_false")
    options = parser.parse_args()
    times = asyncio.run(measure(options.kills, options.seed, tripwire=options.tripwire))
    wire = "on" if options.tripwire else "off"
    print(
        f"crash to alert, probe every {INTERVAL.total_seconds():g} s, tripwire {wire}, {len(times)} kills: "
        f"median {statistics.median(times):.3f} s, worst {max(times):.3f} s"
    )


if __name__ == "__main__":
    main()

"""How late 10,000 probes at an interval of 10 s are, on one core.

    python benchmarks/prober_scale.py [--probes 10000] [--every 10] [--seconds 30]

The prober is pinned to one core, the probed server to another where there is one. Every probe opens a fresh
connection and asserts the status and a JSON field. Lateness: from when a check was due to when it began.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from contextlib import suppress

from probed_server import probed_server

from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.probing.bind import bind
from drills.probing.engine.prober import Prober


async def measured(ports: list[int], probes: int, every: float, seconds: float) -> None:
    bound = [
        bind(
            ProbeSpec.model_validate(
                {
                    "name": f"probe-{number}",
                    "http": {"url": f"http://127.0.0.1:{ports[number % len(ports)]}/status"},
                    "every": f"{every:g}s",
                    "assert": ["status == 200", "json.status == 'ok'"],
                }
            ),
            {},
        )
        for number in range(probes)
    ]
    outcomes = dict.fromkeys(Outcome, 0)

    def sink(observation: Observation) -> None:
        outcomes[observation.outcome] += 1

    prober = Prober(bound, sink)
    running = asyncio.create_task(prober.run())
    began = time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - began
    stats = prober.stats()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    print(f"{probes} probes every {every:g} s for {seconds:g} s: {stats.runs} checks, {outcomes[Outcome.PASS]} passed")
    print(
        f"lateness   p50 {stats.lateness_p50 * 1000:.1f} ms   p99 {stats.lateness_p99 * 1000:.1f} ms   "
        f"max {stats.lateness_max * 1000:.1f} ms   jitter {stats.jitter * 1000:.1f} ms"
    )
    print(f"skipped {stats.skipped}   unknown {stats.unknown}   CPU {used / seconds:.0%} of one core")
    print("aim: p99 < 50 ms, none skipped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    with probed_server(8) as ports:
        os.sched_setaffinity(0, {cores[0]})
        asyncio.run(measured(ports, arguments.probes, arguments.every, arguments.seconds))


if __name__ == "__main__":
    main()

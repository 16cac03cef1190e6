"""CPU seconds per 1,000 HTTP probes of the whole path, beside blackbox_exporter on the same server in the same run.

    python benchmarks/probe_cost.py [--seconds 15] [--rate 400]

Ours: due → fresh connection → answer read → status and JSON asserted → alert state → stored in SQLite; all threads of
the process count. Blackbox: its process only, asked over kept-alive connections (the asking is not counted): fresh
connection → answer read → status and body asserted. It keeps no schedule, no alert state and no store: those are
Prometheus' and Alertmanager's, whose cost is left out to its advantage.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml
from probed_server import probed_server

from drills.alerting import AlertRules, AlertState, observe
from drills.model.playbook import Playbook
from drills.model.probe import Observation, Outcome, ProbeSpec
from drills.probing.bind import BoundProbe, bind
from drills.probing.engine.prober import Prober
from drills.store.store import Store

ROOT = Path(__file__).resolve().parents[1]
PROBES = 400
BLACKBOX = "prometheus-blackbox-exporter"
MODULE = {
    "modules": {
        "json": {
            "prober": "http",
            "timeout": "5s",
            "http": {
                "preferred_ip_protocol": "ip4",
                "valid_status_codes": [200],
                "fail_if_body_not_matches_regexp": ['"status":\\s*"ok"'],
            },
        }
    }
}


@dataclass(frozen=True)
class Cost:
    """What probing took: checks, those that passed, processor seconds."""

    checks: int
    passed: int
    cpu: float

    @property
    def per_thousand(self) -> float:
        return self.cpu / self.checks * 1000


def probes(ports: list[int], rate: float) -> list[BoundProbe]:
    return [
        bind(
            ProbeSpec.model_validate(
                {
                    "name": f"probe-{number}",
                    "http": {"url": f"http://127.0.0.1:{ports[number % len(ports)]}/status"},
                    "every": f"{PROBES / rate:g}s",
                    "assert": ["status == 200", "json.status == 'ok'"],
                }
            ),
            {},
        )
        for number in range(PROBES)
    ]


async def checking(bound: list[BoundProbe], sink: Callable[[Observation], None], seconds: float) -> Cost:
    """What a prober that runs for that long costs this process, after a second of warming up."""
    checks = passed = 0

    def counted(observation: Observation) -> None:
        nonlocal checks, passed
        sink(observation)
        checks += 1
        passed += observation.outcome is Outcome.PASS

    running = asyncio.create_task(Prober(bound, counted).run())
    await asyncio.sleep(1)
    checks = passed = 0
    began = time.process_time()
    await asyncio.sleep(seconds)
    cost = Cost(checks, passed, time.process_time() - began)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return cost


def whole_path(bound: list[BoundProbe], seconds: float, folder: Path) -> Cost:
    playbook = Playbook.model_validate(yaml.safe_load((ROOT / "playbooks" / "fastapi.yaml").read_text()))
    rules = AlertRules.of(playbook, [probe.spec for probe in bound])
    store = Store.open(f"sqlite:///{folder}/probes.db")
    state = AlertState()

    def sink(observation: Observation) -> None:
        nonlocal state
        state, _ = observe(rules, state, observation.started, observation)
        store.observe(observation)

    cost = asyncio.run(checking(bound, sink, seconds))
    store.close()
    return cost


def engine_alone(bound: list[BoundProbe], seconds: float) -> Cost:
    return asyncio.run(checking(bound, lambda _: None, seconds))


def blackbox(ports: list[int], rate: float, seconds: float, folder: Path) -> Cost:
    config = folder / "blackbox.yml"
    config.write_text(yaml.safe_dump(MODULE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    exporter = subprocess.Popen(
        [BLACKBOX, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_until_open(port))
        asyncio.run(_ask(port, ports, rate, 1))
        process = psutil.Process(exporter.pid)
        before = process.cpu_times()
        checks, passed = asyncio.run(_ask(port, ports, rate, seconds))
        after = process.cpu_times()
    finally:
        exporter.terminate()
        exporter.wait(timeout=10)
    return Cost(checks, passed, after.user + after.system - before.user - before.system)


async def _until_open(port: int) -> None:
    for _ in range(100):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise SystemExit(f"{BLACKBOX} did not start")


async def _ask(port: int, targets: list[int], rate: float, seconds: float, callers: int = 20) -> tuple[int, int]:
    """Ask the exporter for probes at that rate over kept-alive connections; returns how many, and how many passed."""
    counted = [0, 0]
    ends = time.monotonic() + seconds

    async def caller(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = time.monotonic() + number / rate
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            target = f"http://127.0.0.1:{targets[counted[0] % len(targets)]}/status"
            writer.write(f"GET /probe?module=json&target={target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [
                line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            body = b""
            if lengths:
                body = await reader.readexactly(int(lengths[0]))
            else:
                while (size := int(await reader.readline(), 16)) > 0:
                    body += (await reader.readexactly(size + 2))[:-2]
                await reader.readline()
            counted[0] += 1
            counted[1] += b"\nprobe_success 1" in body
            due += callers / rate
        writer.close()

    await asyncio.gather(*(caller(number) for number in range(callers)))
    return counted[0], counted[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=float, default=400, help="probes per second")
    arguments = parser.parse_args()
    with probed_server(4) as ports, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bound = probes(ports, arguments.rate)
        rows = {
            "drills, engine alone": engine_alone(bound, arguments.seconds / 2),
            "drills, whole path": whole_path(bound, arguments.seconds, folder),
        }
        if shutil.which(BLACKBOX):
            rows["blackbox_exporter"] = blackbox(ports, arguments.rate, arguments.seconds, folder)
    print(f"{'':24}{'probes':>10}{'passed':>10}{'CPU s per 1,000':>20}")
    for what, cost in rows.items():
        print(f"{what:24}{cost.checks:>10}{cost.passed:>10}{cost.per_thousand:>20.3f}")
    if "blackbox_exporter" in rows:
        ratio = rows["drills, whole path"].per_thousand / rows["blackbox_exporter"].per_thousand
        print(f"\nwhole path / blackbox_exporter: {ratio:.2f}   (aim: 0.20 or less)")
    else:
        print(f"\n{BLACKBOX} is not installed: nothing to compare with")


if __name__ == "__main__":
    main()

"""A workspace with short drills and a warm sandbox, used through the same commands that people type."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import yaml

from drills.clock import SystemClock
from drills.drill.planning import plan_drill
from drills.drill.session import Session, hold_session
from drills.included import included_root
from drills.model.events import ResponderKind
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.sandbox.fingerprint import Fingerprint
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace

#: Long enough for the slowest machine; nothing waits that long when all is well.
PATIENCE = 90.0

#: The included drill with short times: hold, baseline and settle are what a drill's length is made of.
SHORT: Mapping[str, Any] = {
    "story": "Customers say that the shop shows errors on almost every page.",
    "steady": {"hold": "1s", "probes": ["home", "orders", "database"]},
    "traffic": {"users": 20, "spawn-rate": 20},
    "settle": "3s",
    "baseline": "3s",
    "limits": {"duration": "2m"},
}
CAUSES = ["database-down", "pool-exhausted", "bad-deploy"]
TRUTH = {"cause": "database-down", "among": CAUSES, "remedy": "Start the database again."}
GONE = {"at": "0s", "fault": {"kind": "kill-service", "service": "database"}}

SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "gone": {
        "title": "The database is gone",
        "timeline": [GONE],
        "truth": TRUTH,
        "hints": ["Ask each service whether it runs."],
        "expect": {"detected-within": "30s", "mitigated-within": "60s"},
    },
    "soon-over": {
        "title": "Nobody waits long",
        "timeline": [GONE],
        "truth": TRUTH,
        "expect": {"mitigated-within": "4s"},
    },
    "unnoticed": {
        "title": "A delay that nobody feels",
        "timeline": [
            {"at": "0s", "fault": {"kind": "link-latency", "link": "app-cache", "latency": "1ms", "jitter": "0ms"}}
        ],
        "runbook": None,
    },
    "never-well": {
        "title": "Users who suffer from the beginning",
        "timeline": [GONE],
        "traffic": {"users": 5, "spawn-rate": 20, "slow-after": "1ms"},
        "runbook": None,
    },
    "quiet": {
        "title": "Nothing happens",
        "timeline": [],
        "users-affected": False,
        "limits": {"duration": "4s"},
        "runbook": None,
    },
}

#: It looks for long enough that users suffer: a database that is back within a second reaches nobody.
REPAIR = """\
# Runbook: the database is gone
## Triage
```sh {"name":"check","read-only":true,"milestone":"cause-named","cause":"database-down"}
drills sandbox status; echo password=hunter22; sleep 4
```
## Mitigation
```sh {"name":"restart-database","timeout":"60s"}
drills sandbox restart database
```
"""
#: The health endpoint answers all the while; then the errors go away together with the app.
CHEAP = """\
# Runbook: looks well, serves nobody
## Mitigation
```sh {"name":"health","read-only":true,"timeout":"30s","expect":"ok +(app|/health)"}
drills sandbox health || true
```
```sh {"name":"scale-to-zero","timeout":"30s"}
drills sandbox scale 0
```
"""
#: Short ones of the included probes; nothing that checks back over a window outlasts a drill of seconds.
PROBES = ("home", "orders", "health", "database")


def make_workspace(folder: Path) -> None:
    """The files of the workspace; the shop and the users are the included ones."""
    folder.chmod(0o755)
    (folder / "drills.yaml").write_text("playbook: quick\n", encoding="utf-8")
    (folder / "playbooks").mkdir()
    (folder / "playbooks" / "quick.yaml").write_text(yaml.safe_dump(_quick()), encoding="utf-8")
    (folder / "probes").mkdir()
    included = yaml.safe_load((included_root() / "probes" / "shop.yaml").read_text(encoding="utf-8"))
    probes = [{**probe, "every": "1s", "timeout": "1s"} for probe in included if probe["name"] in PROBES]
    (folder / "probes" / "shop.yaml").write_text(yaml.safe_dump(probes), encoding="utf-8")
    for name, scenario in SCENARIOS.items():
        place = folder / "scenarios" / name
        place.mkdir(parents=True)
        (place / "scenario.yaml").write_text(yaml.safe_dump({**SHORT, **scenario}), encoding="utf-8")
    (folder / "scenarios" / "gone" / "runbook.md").write_text(REPAIR, encoding="utf-8")
    (folder / "scenarios" / "soon-over" / "runbook.md").write_text(CHEAP, encoding="utf-8")


def _quick() -> dict[str, Any]:
    """An included playbook whose only alarm is at once."""
    playbook = yaml.safe_load((included_root() / "playbooks" / "fastapi.yaml").read_text(encoding="utf-8"))
    alarm = {"level": "SEV1", "when": "database_failing", "for": "0s", "source": "for tests"}
    return {**playbook, "name": "quick", "thresholds": [alarm]}


@dataclass
class Runner:
    """A drill that goes on in a process of its own."""

    bench: Bench
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until(self, kind: str) -> DrillRecord:
        """Wait until an event of that kind is stored; returns the drill."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            record = self.bench.store.running("default")
            mine = record is not None and record.runner_pid == self.process.pid
            if mine and any(event.kind == kind for event in self.bench.store.events(record.drill_id)):
                return record
            assert self.process.poll() is None, f"it ended before {kind}: {self.output}"
            time.sleep(0.05)
        raise AssertionError(f"no {kind}: {self.output}")

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


@dataclass
class Bench:
    """The workspace; `pristine` is the state of its sandbox before any drill."""

    folder: Path
    store: Store
    pristine: Fingerprint
    runs: int = 0

    @property
    def workspace(self) -> Workspace:
        return Workspace.load(self.folder)

    def drills(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return run(self.folder, *words)

    def start(self, *words: str) -> Runner:
        """Start a command and go on."""
        self.runs += 1
        log = self.folder / f"run-{self.runs}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(*words),
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Runner(self, process, log)

    def conduct(self, name: str, responder: ResponderKind = ResponderKind.NONE, *, steady: float = 45) -> Session:
        """One drill in this process; `steady` is its patience with the steady state, in seconds."""
        plan = replace(
            plan_drill(self.workspace, name, responder=responder),
            steady_patience=timedelta(seconds=steady),
            impact_patience=timedelta(seconds=3),
        )
        return asyncio.run(hold_session(self.workspace, plan, self.store, clock=SystemClock()))

    def state(self) -> Fingerprint:
        """The sandbox's whole state, for comparison."""
        return open_sandbox(self.workspace).fingerprint()

    def card(self, record: DrillRecord | None = None) -> Scorecard:
        """The scorecard of that drill, or of the last one."""
        known = self.store.scorecards()
        return next(card for card in known if card.drill_id == record.drill_id) if record else known[-1]

    def timeline(self, record: DrillRecord) -> Timeline:
        return self.store.timeline(record.drill_id)

    def left_running(self, record: DrillRecord) -> list[str]:
        """Processes that this drill started beside the sandbox and that still live."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                marks = process.environ()
                if (
                    marks.get("DRILLS_DRILL") == record.drill_id
                    and marks.get("DRILLS_WORKSPACE") == str(self.folder)
                    and "DRILLS_SANDBOX" not in marks
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(" ".join(process.cmdline()))
        return found

    def assert_mended(self, record: DrillRecord) -> None:
        """Nothing is owed, nothing runs on, and the sandbox is as it was."""
        assert self.left_running(record) == []
        assert self.state() == self.pristine
        assert Journal(self.store).owed("default") == []


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "drills", *words]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRILLS_")}
    return {**kept, "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parents[2])}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < PATIENCE, what
        time.sleep(0.1)


def end(runner: Runner) -> None:
    """Whatever a test left of it."""
    if runner.process.poll() is None:
        runner.process.send_signal(signal.SIGTERM)
        runner.process.wait(PATIENCE)

"""A temporary workspace with its own sandbox, store and reports, driven by the commands that a user types."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from acceptance.ending import Commands, shielded
from drills.sandbox.compose.project import normalised

ROOT = Path(__file__).resolve().parent.parent
#: What the sandbox as containers needs besides the shop.
COMPOSE_FILES = ("docker-compose.yml", ".dockerignore")


@dataclass(frozen=True)
class Harness:
    """A copy of this repository's workspace in a temporary folder, with a warm sandbox."""

    folder: Path
    commands: Commands = field(default_factory=Commands, compare=False, repr=False)

    @property
    def store(self) -> str:
        """The URL of its store."""
        return f"sqlite:///{self.folder / '.drills/drills.db'}"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "drills", *words]

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        # What leads to a workspace, a project or ports of the user's own must not lead an acceptance run there.
        plain = {key: value for key, value in os.environ.items() if not key.startswith(("DRILLS_", "COMPOSE_"))}
        return {**plain, "PATH": path, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}

    def run(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its exit status is the caller's business."""
        return self.commands.run(self.command(*words), self.folder, self.environment, timeout)

    def start(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command and go on."""
        with log.open("wb") as output:
            started: subprocess.Popen[bytes] = self.commands.start(
                self.command(*words), self.folder, self.environment, output
            )
            return started

    def state(self) -> dict[str, Any]:
        """The sandbox's whole state, as `drills sandbox status --json` prints it."""
        answer = self.run("sandbox", "status", "--json")
        if answer.returncode != 0:
            raise RuntimeError(f"no state: {answer.stderr.strip() or answer.stdout.strip()}")
        state: dict[str, Any] = json.loads(answer.stdout)
        return state

    def take_down(self) -> bool:
        """End what still runs, undo what is owed, and take the sandbox down; says so in a line when that failed."""
        self.commands.end()
        last = Harness(self.folder, Commands(lasting=True))
        last.run("recover")
        down = last.run("sandbox", "down")
        if down.returncode != 0:
            said = (down.stderr.strip() or down.stdout.strip() or f"exit {down.returncode}").splitlines()[-1]
            print(f"FAIL {self.folder} is left: {said}; run `drills sandbox down` there", file=sys.stderr, flush=True)
        return down.returncode == 0


class NotStarted(RuntimeError):
    """The sandbox did not come up; the message says why in one line."""


@contextmanager
def open_harness(driver: str = "local", *, warm: bool = True) -> Iterator[Harness]:
    """A workspace of its own with a sandbox that is up; taken down and removed at the end.

    Without `warm` the sandbox is not brought up yet. Raises NotStarted.
    """
    folder = Path(tempfile.mkdtemp(prefix="drills-acceptance-"))
    # PostgreSQL runs as another user when this one is root, and has to get through.
    folder.chmod(0o755)
    for name in ("scenarios", "probes", "playbooks", "shop"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in COMPOSE_FILES:
        shutil.copy(ROOT / name, folder / name)
    config = yaml.safe_load((ROOT / "drills.yaml").read_text(encoding="utf-8"))
    config["sandbox"] = {**config.get("sandbox", {}), "driver": driver}
    (folder / "drills.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    harness = Harness(folder)
    try:
        if warm:
            bring_up(harness)
        yield harness
    finally:
        with shielded():
            if harness.take_down():
                if driver != "local":
                    images = [f"{name}:{normalised(folder.name)}" for name in ("drills-shop", "drills-load")]
                    subprocess.run(["docker", "image", "rm", "--force", *images], capture_output=True, check=False)
                shutil.rmtree(folder, ignore_errors=True)


def bring_up(harness: Harness, timeout: float = 300) -> None:
    """Raises NotStarted."""
    try:
        up = harness.run("sandbox", "up", timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise NotStarted(f"the sandbox did not start within {error.timeout:g} s") from None
    if up.returncode != 0:
        said = (up.stderr.strip() or up.stdout.strip() or "without a word").splitlines()
        raise NotStarted(f"the sandbox did not start: exit {up.returncode}: {said[-1]}")


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Where two states differ, one line for each field."""
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for key in sorted(before.keys() | after.keys()):
            lines += differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        return lines
    return [] if before == after else [f"{path}: {before!r} → {after!r}"]

"""Compose is killed while it makes a container anew, by a runbook's step that its drill has ended, say."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

#: It ends only when it is killed, three seconds after it was asked to.
FILE = """
services:
  web:
    image: python:3.11-slim
    command: [python3, -c, "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); [s.pause() for _ in range(9)]"]
    stop_grace_period: 3s
    environment: {POOL_SIZE: "${POOL_SIZE:-10}"}
"""


def compose(folder: Path, *words: str) -> str:
    done = subprocess.run(["docker", "compose", *words], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def containers(folder: Path) -> list[str]:
    return compose(folder, "ps", "--all", "--quiet").split()


def ended(container: str) -> bool:
    """Whether it has ended once; it may run again."""
    shown = ["docker", "inspect", "--format", "{{.State.FinishedAt}}", container]
    return not subprocess.check_output(shown, text=True).startswith("0001-01-01")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    own = tmp_path / tmp_path.name.lower().replace("_", "-")
    own.mkdir()
    (own / "compose.yaml").write_text(FILE, encoding="utf-8")
    yield own
    compose(own, "down", "--timeout", "0", "--remove-orphans")


@pytest.fixture
def sandbox(folder: Path) -> DeclaredSandbox:
    project = Project(folder.name, folder, folder / "compose.yaml", engine_host())
    web = DeclaredService(may=(Act.SET,))
    return DeclaredSandbox(project, folder / ".drills", {"web": web}, settings={"web": ("POOL_SIZE",)})


def break_off(folder: Path) -> None:
    """Kill Compose as soon as it has made the replacement, and waits for the former to end."""
    running = subprocess.Popen(
        ["docker", "compose", "up", "--detach", "web"],
        cwd=folder, env={**os.environ, "POOL_SIZE": "3"}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(containers(folder)) < 2:
        assert running.poll() is None, "Compose was quicker than its kill"
        assert time.monotonic() < deadline
    os.killpg(running.pid, 9)
    running.wait()


def test_a_service_that_was_half_made_anew_is_as_it_was_after_an_undo(folder: Path, sandbox: DeclaredSandbox) -> None:
    sandbox.up()
    before, former = sandbox.fingerprint(), containers(folder)
    break_off(folder)
    sandbox.restore(before)

    assert sandbox.fingerprint() == before
    assert containers(folder) == former
    assert ended(former[0]), "the engine ends it only now, after the undo"


def test_a_setting_can_be_set_after_its_change_was_broken_off(folder: Path, sandbox: DeclaredSandbox) -> None:
    sandbox.up()
    break_off(folder)
    sandbox.settings.set({"POOL_SIZE": "3"})

    assert sandbox.settings.values() == {"web.POOL_SIZE": "3"}
    assert len(containers(folder)) == 1
    assert [each.running for each in sandbox.services.list()] == [Running.UP]

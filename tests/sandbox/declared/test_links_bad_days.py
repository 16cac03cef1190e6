"""What may happen to links in the middle: each day ends with one clear line, and nothing is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drills.errors import BadInput, ExitCode
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.sandbox import DeclaredSandbox
from drills.workspace.workspace import Workspace
from tests.included_shop.compose.test_engine_dies import Door
from tests.sandbox.declared.test_drill import ROOT, drills, standing
from tests.sandbox.declared.test_links import LINKED, networks, project, reaches

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

PROXY = "troubled-drills-link-web-to-db"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield from project(tmp_path_factory.mktemp("links") / "troubled", LINKED)


@pytest.fixture
def folder(running: Path) -> Iterator[Path]:
    """The project as its owner has it; after each test nothing of ours is there, and nothing was recreated."""
    compose(running, "up", "--detach", "--wait")
    before = (standing(running), networks(running, "web"))
    yield running
    assert proxies() == ""
    assert (standing(running), networks(running, "web")) == before


def compose(folder: Path, *words: str) -> str:
    done = subprocess.run(["docker", "compose", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def proxies() -> str:
    return docker("ps", "--all", "--filter", "label=drills.link.project=troubled", "--format", "{{.Names}}").strip()


def link(folder: Path, *words: str) -> str:
    done = drills(folder, "sandbox", "link", "web-db", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def drill(folder: Path, log: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A drill of the link to which nobody answers, until it is broken off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRILLS_", "COMPOSE_"))}
    with log.open("w", encoding="utf-8") as file:
        runner = subprocess.Popen(
            [sys.executable, "-m", "drills", "run", "db-gone", "--responder", "none"],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield runner
    finally:
        runner.kill()
        runner.wait()


def until(holds: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize("harm", [("kill",), ("pause",), ("rm", "--force")])
def test_a_proxy_that_is_gone_is_there_again_or_leaves_nothing_behind(folder: Path, harm: tuple[str, ...]) -> None:
    link(folder, "--cut")
    docker(*harm, PROXY)
    assert "CUT" in link(folder), "who cannot get through is cut off"
    assert "open" in link(folder, "--open")
    assert reaches(folder, "web")
    docker(*harm, PROXY)
    assert drills(folder, "sandbox", "down").returncode == 0
    assert proxies() == ""
    compose(folder, "up", "--detach", "--wait")
    assert reaches(folder, "web")


def test_a_runner_that_dies_as_links_are_put_in_is_recovered(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "drill.log"
    with drill(folder, log) as runner:
        until(lambda: PROXY in proxies(), log)
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait()
    recovered = drills(folder, "recover")
    assert recovered.returncode == ExitCode.ALL_MET, recovered.stdout + recovered.stderr
    assert reaches(folder, "web")


def test_an_owner_who_takes_the_project_down_meanwhile_finds_it_whole(running: Path, tmp_path: Path) -> None:
    compose(running, "up", "--detach", "--wait")
    log = tmp_path / "drill.log"
    with drill(running, log) as runner:
        until(lambda: "in place" in log.read_text(), log)
        compose(running, "down", "--timeout", "1")
        runner.send_signal(signal.SIGINT)
        assert runner.wait(timeout=180) == ExitCode.INTERRUPTED, log.read_text()
    assert "Traceback" not in log.read_text()
    assert proxies() == ""
    assert all(reaches(running, "web", number=number) for number in (1, 2, 3))
    compose(running, "down", "--timeout", "1")
    assert "troubled" not in docker("network", "ls", "--format", "{{.Name}}"), "nothing of ours holds its networks"


def test_an_engine_that_goes_in_the_middle_leaves_it_owed(folder: Path, tmp_path: Path) -> None:
    log, door = tmp_path / "drill.log", Door(tmp_path / "engine.sock")
    host = {"DOCKER_HOST": f"unix://{tmp_path / 'engine.sock'}"}
    try:
        with drill(folder, log, **host) as runner:
            until(lambda: "in place" in log.read_text(), log)
            door.shut()
            runner.send_signal(signal.SIGINT)
            assert runner.wait(timeout=180) == ExitCode.UNDO_OWED, log.read_text()
    finally:
        door.shut()
    assert "Traceback" not in log.read_text()
    assert "the Docker engine at" in log.read_text()
    assert not reaches(folder, "web")
    recovered = drills(folder, "recover")
    assert recovered.returncode == ExitCode.ALL_MET, recovered.stdout + recovered.stderr
    assert reaches(folder, "web")


def test_a_container_that_was_taken_off_its_network_by_a_killed_process_is_on_it_again(folder: Path) -> None:
    link(folder, "--cut")
    state = next((folder / ".drills").rglob("state.json"))
    kept = json.loads(state.read_text())
    about = json.loads(docker("inspect", "troubled-web-1"))[0]
    back = about["NetworkSettings"]["Networks"]["troubled_back"]
    left = {"Aliases": [each for each in back["Aliases"] if each != about["Id"][:12]], "Links": back["Links"]}
    state.write_text(json.dumps({**kept, "disconnected": {about["Id"]: {"troubled_back": left}}}))
    docker("network", "disconnect", "troubled_back", "troubled-web-1")
    assert "open" in link(folder, "--open")
    assert reaches(folder, "web")
    assert drills(folder, "sandbox", "down").returncode == 0
    compose(folder, "up", "--detach", "--wait")


def test_of_two_workspaces_on_one_project_the_second_is_told_of_the_first(folder: Path, tmp_path: Path) -> None:
    link(folder, "--cut")
    config = Workspace.load(folder).config.sandbox
    own = Project("troubled", folder, folder / "compose.yaml", engine_host())
    other = DeclaredSandbox(own, tmp_path / "other", config.services, links=config.links)
    with pytest.raises(BadInput, match=r"another workspace has links .* nothing was touched.*/troubled/\.drills"):
        other.fingerprint()
    assert drills(folder, "sandbox", "down").returncode == 0
    compose(folder, "up", "--detach", "--wait")
    assert other.fingerprint().mapping("links") == {}

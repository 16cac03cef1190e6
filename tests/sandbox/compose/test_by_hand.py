"""What the README says of containers, typed as it stands there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.layout import PORTS, port_variable
from drills.sandbox.compose.project import PROJECT, normalised
from drills.sandbox.ports import choose_ports
from proofs.workbench import Workbench, workbench

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


@pytest.fixture
def bench() -> Iterator[Workbench]:
    """A clone, as good as: nothing of it has been started, and drills.yaml says `auto`."""
    with workbench("auto", warm=False) as fresh:
        yield fresh


def compose(bench: Workbench, *words: str) -> None:
    """`docker compose` on ports that nobody has; the usual ones may be somebody's on this machine."""
    ports = {port_variable(name): str(port) for name, port in choose_ports(PORTS, {}, bench.folder).items()}
    done = subprocess.run(
        ["docker", "compose", *words],
        cwd=bench.folder, env={**bench.environment, **ports, "DOCKER_HOST": engine_host()},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def ours(bench: Workbench, kind: str) -> list[str]:
    listed = subprocess.run(
        ["docker", kind, "ls", "--quiet", "--filter", f"label={PROJECT}={normalised(bench.folder.name)}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return listed.stdout.split()


def test_compose_up_then_a_drill_then_compose_down_is_all_it_takes(bench: Workbench) -> None:
    compose(bench, "up", "--wait")
    try:
        done = bench.run("run", "database-failure", "--json")
        assert done.returncode == 0, done.stderr
        card = json.loads(done.stdout)
        assert (card["result"], card["recovery"]) == ("met", "full")
        assert len(ours(bench, "container")) > 8, "the drill used these, and left them"
    finally:
        compose(bench, "down", "--volumes")
    assert ours(bench, "container") + ours(bench, "volume") == []
    assert "the sandbox is down" in bench.run("sandbox", "status").stderr

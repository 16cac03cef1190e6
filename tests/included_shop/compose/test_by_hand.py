"""What the README says of containers, typed as it stands there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from acceptance.harness import Harness, open_harness
from drills.included_shop.compose.ports import PORTS, port_variable
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import PROJECT, normalised
from drills.sandbox.ports import choose_ports
from tests.included_shop.test_conformance import eventually

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A clone, as good as: nothing of it has been started, and drills.yaml says `auto`."""
    with open_harness("auto", warm=False) as fresh:
        yield fresh


@pytest.fixture
def ports(harness: Harness) -> dict[str, str]:
    """The variables of ports that nobody has; the usual ones may be somebody's on this machine."""
    return {
        port_variable(name): str(port) for name, port in choose_ports([*PORTS, "locust"], {}, harness.folder).items()
    }


def compose(harness: Harness, ports: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        ["docker", "compose", *words],
        cwd=harness.folder, env={**harness.environment, **ports, "DOCKER_HOST": engine_host()},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def ours(harness: Harness, kind: str) -> list[str]:
    listed = subprocess.run(
        ["docker", kind, "ls", "--quiet", "--filter", f"label={PROJECT}={normalised(harness.folder.name)}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return listed.stdout.split()


def test_compose_up_then_a_drill_then_compose_down_is_all_it_takes(harness: Harness, ports: dict[str, str]) -> None:
    compose(harness, ports, "up", "--wait")
    try:
        done = harness.run("run", "database-failure", "--json")
        assert done.returncode == 0, done.stderr
        card = json.loads(done.stdout)
        assert (card["result"], card["recovery"]) == ("met", "full")
        assert len(ours(harness, "container")) > 8, "the drill used these, and left them"
    finally:
        compose(harness, ports, "down", "--volumes")
    assert ours(harness, "container") + ours(harness, "volume") == []
    assert "the sandbox is down" in harness.run("sandbox", "status").stderr


def test_locust_by_itself_loads_the_shop_with_as_many_workers_as_asked_for(
    harness: Harness, ports: dict[str, str]
) -> None:
    page = ports["DRILLS_PORT_LOCUST"]
    compose(harness, ports, "--profile", "load", "up", "--wait", "--scale", "locust-worker=2")
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{page}", timeout=10) as locust:
            assert eventually(lambda: len(stats(locust)["workers"]) == 2)
            assert locust.post("/swarm", data={"user_count": 4, "spawn_rate": 4}).json()["success"]
            assert eventually(lambda: stats(locust)["stats"][-1]["num_requests"] >= 8), stats(locust)
            assert stats(locust)["errors"] == []
    finally:
        compose(harness, ports, "--profile", "load", "down", "--volumes")
    assert ours(harness, "container") + ours(harness, "volume") == []


def stats(locust: httpx.Client) -> dict[str, Any]:
    """What Locust's page shows: the workers, and the requests with their sum as the last."""
    shown: dict[str, Any] = locust.get("/stats/requests").json()
    return shown

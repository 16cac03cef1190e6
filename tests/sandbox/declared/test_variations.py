"""Networks, names, ports, jobs and restart policies of all kinds: each service is reached, broken and brought back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox
from tests.free_ports import free_port

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

FILE = """
services:
  Store_a.B:
    image: redis:7
    scale: 3
    restart: always
    depends_on: {{prepare: {{condition: service_completed_successfully}}}}
  prepare: {{image: redis:7, command: "true", restart: "no"}}
  on-the-machine: {{image: redis:7, network_mode: host, command: redis-server --port {own} --bind 127.0.0.1}}
  published: {{image: redis:7, ports: ["127.0.0.2:{published}:6379", "6379/udp"]}}
  beside: {{image: redis:7, network_mode: "service:published", command: redis-server --port 7000}}
  alone: {{image: redis:7, network_mode: none}}
  slow:
    image: redis:7
    init: true
    stop_grace_period: 1s
    command: [sh, -c, "trap '' TERM; while :; do sleep 1; done"]
"""
REDIS = DeclaredService(adapter=Adapter.REDIS, may=(Act.KILL, Act.STOP))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[DeclaredSandbox]:
    file = tmp_path / "compose.yaml"
    own = free_port()
    file.write_text(FILE.format(own=own, published=free_port()), encoding="utf-8")
    declared = {
        "Store_a.B": REDIS,
        "prepare": DeclaredService(),
        "on-the-machine": REDIS.model_copy(update={"port": own}),
        "published": REDIS,
        "beside": REDIS.model_copy(update={"port": 7000}),
        "alone": DeclaredService(),
        "slow": DeclaredService(may=(Act.STOP,)),
    }
    project = Project(tmp_path.name.lower().replace("_", "-"), tmp_path, file, engine_host())
    yield DeclaredSandbox(project, tmp_path / ".drills", declared)
    down = ["docker", "compose", "--project-name", project.name, "down", "--volumes", "--timeout", "0"]
    subprocess.run(down, cwd=tmp_path, capture_output=True, check=False)


def test_each_is_reached_broken_and_brought_back(sandbox: DeclaredSandbox) -> None:
    sandbox.up()
    assert {name for name, (well, _) in sandbox.health().items() if not well} == set(), sandbox.health()
    addresses = sandbox.addresses
    assert addresses["published"].startswith("redis://127.0.0.2:")
    assert addresses["on-the-machine"].startswith("redis://127.0.0.1:")
    assert addresses["beside"].endswith(":7000/0")
    assert {"prepare", "alone", "slow"}.isdisjoint(addresses)
    listed = {each.service: each for each in Containers(sandbox._project).list()}
    assert listed["beside"].address == listed["published"].address != ""
    before = sandbox.fingerprint()
    assert {each.name: each.running for each in sandbox.services.list()}["prepare"] is Running.FINISHED

    sandbox.services.kill("Store_a.B/2")
    sandbox.services.kill("on-the-machine")
    began = time.monotonic()
    sandbox.services.stop("slow")
    assert time.monotonic() - began < 10, "its stop_grace_period is one second"
    standing = {each.name: (each.running, each.detail) for each in sandbox.services.list()}
    assert standing["Store_a.B"] == (Running.UP, "2 of 3 run"), "restart: always does not bring back what is killed"
    assert standing["on-the-machine"][0] is standing["slow"][0] is Running.DOWN
    sandbox.restore(before)
    assert sandbox.fingerprint() == before


def test_a_job_that_has_finished_is_run_again_only_when_compose_has_something_to_start(
    sandbox: DeclaredSandbox,
) -> None:
    def began() -> str:
        (job,) = sandbox.services.containers_of("prepare")
        return str(Containers(sandbox._project).inspect(job)["State"]["StartedAt"])

    sandbox.up()
    first = began()
    sandbox.up()
    assert began() == first, "nothing was missing"
    sandbox.services.kill("slow")
    sandbox.up()
    standing = {each.name: each.running for each in sandbox.services.list()}
    assert (standing["slow"], standing["prepare"]) == (Running.UP, Running.FINISHED)
    subprocess.run(["docker", "rm", "--force", f"{sandbox._project.name}-Store_a.B-2"], capture_output=True, check=True)
    sandbox.up()
    assert len(sandbox.services.containers_of("Store_a.B")) == 3, "one that was removed is made again"


def test_a_job_that_fails_is_told(tmp_path: Path, sandbox: DeclaredSandbox) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('command: "true"', 'command: "false"'), encoding="utf-8")
    with pytest.raises(EnvironmentFailed, match="the job prepare failed with status 1"):
        sandbox.up()

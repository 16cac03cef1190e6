"""Bad days of the engine and its containers, met by a drill: one clear line, nothing owed, the sandbox as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.harness import Harness, differences, open_harness
from drills.clock import SystemClock
from drills.drill.stopping import recover_sandbox
from drills.errors import ExitCode
from drills.model.events import FaultVerified
from drills.model.scorecard import DrillResult, Scorecard
from drills.sandbox.compose.engine import containers, engine_host
from drills.sandbox.compose.project import SERVICE, named_for
from drills.store.store import Store
from drills.workspace.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

#: A registry that refuses at once.
MISSING = "127.0.0.1:9/drills-missing:7"

FULL = """#!/bin/sh
case " $* " in
*" build "* | *" up "*)
    echo "#8 ERROR: failed to copy files: write /var/lib/docker/tmp/layer: no space left on device" >&2
    echo "failed to solve: write /var/lib/docker/tmp/layer: no space left on device" >&2
    exit 1
    ;;
esac
exec {docker} "$@"
"""

#: Nobody answers, and it is over soon: ten seconds after the first user suffered.
BRIEF = {
    "title": "The database is gone",
    "story": "And somebody removes more by hand.",
    "steady": {"hold": "1s", "probes": ["home"]},
    "traffic": {"users": 8, "spawn-rate": 8},
    "baseline": "1s",
    "timeline": [{"at": "0s", "fault": {"kind": "kill-service", "service": "database"}}],
    "expect": {"detected-within": "8s", "mitigated-within": "10s"},
    "truth": {"cause": "database-down", "among": ["database-down", "bad-deploy"], "remedy": "Start it."},
    "limits": {"duration": "1m"},
    "runbook": None,
}


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    """A workspace whose sandbox is down."""
    with open_harness("compose", warm=False) as cold:
        place = cold.folder / "scenarios" / "brief"
        place.mkdir()
        (place / "scenario.yaml").write_text(yaml.safe_dump(BRIEF), encoding="utf-8")
        yield cold


@contextmanager
def edited(harness: Harness, edit: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """The services of the workspace's compose file, changed for a while."""
    file = harness.folder / "docker-compose.yml"
    text = file.read_text(encoding="utf-8")
    read = yaml.safe_load(text)
    edit(read["services"])
    file.write_text(yaml.safe_dump(read, sort_keys=False), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(text, encoding="utf-8")


def why_not(harness: Harness) -> str:
    """The one line in which a drill says why it is not valid; nothing is owed then, and nothing is left standing."""
    done = harness.run("run", "database-failure", "--json")
    assert done.returncode == ExitCode.NOT_VALID, done.stdout + done.stderr
    assert done.stderr == ""
    card = Scorecard.model_validate_json(done.stdout)
    assert card.result is DrillResult.INVALID
    assert nothing_is_owed(harness)
    assert containers(engine_host(), project(harness)) == [], "what was half made is gone"
    assert "\n" not in card.why_not
    return card.why_not


def one_line_of_up(harness: Harness) -> str:
    done = harness.run("sandbox", "up")
    assert done.returncode == ExitCode.NOT_VALID, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


def nothing_is_owed(harness: Harness) -> bool:
    """Whether `drills recover` finds nothing to do."""
    store = Store.open(harness.store, clock=SystemClock())
    try:
        return recover_sandbox(Workspace.load(harness.folder), store).lines() == ()
    finally:
        store.close()


def project(harness: Harness) -> str:
    return named_for(harness.folder, "default")


def test_an_image_that_is_missing_is_named(harness: Harness) -> None:
    with edited(harness, lambda services: services["cache"].update(image=MISSING)):
        line = f"the image {MISSING} is missing and cannot be fetched: "
        assert why_not(harness).startswith(f"the environment failed: {line}")
        assert one_line_of_up(harness).startswith(line)


def test_a_service_that_never_becomes_healthy_is_named_with_its_last_words(harness: Harness) -> None:
    def never_ready(services: dict[str, Any]) -> None:
        check = {"test": ["CMD", "false"], "interval": "1s", "timeout": "1s", "retries": 1}
        command = ["-c", "echo 'waiting for a disk that does not come' && exec sleep 60"]
        services["database"].update(entrypoint=["sh"], command=command, healthcheck=check, stop_signal="SIGKILL")

    with edited(harness, never_ready):
        told = why_not(harness)
    assert told.startswith("the environment failed: database did not come up (")
    assert told.endswith("is unhealthy): waiting for a disk that does not come")


def test_an_engine_whose_disk_is_full_is_told(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("docker")
    assert real is not None
    fake = tmp_path / "docker"
    fake.write_text(FULL.format(docker=real), encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    line = "the Docker engine's disk is full: free some, `docker system df` shows what takes it"
    assert why_not(harness) == f"the environment failed: {line}"
    assert one_line_of_up(harness) == line


def test_containers_that_are_removed_by_hand_in_the_middle_are_there_again_at_the_end(
    harness: Harness, tmp_path: Path
) -> None:
    up = harness.run("sandbox", "up")
    assert up.returncode == ExitCode.ALL_MET, up.stderr
    try:
        before = harness.state()
        log = tmp_path / "drill.log"
        runner = harness.start("run", "brief", "--responder", "none", log=log)
        try:
            await_fault(harness, runner, log)
            removed = remove_by_hand(harness, "cache", "app")
            assert runner.poll() is None, log.read_text()
            assert runner.wait(timeout=120) == ExitCode.LIMIT_MISSED, log.read_text()
        finally:
            runner.kill()
        said = log.read_text()
        assert "Traceback" not in said
        assert "the limit for a recovery has passed and users still suffer" in " ".join(said.split())
        assert "Undone: #" in said
        assert nothing_is_owed(harness)
        assert differences(before, harness.state()) == []
        assert not removed & {each["Id"] for each in containers(engine_host(), project(harness))}
    finally:
        harness.run("sandbox", "down")


def await_fault(harness: Harness, runner: subprocess.Popen[bytes], log: Path) -> None:
    """Until the database's end was verified."""
    store = Store.open(harness.store, clock=SystemClock())
    deadline = time.monotonic() + 90
    try:
        while True:
            for drill in store.drills():
                if any(isinstance(event, FaultVerified) for event in store.events(drill.drill_id)):
                    return  # No other drill of this workspace came that far.
            assert time.monotonic() < deadline, log.read_text()
            assert runner.poll() is None, log.read_text()
            time.sleep(0.1)
    finally:
        store.close()


def remove_by_hand(harness: Harness, *services: str) -> set[str]:
    """Of each of these services one container; returns their ids."""
    first = {each["Labels"][SERVICE]: each["Id"] for each in containers(engine_host(), project(harness))}
    ids = {first[service] for service in services}
    subprocess.run(["docker", "rm", "--force", *ids], check=True, capture_output=True)
    return ids

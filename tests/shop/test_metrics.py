"""Replicas that share one metrics folder, each a process of its own as in real life."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shop.replica_name import SILENT_SECONDS, beat, lives, replica_name

REPLICA = """
from shop.metrics import LOGINS, POOL_SIZE, exposition, show_life
show_life()
LOGINS.labels("ok").inc()
POOL_SIZE.set(3)
import time
from pathlib import Path
import os
beat = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / ("heartbeat_" + os.environ["SHOP_REPLICA"])
while not beat.exists():
    time.sleep(0.005)
print(exposition()[0].decode())
"""


def replica(folder: Path, name: str) -> dict[str, float]:
    """What a replica of that name says; it is gone when this returns."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "SHOP_REPLICA": name}
    said = subprocess.run([sys.executable, "-c", REPLICA], env=environment, capture_output=True, text=True, check=True)
    lines = [line.rsplit(" ", 1) for line in said.stdout.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def heard(folder: Path, name: str, seconds_ago: float) -> None:
    at = time.time() - seconds_ago
    os.utime(folder / f"heartbeat_{name}", (at, at))


def test_replicas_in_containers_are_told_apart_and_the_silent_ones_gauges_forgotten(tmp_path: Path) -> None:
    replica(tmp_path, "app-1")
    heard(tmp_path, "app-1", -3600)
    both = replica(tmp_path, "app-2")
    assert (both['shop_logins_total{result="ok"}'], both["shop_pool_size"]) == (2, 6)
    heard(tmp_path, "app-1", SILENT_SECONDS + 1)
    again = replica(tmp_path, "app-2")
    assert (again['shop_logins_total{result="ok"}'], again["shop_pool_size"]) == (3, 3)
    assert sorted(path.name for path in tmp_path.glob("gauge*")) == [
        "gauge_livesum_app-1.db",
        "gauge_livesum_app-2.db",
    ]


def test_a_replica_that_ends_by_itself_is_forgotten_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_REPLICA", "app-3")
    end = beat(tmp_path, "app-3")
    end()
    assert not lives(tmp_path, "app-3", now=0)


def test_a_replica_without_a_name_is_its_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SHOP_REPLICA", raising=False)
    assert replica_name() == str(os.getpid())
    assert lives(tmp_path, replica_name(), now=0)
    assert not lives(tmp_path, "4194305", now=0)


def test_a_name_can_be_that_of_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "b6_f0/1")
    monkeypatch.setenv("SHOP_REPLICA", "hostname")
    assert replica_name() == "b6-f0-1"


def test_what_nobody_has_done_yet_is_told_as_nothing(tmp_path: Path) -> None:
    """A counter that is not exposed before its first event cannot be told from one that is misnamed."""
    said = replica(tmp_path, "first")
    assert said['shop_logins_total{result="ok"}'] == 1
    assert said['shop_logins_total{result="refused"}'] == said['shop_logins_total{result="failed"}'] == 0

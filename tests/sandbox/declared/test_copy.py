"""A drill on a throw-away copy leaves the project itself untouched, and nothing of the copy, also after a SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drills.sandbox.compose.model import ComposeModel
from drills.sandbox.declared.copying import override, refusals
from tests.sandbox.declared.test_drill import FILES, ROOT, drills, standing

MODEL = ComposeModel(
    "shop",
    {
        "web": {"ports": [{"target": 80}], "container_name": "the-web"},
        "db": {
            "volumes": [{"type": "volume", "source": "data"}, {"type": "bind", "source": "/etc", "read_only": True}]
        },
    },
    {"volumes": {"data": {"name": "shop_data"}, "own": {"name": "ours"}}, "networks": {"n": {"external": True}}},
)


def test_what_two_projects_cannot_both_have_is_taken_out() -> None:
    text = override(MODEL, "shop-drill", "mark")
    assert '"web":\n    labels: {drills.copy: "mark"}\n    ports: !reset []\n    container_name: !reset null\n' in text
    assert 'volumes:\n  "own": !override {name: "shop-drill_own"}\n' in text, "a plain volume is the project's own"
    assert 'networks:\n  "n": !override {name: "shop-drill_n"}\n' in text
    assert list(refusals(MODEL)) == []


def test_what_both_would_write_is_refused() -> None:
    bind = {"volumes": [{"type": "bind", "source": "/srv/data"}]}
    refused = list(refusals(ComposeModel("shop", {"db": bind, "edge": {"network_mode": "host"}})))
    assert [line.split(" ")[0] for line in refused] == ["db", "edge"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    compose = FILES["compose.yaml"].replace("127.0.0.1::8000", f"127.0.0.1:{_free_port()}:8000").rstrip()
    extra = '    volumes: ["data:/data"]\nvolumes: {data: {name: a-name-of-its-own}}\n'
    for name, text in {
        **FILES,
        "compose.yaml": compose.replace("{port}", str(_free_port())).rstrip() + "\n" + extra,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    tmp_path.chmod(0o755)
    return tmp_path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def left(name: str) -> str:
    shown = []
    for kind in ("container", "volume", "network"):
        only = ["--all"] if kind == "container" else []
        label = f"label=com.docker.compose.project={name}"
        listed = subprocess.run(
            ["docker", kind, "ls", *only, "--quiet", "--filter", label], capture_output=True, text=True
        )
        shown.append(listed.stdout.strip())
    return "".join(shown)


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_a_copy_is_drilled_and_removed_and_the_project_is_as_it_was(folder: Path) -> None:
    copy = f"{folder.name.lower()}-drill"
    try:
        up = subprocess.run(["docker", "compose", "up", "--detach"], cwd=folder, capture_output=True, text=True)
        assert up.returncode == 0, up.stderr
        before = standing(folder)

        planned = drills(folder, "run", "db-gone", "--dry-run").stdout
        assert f"container {folder.name.lower()}-db-1, with the volume a-name-of-its-own" in planned
        assert "kill" not in planned
        assert "kill db" in drills(folder, "run", "db-gone", "--dry-run", "--spoil").stdout

        done = drills(folder, "run", "db-gone", "--on-copy", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["recovery"] == "full"
        assert (standing(folder), left(copy)) == (before, "")

        runner = subprocess.Popen(
            [sys.executable, "-m", "drills", "run", "db-gone", "--on-copy", "--responder", "none"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while "exited" not in {state for _, state in standing(folder)} and time.monotonic() < deadline:
            time.sleep(0.2)
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        assert left(copy) != ""
        recovered = drills(folder, "recover")
        assert recovered.returncode == 0, recovered.stdout + recovered.stderr
        assert (standing(folder), left(copy)) == (before, "")
        assert "up" in drills(folder, "sandbox", "status").stdout, "commands mean the project itself again"
    finally:
        for name in (copy, folder.name.lower()):
            down = ["docker", "compose", "--project-name", name, "down", "--volumes", "--timeout", "0"]
            subprocess.run(down, cwd=folder, capture_output=True, check=False)

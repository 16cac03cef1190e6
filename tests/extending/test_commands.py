"""Commands know the kinds of another distribution, which is on the path and nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extending.installing import install, install_example

ROOT = Path(__file__).parents[2]
SERVER = Path(__file__).parent / "jobqueue_server.py"
FILES = {
    "compose.yaml": """
services:
  web:
    image: python:3.11-slim
    init: true
    command: ["python", "/srv/web.py"]
    volumes: ["./web.py:/srv/web.py:ro"]
    ports: ["127.0.0.1::8000"]
    depends_on: [queue]
  queue:
    image: python:3.11-slim
    init: true
    command: ["python", "/srv/jobs.py", "0.0.0.0", "7700"]
    volumes: ["./jobs.py:/srv/jobs.py:ro"]
""",
    "web.py": """
import http.server, socket

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with socket.create_connection(("queue", 7700), timeout=1) as queue:
                queue.sendall(b"JOB\\n")
                done = queue.recv(16) == b"done\\n"
        except OSError:
            done = False
        self.send_response(200 if done or self.path == "/healthz" else 503)
        self.end_headers()

http.server.ThreadingHTTPServer(("", 8000), Page).serve_forever()
""",
    "drills.yaml": """
format: 1
playbook: fastapi
sandbox:
  file: compose.yaml
  services:
    web: {adapter: http, port: 8000, health: /healthz}
    queue: {adapter: jobqueue, may: [pause]}
""",
    "probes/all.yaml": """
- name: home
  http: {url: "${web}/"}
  every: 1s
  timeout: 1s
  role: site
  assert: ["status == 200"]
- name: queue
  jobqueue: {address: "${queue}"}
  every: 1s
  timeout: 1s
  assert: ["!halted"]
""",
    "scenarios/no-jobs/scenario.yaml": """
title: Nothing is done
story: Every page fails.
steady: {hold: 1s, probes: [home, queue]}
traffic: {journeys: [home], users: 10}
baseline: 3s
settle: 3s
timeline:
  - at: 0s
    fault: {kind: halt-queue, service: queue}
truth: {cause: queue-halted, among: [queue-halted, bad-deploy], remedy: Restart it.}
expect: {detected-within: 30s, mitigated-within: 60s}
hints: [Does the queue hand out jobs?]
""",
    "scenarios/no-jobs/runbook.md": """# Runbook
## Overview
## Symptoms
## Detection
## Triage
## Mitigation
### Less than 5 minutes
```sh {"name":"check","read-only":true,"timeout":"30s"}
drills probe queue || true; sleep 3
```
```sh {"name":"restart-queue","timeout":"60s"}
drills sandbox restart queue
```
```sh {"name":"verify","read-only":true,"timeout":"60s"}
drills sandbox health --all --wait 30s --steady 2s
```
## Rollback
## Communication
## Escalation
## Post-incident
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace in `work`, and the distribution in `site`."""
    install_example(tmp_path / "site")
    work = tmp_path / "work"
    for name, text in {**FILES, "jobs.py": SERVER.read_text(encoding="utf-8")}.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    work.chmod(0o755)
    return tmp_path


def drills(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRILLS_", "COMPOSE_"))}
    return subprocess.run(
        [sys.executable, "-m", "drills", *words],
        cwd=folder / "work",
        env={**kept, "PYTHONPATH": f"{ROOT}:{folder / 'site'}", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_files_that_use_the_new_kinds_are_right_and_mistakes_in_them_have_their_lines(folder: Path) -> None:
    right = drills(folder, "validate")
    assert right.returncode == 0, right.stdout + right.stderr
    changed = [
        _changed(folder, "probes/all.yaml", "address:", "adress:"),
        _changed(folder, "probes/all.yaml", "!halted", "!haltet"),
        _changed(folder, "scenarios/no-jobs/scenario.yaml", "halt-queue, service", "halt-queue, servise"),
    ]
    wrong = drills(folder, "validate")
    assert wrong.returncode == 2
    assert all(place in wrong.stderr for place in changed), wrong.stderr
    adapter = _changed(folder, "drills.yaml", "adapter: jobqueue", "adapter: jobqeue")
    wrong = drills(folder, "validate")
    assert wrong.returncode == 2
    assert adapter in wrong.stderr
    assert "'jobqeue' is not an adapter; did you mean jobqueue?" in wrong.stderr


def _changed(folder: Path, name: str, old: str, new: str) -> str:
    """Make that mistake; returns its place."""
    file = folder / "work" / name
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new), encoding="utf-8")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if old in each)
    return f"{name}:{line}: "


def test_a_broken_distribution_is_a_warning_and_the_rest_is_used(folder: Path) -> None:
    install(folder / "site", "half-done", {"drills.probes": {"new": "gone_module:Kind"}}, {})
    told = drills(folder, "validate")
    assert told.returncode == 0, told.stderr
    assert "drills.probes: warning: entry point 'new' (gone_module:Kind) of half-done 1.0: it cannot" in told.stdout
    (folder / "work" / "probes/new.yaml").write_text("- name: new\n  new: {a: b}\n", encoding="utf-8")
    used = drills(folder, "validate")
    assert used.returncode == 2
    assert "probes/new.yaml:2: [0].new: unknown kind of probe; entry point 'new' (gone_module:Kind)" in used.stderr


def test_schemas_have_the_new_kinds(folder: Path) -> None:
    written = drills(folder, "schema", "schemas")
    assert written.returncode == 0, written.stderr
    probes, scenario, config = (
        json.loads((folder / "work/schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
        for name in ("probes", "scenario", "drills")
    )
    assert "address" in probes["$defs"]["Probe"]["properties"]["jobqueue"]["properties"]
    assert "halt-queue" in scenario["$defs"]["FaultSpec"]["properties"]["kind"]["enum"]
    assert "jobqueue" in config["$defs"]["DeclaredService"]["properties"]["adapter"]["anyOf"][0]["enum"]


@pytest.fixture
def queue() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, str(SERVER), "127.0.0.1", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def test_the_new_kind_of_probe_checks(folder: Path, queue: int) -> None:
    probes = f"""
- name: runs
  jobqueue: {{address: "127.0.0.1:{queue}"}}
  assert: ["!halted"]
- name: empty
  jobqueue: {{address: "127.0.0.1:{queue}"}}
  assert: ["waiting > 5"]
- name: gone
  jobqueue: {{address: "127.0.0.1:1"}}
"""
    (folder / "work/probes/all.yaml").write_text(probes, encoding="utf-8")
    seen = drills(folder, "probe", "runs", "empty", "gone")
    assert seen.returncode == 1, seen.stderr
    lines = {line.split()[2]: line for line in seen.stdout.splitlines() if line.strip()}
    assert "pass" in lines["runs"]
    assert "waiting 0, not over 5" in lines["empty"]
    assert "connection refused" in lines["gone"]


def test_quick_commands_look_for_no_other_distribution(folder: Path) -> None:
    """The metadata of all that is installed is read by nobody who needs none of it."""
    program = (
        "import sys, drills.kinds\n"
        "def refuse(group): raise SystemExit(f'entry points of {group} were checked for')\n"
        "drills.kinds.installed = refuse\n"
        "sys.argv = ['drills', *sys.argv[1:]]\n"
        "from drills.cli.main import main; main()\n"
    )
    for words in (["--help"], ["list"], ["show", "slow-query"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=folder,  # no workspace: the included one
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{folder / 'site'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_the_new_kinds_carry_a_whole_drill(folder: Path) -> None:
    work = folder / "work"
    try:
        up = subprocess.run(["docker", "compose", "up", "--detach"], cwd=work, capture_output=True, text=True)
        assert up.returncode == 0, up.stderr
        assert "halt the jobs of queue" in drills(folder, "run", "no-jobs", "--dry-run", "--spoil").stdout
        done = drills(folder, "run", "no-jobs", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        card = json.loads(done.stdout)
        assert (card["result"], card["recovery"]) == ("met", "full")
        nobody = drills(folder, "run", "no-jobs", "--responder", "none", "--json")
        assert nobody.returncode == 1, nobody.stdout + nobody.stderr
        after = drills(folder, "probe", "queue")
        assert after.returncode == 0, "the undo has let it go on\n" + after.stdout
    finally:
        subprocess.run(["docker", "compose", "down", "--volumes", "--timeout", "1"], cwd=work, capture_output=True)

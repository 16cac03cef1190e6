"""A folder with a compose file of two services is drilled by its own names, and left as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
FILES = {
    "compose.yaml": """
services:
  web:
    image: python:3.11-slim
    init: true
    command: ["python", "/srv/web.py"]
    volumes: ["./web.py:/srv/web.py:ro"]
    ports: ["127.0.0.1::8000"]
    depends_on: [db]
  db:
    image: redis:7
""",
    "web.py": """
import http.server, socket

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with socket.create_connection(("db", 6379), timeout=1) as db:
                db.sendall(b"PING\\r\\n")
                well = db.recv(16).startswith(b"+PONG")
        except OSError:
            well = False
        self.send_response(200 if well or self.path == "/healthz" else 503)
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
    db: {adapter: redis, may: [kill]}
""",
    "probes/web.yaml": """
- name: home
  http: {url: "${web}/"}
  every: 1s
  timeout: 1s
  role: site
  assert: ["status == 200"]
""",
    "scenarios/db-gone/scenario.yaml": """
title: The store is gone
story: Every page fails.
steady: {hold: 1s, probes: [home]}
traffic: {journeys: [home], users: 10}
baseline: 3s
settle: 3s
timeline:
  - at: 0s
    fault: {kind: kill-service, service: db}
truth: {cause: db-down, among: [db-down, bad-deploy], remedy: Start it.}
expect: {detected-within: 30s, mitigated-within: 60s}
hints: [Does the db run?]
""",
    "scenarios/db-gone/runbook.md": """# Runbook
## Mitigation
```sh {"name":"check","read-only":true,"timeout":"30s"}
drills sandbox status; sleep 3
```
```sh {"name":"restart-db","timeout":"60s"}
drills sandbox restart db
```
```sh {"name":"verify","read-only":true,"timeout":"60s"}
drills sandbox health --all --wait 30s --steady 2s
```
""",
}


def drills(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRILLS_", "COMPOSE_"))}
    return subprocess.run(
        [sys.executable, "-m", "drills", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def standing(folder: Path) -> list[tuple[str, str]]:
    """Each container of the project by its id, and how it stands."""
    label = f"label=com.docker.compose.project.working_dir={folder}"
    shown = ["--all", "--no-trunc", "--filter", label, "--format", "{{.ID}} {{.State}}"]
    listed = subprocess.run(["docker", "ps", *shown], capture_output=True, text=True, check=True)
    return sorted((line.split()[0], line.split()[1]) for line in listed.stdout.splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    tmp_path.chmod(0o755)
    yield tmp_path
    subprocess.run(["docker", "compose", "down", "--volumes", "--timeout", "1"], cwd=tmp_path, capture_output=True)


def test_a_project_of_ones_own_is_drilled_by_its_own_names_and_left_as_it_was(folder: Path) -> None:
    up = subprocess.run(["docker", "compose", "up", "--detach"], cwd=folder, capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    before = standing(folder)
    refused = drills(folder, "sandbox", "logs", "dbb")
    assert "there is no service 'dbb'; did you mean db?" in refused.stderr
    done = drills(folder, "run", "db-gone", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    card = json.loads(done.stdout)
    assert (card["result"], card["recovery"]) == ("met", "full")
    assert standing(folder) == before, "the very same containers run as before"


def test_a_project_that_was_down_is_down_again_and_nothing_is_removed(folder: Path) -> None:
    done = drills(folder, "run", "db-gone", "--responder", "none", "--json")
    assert done.returncode in (0, 1), done.stderr
    assert [state for _, state in standing(folder)] == ["exited", "exited"]

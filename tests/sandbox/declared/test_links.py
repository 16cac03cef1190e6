"""Links of a team's own project: only the caller meets the proxy, nothing is made anew, and all of it goes again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.sandbox.declared.test_drill import FILES, drills, standing

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

LINKED = {
    **FILES,
    "compose.yaml": """
x-web: &web
  image: python:3.11-slim
  init: true
  command: ["python", "/srv/web.py"]
  volumes: ["./web.py:/srv/web.py:ro"]
  ports: ["127.0.0.1::8000"]
  networks: [front, back]
services:
  web:
    <<: *web
    scale: 3
  worker:
    <<: *web
    links: ["db:elsewhere"]
  db:
    image: redis:7
    networks: {back: {aliases: [store]}}
networks: {front: {}, back: {internal: true}}
""",
    "web.py": """
import http.server, socket

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # The path is the name by which db is asked.
        try:
            with socket.create_connection((self.path.strip("/") or "db", 6379), timeout=1) as db:
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
    web: {adapter: http, port: 8000, health: /healthz, may: [cut]}
    worker: {adapter: http, port: 8000, health: /healthz, may: [cut]}
    db: {adapter: redis, may: [kill]}
  links:
    web-db: {from: web, to: db, port: 6379}
    worker-db: {from: worker, to: db, port: 6379}
""",
    "scenarios/db-gone/scenario.yaml": FILES["scenarios/db-gone/scenario.yaml"].replace(
        "{kind: kill-service, service: db}", "{kind: link-down, link: web-db}"
    ),
    "scenarios/db-gone/runbook.md": FILES["scenarios/db-gone/runbook.md"].replace(
        "drills sandbox restart db", "drills sandbox link web-db --open"
    ),
}
#: Every name that db has for others on its network.
NAMES = ("db", "store", "linked-db-1")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield from project(tmp_path / "linked", LINKED)


def project(root: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with these files whose compose project runs."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    root.chmod(0o755)
    try:
        up = subprocess.run(["docker", "compose", "up", "--detach", "--wait"], cwd=root, capture_output=True, text=True)
        assert up.returncode == 0, up.stderr
        yield root
    finally:
        drills(root, "sandbox", "down")
        subprocess.run(["docker", "compose", "down", "--volumes", "--timeout", "1"], cwd=root, capture_output=True)


def reaches(folder: Path, service: str, name: str = "db", number: int = 1) -> bool:
    """Whether that replica's program reaches what it calls by that name."""
    asks = f"import http.client; c = http.client.HTTPConnection('127.0.0.1', 8000); c.request('GET', '/{name}');"
    code = f"{asks} print(c.getresponse().status)"
    words = ["docker", "compose", "exec", "--no-TTY", f"--index={number}", service, "python", "-c", code]
    asked = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.strip() == "200"


def ours() -> str:
    """The containers of links, of this test's project."""
    shown = ["--all", "--filter", "label=drills.link.project=linked", "--format", "{{.Names}}"]
    return subprocess.run(["docker", "ps", *shown], capture_output=True, text=True, check=True).stdout


def networks(folder: Path, service: str) -> list[object]:
    """How the service's containers are known on their networks, without what the engine chooses itself."""
    listed = subprocess.run(
        ["docker", "compose", "ps", "--all", "--quiet", service], cwd=folder, capture_output=True, text=True
    )
    about = subprocess.run(["docker", "inspect", *listed.stdout.split()], capture_output=True, text=True, check=True)
    return [
        {
            name: (sorted(each["Aliases"]), each["Links"] or [])
            for name, each in one["NetworkSettings"]["Networks"].items()
        }
        for one in json.loads(about.stdout)
    ]


def test_a_cut_link_is_cut_for_every_replica_of_its_caller_and_for_nobody_else(folder: Path) -> None:
    before, known = standing(folder), [networks(folder, service) for service in ("web", "worker")]
    cut = drills(folder, "sandbox", "link", "web-db", "--cut")
    assert cut.returncode == 0, cut.stderr
    for name in NAMES:
        assert [reaches(folder, "web", name, number) for number in (1, 2, 3)] == [False] * 3, name
        assert reaches(folder, "worker", name), name
    # A replica that is made anew is one of them.
    subprocess.run(["docker", "rm", "--force", "linked-web-3"], capture_output=True, check=True)
    assert drills(folder, "sandbox", "up").returncode == 0
    assert not reaches(folder, "web", number=3)
    before = standing(folder)
    # The other caller's link is its own; it calls db by a name that nobody else has, too.
    cut = drills(folder, "sandbox", "link", "worker-db", "--cut")
    opened = drills(folder, "sandbox", "link", "web-db", "--open")
    assert (cut.returncode, opened.returncode) == (0, 0), cut.stderr + opened.stderr
    assert not any(reaches(folder, "worker", name) for name in (*NAMES, "elsewhere"))
    assert all(reaches(folder, "web", name, number) for name in NAMES for number in (1, 2, 3))
    assert standing(folder) == before, "no container was made anew"
    direct = drills(folder, "sandbox", "link", "web-db", "--direct")
    assert "not through Toxiproxy now" in direct.stdout
    assert ours() == "linked-drills-link-worker-to-db\n"
    down = drills(folder, "sandbox", "down")
    assert down.returncode == 0, down.stderr
    assert ours() == ""
    assert [networks(folder, service) for service in ("web", "worker")] == known


def test_a_drill_of_a_link_leaves_the_system_as_it_was(folder: Path) -> None:
    before, known = standing(folder), networks(folder, "web")
    done = drills(folder, "run", "db-gone", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    card = json.loads(done.stdout)
    assert (card["result"], card["recovery"]) == ("met", "full")
    assert ours() == ""
    assert (standing(folder), networks(folder, "web")) == (before, known)

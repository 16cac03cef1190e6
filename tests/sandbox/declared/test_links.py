"""Links of a team's own project: only the caller meets the proxy, nothing is recreated, and all of it goes again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from drills.faults.fault import FaultImpossible
from drills.faults.injection import lacking
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec
from drills.processes.leftovers import until
from drills.workspace.sandbox import open_sandbox
from drills.workspace.workspace import Workspace
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
    web-mail: {from: web, to: db, port: 25}
    worker-db: {from: worker, to: db, port: 6379}
""",
    "scenarios/db-gone/scenario.yaml": FILES["scenarios/db-gone/scenario.yaml"].replace(
        "{kind: kill-service, service: db}", "{kind: link-down, link: web-db}"
    ),
    "scenarios/db-gone/runbook.md": FILES["scenarios/db-gone/runbook.md"].replace(
        "drills sandbox restart db", "drills sandbox link web-db --open"
    ),
}
#: Each but the last makes a page of web fail, which waits for a second for a few bytes.
KINDS = (
    {"kind": "link-down"},
    {"kind": "link-latency", "latency": "3s"},
    {"kind": "link-timeout", "stream": "upstream"},
    {"kind": "link-reset"},
    {"kind": "link-bandwidth", "rate": 1},
)
#: Every name that db has for others on its network.
NAMES = ("db", "store", "linked-db-1")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield from project(tmp_path_factory.mktemp("links") / "linked", LINKED)


@pytest.fixture
def folder(running: Path) -> Path:
    """The project as its owner has it."""
    up = subprocess.run(["docker", "compose", "up", "--detach", "--wait"], cwd=running, capture_output=True, text=True)
    assert up.returncode == 0, up.stderr
    return running


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
            name: (sorted({*each["Aliases"]} - {one["Id"][:12]}), each["Links"] or [])
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
    # A replica that is recreated is one of them.
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
    assert standing(folder) == before, "no container was recreated"
    direct = drills(folder, "sandbox", "link", "web-db", "--direct")
    assert "not through Toxiproxy now" in direct.stdout
    assert ours() == "linked-drills-link-worker-to-db\n"
    down = drills(folder, "sandbox", "down")
    assert down.returncode == 0, down.stderr
    assert ours() == ""
    assert [networks(folder, service) for service in ("web", "worker")] == known


def test_every_kind_of_disturbance_is_felt_and_undone_by_another_process(folder: Path) -> None:
    before = standing(folder)
    sandbox = open_sandbox(Workspace.load(folder))
    owed = sandbox.fingerprint()
    for settings in KINDS:
        fault = fault_of(FaultSpec.model_validate({**settings, "link": "web-db"}))
        assert lacking([fault], sandbox) is None
        sandbox.links.put_in(["web-db"])
        assert reaches(folder, "web")
        fault.check(sandbox)
        plan = fault.undo_plan(sandbox)
        fault.apply(sandbox)
        fault.verify(sandbox)
        with pytest.raises(FaultImpossible):
            fault.check(sandbox)
        assert reaches(folder, "web", number=2) is (settings["kind"] == "link-bandwidth"), settings
        assert reaches(folder, "worker"), settings
        assert "links.web-db" in str(owed.differences(sandbox.fingerprint()))
        other = open_sandbox(Workspace.load(folder))
        for _ in range(2):
            type(fault).undo(other, plan)
        type(fault).verify_undone(other, plan)
        assert reaches(folder, "web", number=2), settings
    assert sandbox.restore(owed) == tuple(f"links.{each}: open → direct" for each in ("web-db", "web-mail"))
    assert owed.differences(sandbox.fingerprint()) == ()
    assert (ours(), standing(folder)) == ("", before)


def test_a_link_that_nobody_uses_is_not_worth_a_drill(folder: Path) -> None:
    sandbox = open_sandbox(Workspace.load(folder))
    owed = sandbox.fingerprint()
    try:
        sandbox.links.put_in(["web-mail"])
        fault = fault_of(FaultSpec.model_validate({"kind": "link-down", "link": "web-mail"}))
        with pytest.raises(FaultImpossible, match=r"nobody has used link web-mail in the steady state: .* db:25 "):
            fault.check(sandbox)
        # What its caller keeps open counts, too: the other port of the pair is let through.
        keeps = "import socket, time; s = socket.create_connection(('db', 25)); time.sleep(60)"
        words = ["docker", "compose", "exec", "--detach", "web", "python", "-c", keeps]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        assert until(lambda: sandbox.links.used("web-mail"), seconds=20)
    finally:
        sandbox.restore(owed)
    assert ours() == ""


def test_a_drill_of_a_link_leaves_the_system_as_it_was(folder: Path) -> None:
    before, known = standing(folder), networks(folder, "web")
    done = drills(folder, "run", "db-gone", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    card = json.loads(done.stdout)
    assert (card["result"], card["recovery"]) == ("met", "full")
    assert ours() == ""
    assert (standing(folder), networks(folder, "web")) == (before, known)

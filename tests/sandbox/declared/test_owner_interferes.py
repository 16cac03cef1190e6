"""The owner takes the project down, renames a service or adds one while a drill is owed: what can be mended is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.errors import BadInput
from drills.faults.kinds.kill_service import KillService
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

FILE = "services:\n  web: {image: redis:7}\n  db: {image: redis:7, volumes: ['data:/data']}\nvolumes: {data: {}}\n"
KILLABLE = DeclaredService(adapter=Adapter.REDIS, may=(Act.KILL,))


def compose(folder: Path, *words: str) -> None:
    done = subprocess.run(["docker", "compose", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def opened(folder: Path, *names: str) -> DeclaredSandbox:
    project = Project(folder.name, folder, folder / "compose.yaml", engine_host())
    return DeclaredSandbox(project, folder / ".drills", dict.fromkeys(names, KILLABLE))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    own = tmp_path / tmp_path.name.lower().replace("_", "-")
    own.mkdir()
    (own / "compose.yaml").write_text(FILE, encoding="utf-8")
    yield own
    compose(own, "down", "--volumes", "--timeout", "0", "--remove-orphans")


def test_what_its_owner_did_meanwhile_hinders_no_undo(folder: Path) -> None:
    sandbox = opened(folder, "web", "db")
    sandbox.up()
    before = sandbox.fingerprint()
    sandbox.services.kill("db")
    compose(folder, "down", "--timeout", "0")
    KillService.undo(sandbox, {"service": "db"})
    sandbox.restore(before)
    assert sandbox.fingerprint() == before, "all of it is made again, after `docker compose down`"

    sandbox.services.kill("db")
    renamed = FILE.replace("db:", "store:") + "\n"
    (folder / "compose.yaml").write_text(renamed, encoding="utf-8")
    compose(folder, "up", "--detach", "--remove-orphans", "--timeout", "0")
    after = opened(folder, "web", "store")
    KillService.undo(after, {"service": "db"})
    KillService.verify_undone(after, {"service": "db"})
    after.restore(before)
    assert set(after.services.state()) == {"web/1", "store/1"}
    with pytest.raises(BadInput, match="the compose file has no service 'db' any more"):
        opened(folder, "web", "db").services.start("db")

"""Before a team's data is touched there is a complete dump of it, or no drill."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.errors import EnvironmentFailed
from drills.sandbox.compose.containers import Containers
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.databases import DeclaredDatabases
from drills.sandbox.declared.declaration import Adapter, DeclaredService
from drills.sandbox.declared.dumps import FirstDumps

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

FILE = """
services:
  db:
    image: postgres:15
    environment: {POSTGRES_PASSWORD: secret, POSTGRES_DB: app}
    healthcheck: {test: [CMD, pg_isready, -h, 127.0.0.1, -U, postgres, -d, app], interval: 500ms, retries: 100}
"""


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    (tmp_path / "compose.yaml").write_text(FILE, encoding="utf-8")
    project = Project(tmp_path.name.lower().replace("_", "-"), tmp_path, tmp_path / "compose.yaml", engine_host())
    compose = ["docker", "compose", "--project-name", project.name]
    up = subprocess.run([*compose, "up", "--wait"], cwd=tmp_path, capture_output=True, text=True)
    try:
        assert up.returncode == 0, up.stderr
        yield Containers(project)
    finally:
        subprocess.run([*compose, "down", "--volumes", "--timeout", "0"], cwd=tmp_path, capture_output=True)


def test_a_dump_is_complete_and_taken_once_or_there_is_none(containers: Containers, tmp_path: Path) -> None:
    (container,) = containers.list()
    rows = "CREATE TABLE kept AS SELECT generate_series(1, 20000) AS number"
    containers.run_in(container, ["psql", "-U", "postgres", "-d", "app", "-c", rows])
    db = DeclaredService(adapter=Adapter.POSTGRES, database="app", password_from="env:WORD")
    declared = {"db": db.checking_in({"WORD": "secret"}), "web": DeclaredService()}
    dumps = first_dumps(containers, declared, tmp_path / "dumps")

    assert dumps.take([("db", "kill"), ("web", "exec")]) == (), "nothing that it keeps is touched"
    (taken,) = dumps.take([("", "sql"), ("db", "kill")])
    text = taken.path.read_text(encoding="utf-8")
    assert text.count("\n1") > 10_000
    assert "database dump complete" in text[-400:]
    assert (taken.bytes, taken.path.stat().st_mode & 0o777) == (len(text.encode()), 0o600)
    assert dumps.take([("db", "sql")]) == (), "the first drill's is kept"

    containers.run_in(container, ["psql", "-U", "postgres", "-d", "app", "-c", "TRUNCATE kept"])
    databases = DeclaredDatabases(declared, containers)
    cut = tmp_path / "cut.sql"
    cut.write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(EnvironmentFailed, match=r"db: cut\.sql is not a complete dump of it"):
        databases.dumps("db").restore(cut)
    databases.dumps("db").restore(taken.path)
    assert databases.of("db").sql("SELECT count(*) FROM kept")[1] == [(20000,)], "as `drills sandbox load-dump` does"

    absent = {"db": DeclaredService(adapter=Adapter.POSTGRES, database="no-such")}
    with pytest.raises(EnvironmentFailed, match=r'so there is no drill: .*database "no-such" does not exist'):
        first_dumps(containers, absent, tmp_path / "others").take([("db", "exec")])
    assert list((tmp_path / "others").iterdir()) == []


def first_dumps(containers: Containers, declared: dict[str, DeclaredService], folder: Path) -> FirstDumps:
    return FirstDumps(DeclaredDatabases(declared, containers).dumps, declared, folder)

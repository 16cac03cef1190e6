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
from drills.sandbox.declared.data_dumps import DataDumps
from drills.sandbox.declared.declaration import Adapter, DeclaredService

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
    declared = {"db": DeclaredService(adapter=Adapter.POSTGRES, database="app"), "web": DeclaredService()}
    dumps = DataDumps(containers, declared, tmp_path / "dumps")

    assert dumps.take_first([("db", "kill"), ("web", "exec")]) == (), "nothing that it keeps is touched"
    (taken,) = dumps.take_first([("db", "sql"), ("db", "kill")])
    text = taken.path.read_text(encoding="utf-8")
    assert text.count("\n1") > 10_000
    assert "database dump complete" in text[-400:]
    assert (taken.bytes, taken.path.stat().st_mode & 0o777) == (len(text.encode()), 0o600)
    assert dumps.take_first([("db", "sql")]) == (), "the first drill's is kept"
    assert dumps.list() == (taken,)

    absent = {"db": DeclaredService(adapter=Adapter.POSTGRES, database="no-such")}
    with pytest.raises(EnvironmentFailed, match=r'so there is no drill: .*database "no-such" does not exist'):
        DataDumps(containers, absent, tmp_path / "others").take_first([("db", "fill")])
    assert list((tmp_path / "others").iterdir()) == []

"""Faults of databases and caches on a team's own PostgreSQL, MariaDB and Redis: seen, undone, and nothing left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.faults.fault import Fault, FaultImpossible
from drills.faults.registry import FAULTS, fault_of
from drills.model.scenario import FaultSpec
from drills.sandbox.compose import engine
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService
from drills.sandbox.declared.sandbox import DeclaredSandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300), pytest.mark.xdist_group("databases")]

COMPOSE = """
services:
  pg:
    image: postgres:15
    command: ["postgres", "-c", "max_connections=20"]
    environment: {POSTGRES_USER: app, POSTGRES_PASSWORD: "p@ss/word", POSTGRES_DB: app}
    volumes: ["./pg.sql:/docker-entrypoint-initdb.d/pg.sql:ro"]
  maria:
    image: mariadb:10.11
    command: ["mariadbd", "--max-connections=12"]
    environment: {MARIADB_ROOT_PASSWORD: "p@ss/word", MARIADB_DATABASE: app, MARIADB_USER: app, MARIADB_PASSWORD: app}
    volumes: ["./maria.sql:/docker-entrypoint-initdb.d/maria.sql:ro"]
  cache:
    image: redis:7
"""
PG = """
CREATE ROLE web LOGIN PASSWORD 'web';
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int, total numeric(10, 2), note text);
INSERT INTO orders (customer, total, note) SELECT n % 50, n * 1.1, 'note ' || n FROM generate_series(1, 500) AS n;
CREATE INDEX orders_customer ON orders (customer);
"""
MARIA = """
CREATE TABLE orders (
    id int AUTO_INCREMENT PRIMARY KEY, customer int, total decimal(10, 2), note varchar(80),
    latin varchar(20) CHARSET latin1, raw blob, weight float, exact double, at timestamp(3) NULL,
    day date, flags bit(3), words json, kind enum('a', 'b'),
    doubled int AS (customer * 2) STORED, KEY orders_customer (customer, note(10)) COMMENT 'what''s asked'
);
INSERT INTO orders (customer, total, note, latin, raw, weight, exact, at, day, flags, words, kind)
SELECT seq % 50, seq * 1.1, CONCAT('it''s \\\\ ✓ ', seq), 'é', x'00ff27', 1 / seq, 1 / seq, '2026-03-29 01:30:00.125',
       '2026-02-28', b'101', '{"a": [1, null]}', 'b' FROM seq_1_to_500;
INSERT INTO orders (customer) VALUES (1);
UPDATE orders SET note = '', raw = '' WHERE id = 7;
CREATE TABLE items (id int PRIMARY KEY, orders int, FOREIGN KEY (orders) REFERENCES orders (id));
CREATE TABLE parts (id int PRIMARY KEY, items int, FOREIGN KEY (items) REFERENCES items (id) ON DELETE CASCADE);
CREATE TABLE others (customer int, KEY others_customer (customer), KEY orders_customer (customer));
"""
SERVICES = {
    "pg": DeclaredService(
        adapter=Adapter.POSTGRES, user="app", database="app", password_from="env:PG_PASSWORD", may=(Act.SQL,)
    ),
    "maria": DeclaredService(adapter=Adapter.MYSQL, database="app", password_from="env:PG_PASSWORD", may=(Act.SQL,)),
    "cache": DeclaredService(adapter=Adapter.REDIS, may=(Act.FILL,)),
}
SPECS: list[dict[str, Any]] = [
    *(
        {**spec, "service": service}
        for service in ("pg", "maria")
        for spec in (
            {"kind": "hold-locks", "table": "orders"},
            {"kind": "hold-locks", "table": "orders", "mode": "exclusive"},
            {"kind": "exhaust-connections"},
            {"kind": "exhaust-connections", "connections": 3},
            {"kind": "run-long-query"},
            {"kind": "run-long-query", "sessions": 1, "statement": "SELECT count(*) FROM orders a, orders b, orders c"},
            {"kind": "drop-index", "index": "orders_customer", "table": "orders"},
            {"kind": "delete-rows", "table": "orders", "where": "customer < 20 OR total IS NULL"},
            {"kind": "rotate-credentials", "role": "web" if service == "pg" else "app"},
        )
    ),
    {"kind": "fill-cache", "megabytes": 2, "prefix": "job:"},
]
ROWS = {
    "pg": "SELECT md5(string_agg(o::text, '|' ORDER BY id)) FROM orders AS o",
    "maria": "SELECT MD5(GROUP_CONCAT(CONCAT_WS('|', id, customer, total, note, HEX(latin), HEX(raw), weight + 0e0,"
    " exact + 0e0, at, day, flags + 0, words, kind, doubled) ORDER BY id SEPARATOR ';')), COUNT(*) FROM orders",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeclaredSandbox]:
    """Brought up once; every test leaves it as it was."""
    folder = tmp_path_factory.mktemp("databases")
    for name, text in {"compose.yaml": COMPOSE, "pg.sql": PG, "maria.sql": MARIA}.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PG_PASSWORD", "p@ss/word")
        project = Project(
            f"drills-test-{folder.name.lower()}-{folder.parent.name[-4:]}".replace("_", "-"),
            folder, folder / "compose.yaml", engine.engine_host(),
        )  # fmt: skip
        one = DeclaredSandbox(project, folder / ".drills", SERVICES)
        try:
            one.up()
            yield one
        finally:
            down = ["docker", "compose", "--project-name", project.name, "down", "--volumes", "--timeout", "1"]
            subprocess.run(down, cwd=folder, capture_output=True, check=False)


def fault(spec: dict[str, Any]) -> Fault:
    return fault_of(FaultSpec.model_validate(spec))


def everything(sandbox: DeclaredSandbox) -> object:
    return sandbox.fingerprint(), *(sandbox.databases.of(name).sql(statement)[1] for name, statement in ROWS.items())


_RUNNER = """
import json, os, signal, sys
from pathlib import Path
from tests.sandbox.declared.test_databases import SERVICES, fault
from drills.sandbox.compose.project import Project
from drills.sandbox.declared.sandbox import DeclaredSandbox

name, folder, host, spec = sys.argv[1:]
project = Project(name, Path(folder), Path(folder, "compose.yaml"), host)
sandbox = DeclaredSandbox(project, Path(folder, ".drills"), SERVICES)
one = fault(json.loads(spec))
one.check(sandbox)
print(json.dumps(one.undo_plan(sandbox)), flush=True)
one.apply(sandbox)
print(one.verify(sandbox), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: "-".join(str(value).split()[0] for value in spec.values()))
def test_a_fault_of_a_runner_that_was_killed_is_undone_without_a_trace(
    sandbox: DeclaredSandbox, spec: dict[str, Any]
) -> None:
    before = everything(sandbox)
    where = sandbox._project
    done = subprocess.run(
        [sys.executable, "-c", _RUNNER, where.name, str(where.folder), where.host, json.dumps(spec)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    plan = json.loads(done.stdout.splitlines()[0])
    assert "p@ss" not in done.stdout, "neither the plan nor the evidence has a password"
    kind = FAULTS[spec["kind"]]
    try:
        with pytest.raises(EnvironmentFailed):
            kind.verify_undone(sandbox, plan)
    finally:
        kind.undo(sandbox, plan)
    kind.verify_undone(sandbox, plan)
    kind.undo(sandbox, plan)
    assert everything(sandbox) == before
    with pytest.raises(FaultImpossible):
        fault(spec).verify(sandbox)


def test_what_cannot_be_brought_back_is_refused(sandbox: DeclaredSandbox) -> None:
    with pytest.raises(FaultImpossible, match="table parts changes with the deletion of rows of items"):
        fault({"kind": "delete-rows", "service": "maria", "table": "items", "where": "1 = 0"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="others has no primary key"):
        fault({"kind": "delete-rows", "service": "maria", "table": "others", "where": "1 = 1"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="root has the privilege SUPER"):
        fault({"kind": "rotate-credentials", "service": "maria", "role": "root"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="app is a superuser"):
        fault({"kind": "rotate-credentials", "service": "pg", "role": "app"}).check(sandbox)
    with pytest.raises(FaultImpossible, match="belongs to a constraint"):
        fault({"kind": "drop-index", "service": "maria", "index": "PRIMARY", "table": "items"}).check(sandbox)


def test_a_statement_may_not_write(sandbox: DeclaredSandbox) -> None:
    for service in ("pg", "maria"):
        one = fault({"kind": "run-long-query", "service": service, "statement": "DELETE FROM orders"})
        before = everything(sandbox)
        plan = one.undo_plan(sandbox)
        one.apply(sandbox)
        one.undo(sandbox, plan)
        assert everything(sandbox) == before


@pytest.mark.parametrize("service", ["pg", "maria"])
def test_a_dump_by_the_services_own_program_brings_its_rows_back(
    sandbox: DeclaredSandbox, service: str, tmp_path: Path
) -> None:
    database = sandbox.databases.of(service)
    if service == "maria":
        # What a dump writes of a FLOAT are the six digits that the server shows of it.
        database.sql("UPDATE orders SET weight = 0.5")
    before = everything(sandbox)
    file = tmp_path / "all.dump"
    assert sandbox.databases.dumps(service).dump(file) == file.stat().st_size > 1000
    assert file.stat().st_mode & 0o077 == 0, "rows are nobody else's to read"
    with pytest.raises(BadInput, match="is there already"):
        sandbox.databases.dumps(service).dump(file)
    database.sql("DELETE FROM orders WHERE customer = 3")
    assert everything(sandbox) != before
    sandbox.databases.dumps(service).restore(file)
    assert everything(sandbox) == before


def test_what_a_responder_dropped_is_there_again_after_the_drill(sandbox: DeclaredSandbox) -> None:
    before = sandbox.fingerprint()
    sandbox.databases.of("pg").sql("DROP INDEX orders_customer")
    sandbox.databases.of("maria").sql("DROP INDEX orders_customer ON orders")
    sandbox.databases.of("maria").sql("SET GLOBAL max_connections = 15")
    sandbox.caches.of("cache").set("maxmemory", "1000000")
    changed = sandbox.restore(before)
    assert sandbox.fingerprint() == before
    assert "cache: maxmemory" in changed
    assert sandbox.restore(before) == ()

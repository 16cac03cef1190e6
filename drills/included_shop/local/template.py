"""The seeded database as a sandbox begins with it: made once (a few seconds), kept in a cache, copied at each `up`.

CACHE/postgres-DIGEST/data      PostgreSQL's data folder
CACHE/postgres-DIGEST/nightly   the backup of exactly these rows
"""

from __future__ import annotations

import hashlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg

from drills.errors import EnvironmentFailed
from drills.included_shop.database.backups import NIGHTLY, Backups
from drills.included_shop.definitions import definitions
from drills.included_shop.local import postgres, processes, shared_memory
from drills.sandbox.ports import HOST, free_port

#: How long making it may take on a slow machine.
_SEEDING_SECONDS = 60.0


def template_name(shop_root: Path) -> str:
    """Changes with whatever the seeded data depends on."""
    about = hashlib.sha256()
    about.update((shop_root / "shop" / "schema.py").read_bytes())
    for migration in sorted((shop_root / "shop" / "migrations").glob("*.sql")):
        about.update(migration.name.encode() + migration.read_bytes())
    about.update(definitions(shop_root).defaults.get("database_password", "").encode())
    about.update((postgres.CONFIGURATION + postgres.ACCESS).encode())
    about.update(str((postgres.binaries() / "postgres").stat().st_size).encode())
    return f"postgres-{about.hexdigest()[:12]}"


def provide_template(cache: Path, shop_root: Path, *, marker: str, log: Path) -> Path:
    """The folder with `data` and `nightly`. Raises EnvironmentFailed when it cannot be made."""
    template = cache / template_name(shop_root)
    if template.is_dir():
        return template
    owner = postgres.os_user()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix="drills-building-", dir=cache if owner is None else postgres.REACHABLE))
    except OSError as error:
        raise EnvironmentFailed(f"{cache}: cannot be written: {postgres.reason(error)}") from error
    try:
        postgres.let_through(building, owner)
        data = building / "data"
        data.mkdir()
        postgres.hand_over(data, owner)
        _initialise(data, owner, marker, log)
        _seed(data, owner, shop_root, marker, log)
        _keep(building, template)
    except OSError as error:
        raise EnvironmentFailed(f"{cache}: the database cannot be prepared: {postgres.reason(error)}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return template


def _keep(building: Path, template: Path) -> None:
    """Put what was built in the cache, whole or not at all; another sandbox may have been faster, which is as well."""
    beside = template.with_name(f".{building.name}")
    try:
        shutil.copytree(building, beside, symlinks=True)
        beside.rename(template)
    except OSError:
        if not template.is_dir():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _initialise(data: Path, owner: tuple[int, int] | None, marker: str, log: Path) -> None:
    initdb = [str(postgres.binaries() / "initdb"), "-D", str(data), "-U", postgres.OWNER, "--auth=trust"]
    options = ["--locale=C", "--encoding=UTF8", "--no-sync", "--no-instructions", "--wal-segsize=4"]
    _run([*initdb, *options], owner, marker, log, "initdb")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(postgres.CONFIGURATION)
    (data / "pg_hba.conf").write_text(postgres.ACCESS, encoding="utf-8")


def _seed(data: Path, owner: tuple[int, int] | None, shop_root: Path, marker: str, log: Path) -> None:
    port = free_port(set(), data)
    environment = processes.base_environment()
    server = processes.spawn(
        postgres.command(data, port), marker=marker, environment=environment, log=log, folder=data, user=owner
    )
    try:
        owner_url = f"postgresql://{postgres.OWNER}@{HOST}:{port}/postgres"
        _wait(lambda: _creates_database(owner_url), server, log)
        schema = [sys.executable, "-m", "shop.schema", "--database", postgres.url(port)]
        _run(schema, None, marker, log, "the shop's schema", {"PYTHONPATH": str(shop_root)})
        Backups(data.parent, postgres.url(port)).back_up(NIGHTLY, datetime.now(UTC))
        processes.end([server], gently=signal.SIGINT, seconds=20)
    finally:
        processes.end(processes.family(server), gently=None, seconds=0)
        shared_memory.release(data)


def _creates_database(owner_url: str) -> bool:
    try:
        with psycopg.connect(owner_url, connect_timeout=2, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {postgres.DATABASE}".encode())
    except psycopg.errors.DuplicateDatabase:
        return True
    except psycopg.OperationalError:
        return False
    return True


def _wait(reached: Callable[[], bool], server: psutil.Process, log: Path) -> None:
    deadline = time.monotonic() + _SEEDING_SECONDS
    while not reached():
        if not processes.runs(server) or time.monotonic() > deadline:
            raise EnvironmentFailed(f"PostgreSQL did not come up: {postgres.last_words(log)}")
        time.sleep(0.05)


def _run(
    command_line: list[str],
    owner: tuple[int, int] | None,
    marker: str,
    log: Path,
    what: str,
    environment: dict[str, str] | None = None,
) -> None:
    run = processes.spawn(
        command_line,
        marker=marker,
        environment=processes.base_environment() | (environment or {}),
        log=log,
        folder=Path("/"),
        user=owner,
    )
    code = processes.exit_code(run, _SEEDING_SECONDS)
    if code != 0:
        raise EnvironmentFailed(f"{what} failed: {postgres.last_words(log)}")

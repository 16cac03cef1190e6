"""A real MariaDB, where one is installed, in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

from tests.free_ports import free_port
from tests.probing.conftest import Server, until

SERVER = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
INSTALL = shutil.which("mariadb-install-db")
#: Tests that need it; `.ci/run` installs mariadb-server.
needs_mariadb = pytest.mark.skipif(not (SERVER and INSTALL), reason="MariaDB is not installed (mariadb-server)")
#: Its account for everything.
ROOT = {"user": "root", "password": "", "host": "127.0.0.1"}


@contextmanager
def empty_data() -> Iterator[Path]:
    """A data folder with the system's tables."""
    with tempfile.TemporaryDirectory(prefix="drills-mariadb-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        if _owner() is not None:
            shutil.chown(folder, *_owner())  # type: ignore[arg-type]
            shutil.chown(data, *_owner())  # type: ignore[arg-type]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        options += ["--innodb-log-file-size=4M"]
        subprocess.run(
            [str(INSTALL), "--no-defaults", f"--datadir={data}", _own_tmpdir(data), *_user(), *options],
            check=True,
            capture_output=True,
            timeout=100,
        )
        yield data


@contextmanager
def copied(data: Path) -> Iterator[Path]:
    """A folder as `empty_data` makes it, in a tenth of the time; no server may use the first one yet."""
    with tempfile.TemporaryDirectory(prefix="drills-mariadb-") as name:
        Path(name).chmod(0o755)
        subprocess.run(["cp", "-a", str(data), name], check=True)
        yield Path(name, data.name)


@contextmanager
def mariadb(data: Path, *options: str) -> Iterator[Server]:
    """A server on that folder; its URL is root's, without a database."""
    port = free_port()
    small = ["--innodb-buffer-pool-size=8M", "--performance-schema=OFF", "--skip-log-bin", "--skip-name-resolve"]
    small += ["--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0", "--skip-external-locking"]
    process = subprocess.Popen(
        [
            *(str(SERVER), "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"),
            *(f"--socket={data}/s.sock", f"--pid-file={data}/pid", _own_tmpdir(data), *small, *_user(), *options),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(f"mysql://root@127.0.0.1:{port}/", process)
    try:
        until(lambda: _answers(port))
        yield server
    finally:
        if process.poll() is None:
            server.thaw()
            process.terminate()
            process.wait(timeout=30)


def tls_options(data: Path, pem: Path) -> Sequence[str]:
    """With which it speaks TLS by this certificate and key; it reads them as its own user, in its own folder."""
    readable = Path(shutil.copy(pem, data))
    readable.chmod(0o644)
    return f"--ssl-cert={readable}", f"--ssl-key={readable}"


def run(server: Server, *statements: str) -> None:
    """As root."""
    with pymysql.connect(**ROOT, port=port_of(server), autocommit=True, ssl_disabled=True) as root:  # type: ignore[arg-type]
        for statement in statements:
            root.query(statement)


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2].strip("/"))


def _answers(port: int) -> bool:
    try:
        pymysql.connect(**ROOT, port=port, connect_timeout=2, ssl_disabled=True).close()  # type: ignore[arg-type]
    except pymysql.err.OperationalError:
        return False
    return True


def _own_tmpdir(data: Path) -> str:
    """A starting server deletes every temporary table that it finds, also those of a server beside it in /tmp."""
    folder = data / "tmp"
    folder.mkdir(exist_ok=True)
    if _owner() is not None:
        shutil.chown(folder, *_owner())  # type: ignore[arg-type]
    return f"--tmpdir={folder}"


def _owner() -> tuple[str, str] | None:
    """As whom it runs: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    name = next((each for each in ("mysql", "nobody") if _is_user(each)), "nobody")
    return name, pwd.getpwnam(name).pw_name


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _user() -> Sequence[str]:
    owner = _owner()
    return [f"--user={owner[0]}"] if owner else []

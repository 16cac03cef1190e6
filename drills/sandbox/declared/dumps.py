"""Dumps of a database by the programs that its own container has: `pg_dump`, `mariadb-dump` or `mysqldump`.

A password goes there in the environment: no list of processes shows it.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Containers

#: Seconds for the whole of a database, which may be large.
_SECONDS = 1800.0
#: By the scheme of a database's URL: the variable of its password, and what dumps and restores `$2` as the user `$1`.
_PROGRAMS = {
    "postgresql": (
        "PGPASSWORD",
        'exec pg_dump --format=custom --username="$1" --dbname="$2"',
        'exec pg_restore --clean --if-exists --single-transaction --username="$1" --dbname="$2"',
    ),
    "mysql": (
        "MYSQL_PWD",
        'exec "$(command -v mariadb-dump || command -v mysqldump)"'
        ' --single-transaction --routines --triggers --events --user="$1" "$2"',
        'exec "$(command -v mariadb || command -v mysql)" --user="$1" "$2"',
    ),
}


@dataclass(frozen=True, slots=True)
class ContainerDumps:
    """See `drills.sandbox.capabilities.database.Dumps`. `url` is the database's, with its password."""

    containers: Containers
    service: str
    url: str

    def dump(self, path: Path) -> int:
        """Nothing is left at `path` when it fails, and what lies there already is never replaced."""
        password, program, _ = self._programs()
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                self._run(program, password, output=file)
        except FileExistsError:
            raise BadInput(f"{path} is there already; name another file") from None
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; name a file that can be written") from None
        except EnvironmentFailed:
            with suppress(OSError):
                path.unlink()
            raise
        return path.stat().st_size

    def restore(self, path: Path) -> None:
        password, _, program = self._programs()
        try:
            with path.open("rb") as file:
                self._run(program, password, given=file)
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; name a file that `drills sandbox dump` wrote") from None

    def _programs(self) -> tuple[str, str, str]:
        scheme = urlsplit(self.url).scheme
        if scheme not in _PROGRAMS:
            raise BadInput(f"no program that dumps {self.service} is known")
        return _PROGRAMS[scheme]

    def _run(
        self, program: str, variable: str, *, output: IO[bytes] | None = None, given: IO[bytes] | None = None
    ) -> None:
        login = urlsplit(self.url)
        words = ["sh", "-c", program, "sh", unquote(login.username or ""), unquote(login.path.removeprefix("/"))]
        environment = self._environment() | {variable: unquote(login.password or "")}
        command = ["docker", "exec", "--interactive", "--env", variable, self._container(), *words]
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=given or subprocess.DEVNULL,
                stdout=output or subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise EnvironmentFailed(f"{self.service}: its dump did not end within {_SECONDS:g} s") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise EnvironmentFailed(f"{self.service}: {said[-1] if said else f'status {done.returncode}'}")

    def _environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"}
        return plain | {"DOCKER_HOST": self.containers.project.host}

    def _container(self) -> str:
        for each in self.containers.list():
            if each.service == self.service and each.running is Running.UP:
                return each.id
        raise EnvironmentFailed(f"{self.service} does not run; `drills sandbox start {self.service}` starts it")

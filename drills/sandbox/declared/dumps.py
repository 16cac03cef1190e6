"""Dumps of a team's databases by the programs that their own containers have, for commands and before drills.

FILE.part ──complete──► FILE

They are SQL, whose last lines say that it is complete. A password goes there in the environment: no list of processes
shows it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from drills.errors import BadInput, EnvironmentFailed
from drills.private_files import private_folder
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.declaration import Act, DeclaredService, adapters_for, of_adapters

#: Acts on what a service keeps.
TOUCH_DATA: frozenset[str] = frozenset({Act.SQL, Act.FILL, Act.EXEC})
#: Seconds for the whole of a database, which may be large.
_SECONDS = 1800.0
#: How near to the end of a dump it says that it is complete, in bytes.
_TAIL_BYTES = 400


@dataclass(frozen=True, slots=True)
class _Programs:
    """The variable of a password, what dumps and restores `$2` as the user `$1`, and what ends a complete dump."""

    password: str
    dump: str
    restore: str
    complete: bytes


#: By the scheme of a database's URL. MariaDB 11 has its programs by its own name only.
_PROGRAMS = {
    "postgresql": _Programs(
        "PGPASSWORD",
        'exec pg_dump --no-password --clean --if-exists --username="$1" --dbname="$2"',
        "exec psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 --single-transaction"
        ' --username="$1" --dbname="$2"',
        b"-- PostgreSQL database dump complete",
    ),
    "mysql": _Programs(
        "MYSQL_PWD",
        'exec "$(command -v mariadb-dump || command -v mysqldump)"'
        ' --single-transaction --routines --triggers --events --comments --user="$1" "$2"',
        'exec "$(command -v mariadb || command -v mysql)" --user="$1" "$2"',
        b"-- Dump completed",
    ),
}


@dataclass(frozen=True, slots=True)
class ContainerDumps:
    """See `drills.sandbox.capabilities.database.Dumps`. `url` is the database's, with its password."""

    containers: Containers
    service: str
    url: str

    @property
    def possible(self) -> bool:
        """Whether programs that dump it are known."""
        return urlsplit(self.url).scheme in _PROGRAMS

    def dump(self, path: Path) -> int:
        """Nothing is left at `path` when it fails, and what lies there already is never replaced."""
        programs = self._programs()
        part = path.with_name(f"{path.name}.part")
        if os.path.lexists(path):
            raise BadInput(f"{path} is there already; name another file")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
                self._run(programs.dump, programs.password, output=file)
                file.flush()
                os.fsync(file.fileno())
            self._check(part, programs.complete)
            part.rename(path)
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror or error}; name a file that can be written") from None
        finally:
            part.unlink(missing_ok=True)
        return path.stat().st_size

    def restore(self, path: Path) -> None:
        programs = self._programs()
        try:
            self._check(path, programs.complete)
            with path.open("rb") as file:
                self._run(programs.restore, programs.password, given=file)
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; name a file that `drills sandbox dump` wrote") from None

    def _programs(self) -> _Programs:
        scheme = urlsplit(self.url).scheme
        if scheme not in _PROGRAMS:
            raise BadInput(f"no program that dumps {self.service} is known")
        return _PROGRAMS[scheme]

    def _check(self, path: Path, complete: bytes) -> None:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            if complete not in file.read():
                raise EnvironmentFailed(f"{self.service}: {path.name} is not a complete dump of it; dump it again")

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


@dataclass(frozen=True, slots=True)
class FirstDump:
    """One that was taken before a drill, and is complete."""

    service: str
    path: Path
    bytes: int
    at: datetime


class FirstDumps:
    """A dump of each database before drills first touch its data.

    Kept in `folder`, which is closed to other users; nothing removes them. `dumps` gives those of a service.
    """

    def __init__(
        self, dumps: Callable[[str], ContainerDumps], declared: Mapping[str, DeclaredService], folder: Path
    ) -> None:
        self._dumps = dumps
        self._declared = declared
        self._folder = folder

    def take(self, acts: Iterable[tuple[str, str]]) -> Sequence[FirstDump]:
        """Dump each database whose data these acts (service, act) touch and of which there is no dump yet.

        Raises EnvironmentFailed, with nothing kept, when a dump is not complete.
        """
        databases = adapters_for(Act.SQL, self._declared)
        names = {self._service(service, act) for service, act in acts if act in TOUCH_DATA}
        wanted = [name for name in sorted(names) if self._declared[name].adapter in databases]
        taken = [self._take(name) for name in wanted if not self._path(name).exists()]
        return tuple(each for each in taken if each is not None)

    def _service(self, service: str, act: str) -> str:
        """An empty name is the only one that the act can be done to."""
        name = service.partition("/")[0]
        return name or of_adapters(self._declared, adapters_for(act, self._declared), None)

    def _take(self, name: str) -> FirstDump | None:
        """None for a technology of which no program that dumps is known."""
        try:
            dumps = self._dumps(name)
            if not dumps.possible:
                return None
            private_folder(self._folder)
            size = dumps.dump(self._path(name))
        except (EnvironmentFailed, BadInput) as error:
            raise EnvironmentFailed(
                f"{name} could not be dumped, so there is no drill: {error}; "
                "correct that, or drill a copy (`drills run --on-copy`)"
            ) from error
        written = self._path(name).stat().st_mtime
        return FirstDump(name, self._path(name), size, datetime.fromtimestamp(written, UTC))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.sql"

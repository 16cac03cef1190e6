"""A dump of a team's database before drills first touch its data: by its own pg_dump or mysqldump, in its container.

dumps/SERVICE.sql.part ──complete──► dumps/SERVICE.sql
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.private_files import private_folder
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container, Containers
from drills.sandbox.declared.declaration import Act, Adapter, DeclaredService

#: Acts on what a service keeps.
TOUCH_DATA: frozenset[str] = frozenset({Act.SQL, Act.FILL, Act.EXEC})
#: What pg_dump and mysqldump write at the very end of a plain dump.
_COMPLETE = (b"-- PostgreSQL database dump complete", b"-- Dump completed")
_TAIL_BYTES = 400
#: MariaDB 11 has it by its own name only.
_MYSQLDUMP = ("sh", "-c", 'exec "$(command -v mysqldump || command -v mariadb-dump)" "$@"', "mysqldump")


@dataclass(frozen=True, slots=True)
class Dump:
    """One that is complete."""

    service: str
    path: Path
    bytes: int
    at: datetime


class DataDumps:
    """Kept in `folder`, which is closed to other users; nothing removes them."""

    def __init__(self, containers: Containers, declared: Mapping[str, DeclaredService], folder: Path) -> None:
        self._containers = containers
        self._declared = declared
        self._folder = folder

    def take_first(self, acts: Iterable[tuple[str, str]]) -> Sequence[Dump]:
        """Dump each database whose data these acts (service, act) touch and of which there is no dump yet.

        Raises EnvironmentFailed, with nothing kept, when a dump is not complete.
        """
        names = {service.partition("/")[0] for service, act in acts if act in TOUCH_DATA}
        wanted = [name for name in sorted(names & self._declared.keys()) if self._command(name) is not None]
        return tuple(self._take(name) for name in wanted if not self._path(name).exists())

    def list(self) -> Sequence[Dump]:
        """Those that are there, by service."""
        return tuple(self._told(name) for name in self._declared if self._path(name).exists())

    def _take(self, name: str) -> Dump:
        own = [each for each in self._containers.list() if each.service == name and each.running is Running.UP]
        if not own:
            raise EnvironmentFailed(f"{name} does not run, so its data cannot be dumped before the drill")
        part = self._path(name).with_suffix(".part")
        try:
            private_folder(self._folder)
            self._write(name, own[0], part)
            self._check(name, part)
            part.replace(self._path(name))
        except OSError as error:
            raise EnvironmentFailed(f"{part}: cannot be written: {error.strerror or error}") from error
        finally:
            part.unlink(missing_ok=True)
        return self._told(name)

    def _write(self, name: str, container: Container, part: Path) -> None:
        command, secrets = self._command(name) or ((), {})
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        complaints = b""
        with os.fdopen(descriptor, "wb") as file:
            with self._containers.api() as api:
                made = api.exec_create(container.id, list(command), environment=secrets)
                for out, said in api.exec_start(made["Id"], stream=True, demux=True):
                    file.write(out or b"")
                    complaints = (complaints + (said or b""))[-_TAIL_BYTES:]
                status = api.exec_inspect(made["Id"])["ExitCode"]
            file.flush()
            os.fsync(file.fileno())
        if status != 0:
            last = complaints.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise EnvironmentFailed(
                f"{name}: its dump failed with status {status}, so there is no drill: {last[-1]}; "
                "mend that, or drill a copy (`drills run --on-copy`)"
            )

    def _check(self, name: str, part: Path) -> None:
        with part.open("rb") as file:
            file.seek(max(0, part.stat().st_size - _TAIL_BYTES))
            if not any(mark in file.read() for mark in _COMPLETE):
                raise EnvironmentFailed(f"{name}: its dump is cut short, so there is no drill; try again")

    def _command(self, name: str) -> tuple[Sequence[str], Mapping[str, str]] | None:
        """The dump's command and its secrets; None for a technology that has no dump."""
        service = self._declared[name]
        password = service.password() or ""
        if service.adapter is Adapter.POSTGRES:
            user, database = service.user or "postgres", service.database or "postgres"
            plain = ("pg_dump", "--no-password", f"--username={user}", f"--dbname={database}")
            return plain, {"PGPASSWORD": password} if password else {}
        if service.adapter is Adapter.MYSQL:
            words = ("--single-transaction", f"--user={service.user or 'root'}", service.database or "mysql")
            return (*_MYSQLDUMP, *words), {"MYSQL_PWD": password} if password else {}
        return None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.sql"

    def _told(self, name: str) -> Dump:
        about = self._path(name).stat()
        return Dump(name, self._path(name), about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

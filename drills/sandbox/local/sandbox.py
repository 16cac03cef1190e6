"""The sandbox as real processes on loopback, for machines without Docker.

Nothing supervises them: what was killed stays dead until it is started.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drills.errors import EnvironmentFailed
from drills.sandbox import change_history
from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.capabilities.services import Running
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands, no_containers
from drills.sandbox.database.backups import NIGHTLY, adopt
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.local import postgres
from drills.sandbox.local.blueprints import Layout
from drills.sandbox.local.configuring import Configures
from drills.sandbox.local.disk import DatabaseDisk
from drills.sandbox.local.parts import lacks_ports
from drills.sandbox.local.processes import trim
from drills.sandbox.local.template import provide_template
from drills.sandbox.log_lines import read_log
from drills.sandbox.names import Named, service_named
from drills.sandbox.ports import choose_ports, free_port
from drills.sandbox.release_line import initial_line
from drills.sandbox.restoring import Restoring, fingerprint_of
from drills.sandbox.shop.names import Link, Service
from drills.sandbox.state import SandboxState, StateStore, make_folder


class LocalSandbox(Configures):
    """See `drills.sandbox.sandbox.Sandbox`. Files are kept in `state_dir`, the seeded database's in `cache_dir`."""

    driver = "local"

    def __init__(
        self,
        state_dir: Path,
        shop_root: Path,
        name: str = "default",
        *,
        cache_dir: Path | None = None,
        home: Path | None = None,
    ) -> None:
        self.name = name
        self.commands = Commands(home or state_dir, lambda: self.addresses)
        root = state_dir.absolute()
        # The marker must be the same in every process that uses this folder, and in no other.
        marker = hashlib.sha256(f"{root.resolve()}\0{name}".encode()).hexdigest()[:16]
        self._disk = DatabaseDisk(postgres.disk_folder(root, marker), marker)
        self._layout = Layout(root, shop_root.resolve(), self._disk.data)
        self._shop_root, self._backup_folder = self._layout.shop_root, root / "backups"
        self._cache_dir = (cache_dir or root / "cache").absolute()
        self._store = StateStore(self._layout.state, marker)
        self._lock = ChangeLock(self._layout.root / "change.lock")

    @property
    def unavailable(self) -> Mapping[Capability, str]:
        without_disk = self._disk.refusal(wanted=self._store.read().active)
        return {Capability.DISK: without_disk} if without_disk else {}

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability) - self.unavailable.keys()

    def refusal(self, service: str, act: str) -> str | None:
        return no_containers(service) if act == "exec" else super().refusal(service, act)

    # --- up and down

    def is_up(self) -> bool:
        """Whether it was brought up and something of it still runs."""
        state = self._store.read()
        return state.active and any(self._control.running(service) is not Running.DOWN for service in Service)

    def up(self) -> None:
        with self._lock.held():
            for folder in (self._layout.root, self._layout.logs, self._layout.config, self._layout.run):
                make_folder(folder)
            make_folder(self._layout.cache)
            for service in Service:
                trim(self._layout.log(service))
            self._control.sweep()
            if not self._store.read().active:
                self._begin_afresh()
            elif not self.is_up():
                self._store.change(ports=self._choose_ports())
                if not self._layout.database.is_dir():  # The machine was restarted, and its mounts are gone.
                    self._provide_database()
            elif lacks_ports(self._store.read()):
                self._add_ports()
            self._certificate.provide(afresh=False)
            for service in Service:
                self._control.resume(service)
            self._start_all()
            self._await_ready()

    def _begin_afresh(self) -> None:
        self._provide_database()
        self._certificate.provide(afresh=True)
        now = datetime.now(UTC)
        line = initial_line(self._shop, now)
        self._store.change(
            active=True,
            up_since=now,
            ports=self._choose_ports(),
            processes=(),
            replicas=SandboxState.model_fields["replicas"].default,
            settings=self._shop.defaults,
            deployed=line,
            deployed_at={deployment.version: deployment.at for deployment in line},
            changes=change_history.first_changes(line),
            changes_noted=len(line),
            cpus={},
        )

    def _choose_ports(self) -> dict[str, int]:
        return choose_ports((*Service, *Link), self._store.read().ports, self._layout.state)

    def _add_ports(self) -> None:
        """For services that an older version did not have, beside those that run."""
        ports = dict(self._store.read().ports)
        for name in (*Service, *Link):
            if name not in ports:
                ports[name] = free_port(set(ports.values()), self._layout.state)
        self._store.change(ports=ports)

    def _provide_database(self) -> None:
        """A disk with the seeded data and nothing else, and its backup of last night."""
        template = provide_template(
            self._cache_dir, self._layout.shop_root, marker=self._store.identity, log=self._layout.log("database")
        )
        self._disk.provide(postgres.os_user())
        postgres.provide_data(self._layout.database, template / "data")
        adopt(template / NIGHTLY, self._backup_folder, NIGHTLY, datetime.now(UTC))

    def down(self) -> None:
        if not self._layout.root.is_dir():
            return
        with self._lock.held():
            self._control.end_everything()
            try:
                self._store.change(active=False, processes=(), starting=())
            except EnvironmentFailed:
                self._layout.state.unlink(missing_ok=True)  # Not readable, and of no use any more.
            self._disk.release()
            for folder in (self._layout.run, self._backup_folder, self._layout.config):
                shutil.rmtree(folder, ignore_errors=True)

    # --- releases and replicas; services and settings: see `Configures`

    # --- straight to database and cache; logs; links

    def _owner_url(self) -> str:
        return postgres.url(self._active().ports[Service.DATABASE])

    def disk_usage(self) -> DiskUsage:
        self._active()
        return self._disk.usage()

    def remove_from_disk(self, name: str) -> int:
        self._active()
        return self._disk.remove(name)

    def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
        known = self._named(service) if "/" in service else Named(service_named(service))
        after = None if since is None else datetime.now(UTC) - since
        lines = read_log(self._layout.log(known.service), after=after, grep=grep)
        if known.replica is None:
            return lines
        records = self._control.records(Service.APP)[known.replica - 1 : known.replica]
        return [line for line in lines for each in records if f'"replica":"{each.pid}"' in line]

    # --- health; the state before and after a drill

    def fingerprint(self) -> Fingerprint:
        self._active()
        return fingerprint_of(self, self._layout.config, self._control, self._replicas, self._store)

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        with self._lock.held(), self._disk.room_to_recover():
            if not (state := self._store.read()).active or lacks_ports(state):
                self.up()
            made_anew = () if state.active else ("the sandbox was down, or its state was lost: it was made anew",)
            if made_anew:
                # With the rows that a new database begins with; the old one's are gone.
                rows = {name: part for name, part in self.fingerprint().mapping("database").items() if name == "rows"}
                fingerprint = fingerprint.with_states(database={**fingerprint.mapping("database"), **rows})
            restoring = Restoring(self, self._layout.config, self._control, self._replicas, self._store)
            return (*made_anew, *restoring.run(fingerprint))

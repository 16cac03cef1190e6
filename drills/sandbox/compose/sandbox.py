"""The sandbox as containers, on a Docker engine and `docker compose`.

Nothing supervises them: what was killed stays dead until it is started.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from drills.sandbox.capabilities.capability import Capability
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.commands import Commands
from drills.sandbox.compose.configuring import Configures
from drills.sandbox.compose.container_commands import ContainerCommands
from drills.sandbox.compose.layout import Layout
from drills.sandbox.compose.project import Project
from drills.sandbox.fingerprint import Fingerprint
from drills.sandbox.restoring import Restoring, fingerprint_of
from drills.sandbox.state import StateStore


class ComposeSandbox(Configures):
    """See `drills.sandbox.sandbox.Sandbox`. Its own files are kept in `state_dir`.

    Raises BadInput when the engine is another machine's, unless that is allowed, and when the project's name is
    another folder's.
    """

    driver = "compose"
    unavailable: Mapping[Capability, str] = {}
    capabilities = frozenset(Capability)

    def __init__(
        self,
        project: Project,
        state_dir: Path,
        shop_root: Path,
        *,
        allow_remote_engine: bool = False,
        home: Path | None = None,
    ) -> None:
        self.commands = Commands(home or state_dir, lambda: self.addresses, lambda: ContainerCommands(self._containers))
        self._project = project
        self._layout = Layout(state_dir.absolute(), shop_root.resolve())
        self._shop_root, self._backup_folder = self._layout.shop_root, self._layout.backups
        self._allow_remote_engine = allow_remote_engine
        marker = hashlib.sha256(f"{self._layout.root}\0{project.name}".encode()).hexdigest()[:16]
        self._store = StateStore(self._layout.state, marker)
        self._lock = ChangeLock(self._layout.root / "change.lock")

    # --- straight to database and cache; the disk; links

    def _owner_url(self) -> str:
        self._active()
        return self.addresses["database"]

    def disk_usage(self) -> DiskUsage:
        self._active()
        return self._disk.usage()

    def remove_from_disk(self, name: str) -> int:
        self._active()
        return self._disk.remove(name)

    # --- health; the state before and after a drill

    def fingerprint(self) -> Fingerprint:
        self._active()
        return fingerprint_of(self, self._layout.config, self._control, self._replicas, self._store)

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        self._refuse_other_place(self._store.read())
        with self._lock.held(), self._disk.room_to_recover():
            if not self._store.read().active:
                self.up()
            self._note_ports(self._containers.list())
            self._control.start_what_supports()
            restoring = Restoring(self, self._layout.config, self._control, self._replicas, self._store)
            return restoring.run(fingerprint)

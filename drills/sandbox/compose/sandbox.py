"""The sandbox as containers, on a Docker engine and `docker compose`.

Nothing supervises them: what was killed stays dead until it is started.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drills.sandbox import direct
from drills.sandbox.change_lock import ChangeLock
from drills.sandbox.compose.configuring import Configures
from drills.sandbox.compose.layout import Layout
from drills.sandbox.compose.project import Project
from drills.sandbox.health import ask_all
from drills.sandbox.names import link_named
from drills.sandbox.protocol import Capability, DiskUsage, Fingerprint, LinkStatus, Service, Toxic
from drills.sandbox.restoring import Restoring, fingerprint_of
from drills.sandbox.state import StateStore


class ComposeSandbox(Configures):
    """See `drills.sandbox.protocol.Sandbox`. Its own files are kept in `state_dir`.

    Raises BadInput when the engine is another machine's, unless that is allowed, and when the project's name is
    another folder's.
    """

    driver = "compose"
    unavailable: Mapping[Capability, str] = {}
    capabilities = frozenset(Capability)

    def __init__(
        self, project: Project, state_dir: Path, shop_root: Path, *, allow_remote_engine: bool = False
    ) -> None:
        self._project = project
        self._layout = Layout(state_dir.absolute(), shop_root.resolve())
        self._shop_root, self._backup_folder = self._layout.shop_root, self._layout.backups
        self._allow_remote_engine = allow_remote_engine
        marker = hashlib.sha256(f"{self._layout.root}\0{project.name}".encode()).hexdigest()[:16]
        self._store = StateStore(self._layout.state, marker)
        self._lock = ChangeLock(self._layout.root / "change.lock")

    # --- straight to database and cache; the disk; links

    def sql(self, statement: str, *, timeout: float = 30.0) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        return direct.query(self._owner_url(), statement, timeout=timeout)

    def redis(self, *words: str) -> Any:
        return direct.command(self._active().ports[Service.CACHE], words)

    def _owner_url(self) -> str:
        self._active()
        return self.addresses["database"]

    def disk(self) -> DiskUsage:
        self._active()
        return self._disk.usage()

    def remove_from_disk(self, name: str) -> int:
        self._active()
        return self._disk.remove(name)

    def links(self) -> Sequence[LinkStatus]:
        return self._toxiproxy.links()

    def set_link(self, link: str, *, enabled: bool) -> None:
        self._toxiproxy.set_enabled(link_named(link), enabled)

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self._toxiproxy.add_toxic(link_named(link), toxic)

    def remove_toxic(self, link: str, name: str) -> None:
        self._toxiproxy.remove_toxic(link_named(link), name)

    # --- health; the state before and after a drill

    def health(self) -> Mapping[str, tuple[bool, str]]:
        return ask_all(self.addresses, lambda: self.sql("SELECT 1", timeout=3), lambda: self.redis("PING"))

    def fingerprint(self) -> Fingerprint:
        self._active()
        return fingerprint_of(self, self._layout.config, self._control, self._replicas, self._store)

    def restore(self, fingerprint: Fingerprint) -> tuple[str, ...]:
        with self._lock.held(), self._disk.room_to_recover():
            if not self._store.read().active:
                self.up()
            self._control.start_what_supports()
            restoring = Restoring(self, self._layout.config, self._control, self._replicas, self._store)
            return restoring.run(fingerprint)

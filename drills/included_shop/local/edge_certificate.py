"""The certificate at the local edge: renewed, loaded, and seen to be in use."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta

from drills.included_shop.certificates import CertificateFolder, standing
from drills.included_shop.local import processes
from drills.included_shop.local.service_control import ServiceControl
from drills.included_shop.names import Service
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.capabilities.services import Running

#: How long the edge may take to show a new certificate.
_LOADED_SECONDS = 5.0


class EdgeCertificate:
    """Callers hold the change lock for what changes something."""

    def __init__(self, control: ServiceControl) -> None:
        self._control = control
        self._folder = CertificateFolder(control.layout.certificates, control.layout.shop_root)

    def provide(self, *, afresh: bool) -> None:
        """Make what is missing; `afresh`: also a new one in the place of one that has expired or soon will."""
        now = datetime.now(UTC)
        if not afresh and (self._control.layout.certificates / "edge.pem").exists():
            return
        self._folder.provide(now)
        if afresh and standing(self._folder.read(), now) != "valid":
            self._folder.issue(now, timedelta(days=60))

    def read(self) -> Certificate:
        return self._folder.read()

    def renew(self, valid_for: timedelta) -> None:
        """Install a new one and wait until the edge uses it. Raises EnvironmentFailed when it does not."""
        self._folder.issue(datetime.now(UTC), valid_for)
        if self._control.running(Service.EDGE) is not Running.UP:
            return  # It reads the file when it starts, or goes on.
        edge = [found for record in self._control.records(Service.EDGE) if (found := self._control.find(record))]
        processes.send(edge, signal.SIGHUP)
        self._folder.await_loaded(self._control.store.read().ports[Service.EDGE], _LOADED_SECONDS)

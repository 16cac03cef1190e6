"""The certificate at the edge: made in a container of its own, which holds the authority's key; loaded by the edge."""

from __future__ import annotations

from datetime import timedelta

from drills.errors import EnvironmentFailed
from drills.included_shop.certificates import CertificateFolder
from drills.included_shop.compose.service_control import ServiceControl
from drills.included_shop.names import Service
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.capabilities.services import Running
from drills.sandbox.state import make_folder

_PLACE = "/certificates"
#: How long the edge may take to show a new certificate.
_LOADED_SECONDS = 8.0


class EdgeCertificate:
    """Callers hold the change lock for what changes something."""

    def __init__(self, control: ServiceControl) -> None:
        self._control = control
        self._folder = CertificateFolder(control.layout.certificates, control.layout.shop_root)

    def keep_copies(self) -> None:
        """Copy the authority's certificate, which clients trust, and the edge's to this machine; the keys stay there.

        Raises EnvironmentFailed when there is no edge, or nothing can be written.
        """
        edge = self._control.of(Service.EDGE)
        if not edge:
            raise EnvironmentFailed("the edge's container is gone; `drills sandbox start edge` makes a new one")
        make_folder(self._control.layout.certificates)
        for name in ("ca.pem", "edge.pem"):
            text = self._control.containers.read_file(edge[0], f"{_PLACE}/{name}")
            path = self._control.layout.certificates / name
            try:
                path.write_bytes(text.split(b"-----BEGIN PRIVATE KEY-----")[0])
            except OSError as error:
                raise EnvironmentFailed(f"{path}: cannot be written: {error.strerror}") from error

    def read(self) -> Certificate:
        self.keep_copies()
        return self._folder.read()

    def renew(self, valid_for: timedelta) -> None:
        """Install a new one and wait until the edge uses it. Raises EnvironmentFailed when it does not."""
        days = valid_for / timedelta(days=1)
        command = ["python", "-m", "shop.certificates", _PLACE, f"--renew={days:.6f}"]
        self._control.cli.run_once("certificates", command, self._control.variables())
        self.keep_copies()
        if self._control.running(Service.EDGE) is not Running.UP:
            return  # It reads the file when it starts.
        for container in self._control.of(Service.EDGE):
            self._control.containers.signal(container, "SIGUSR2")
        self._folder.await_loaded(self._control.store.read().ports[Service.EDGE], _LOADED_SECONDS)

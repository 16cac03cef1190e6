"""The edge's certificate, made and read by the shop's own `shop/certificates.py`, which loads a large library."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast

from drills.errors import DrillsError, EnvironmentFailed
from drills.included_shop.definitions import shop_module
from drills.included_shop.ground import EdgeCertificate, Ground
from drills.sandbox import change_history
from drills.sandbox.capabilities.certificate import Certificate
from drills.sandbox.ports import HOST

#: A certificate that ends sooner counts as expired: somebody must act.
ENDS_SOON = timedelta(days=7)
#: Seconds between two checks of what the edge shows.
_AGAIN = 0.03


class _Facts(Protocol):
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


class _Certificates(Protocol):
    """`shop.certificates`, as far as it is used here."""

    AUTHORITY: str
    EDGE: str
    PUBLIC_NAME: str

    def provide(self, folder: Path, now: datetime) -> None: ...
    def issue(self, folder: Path, now: datetime, valid_for: timedelta) -> None: ...
    def read(self, path: Path) -> _Facts: ...


def standing(certificate: Certificate, now: datetime) -> str:
    """`valid`, or `expired` when it has ended or ends within a week."""
    return "valid" if certificate.not_after - now > ENDS_SOON else "expired"


class CertificateFolder:
    """A folder with the sandbox's authority and the edge's certificate. All raise EnvironmentFailed."""

    def __init__(self, folder: Path, shop_root: Path) -> None:
        self._folder = folder
        self._shop_root = shop_root

    @property
    def _certificates(self) -> _Certificates:
        return cast(_Certificates, shop_module(self._shop_root, "certificates"))

    def provide(self, now: datetime) -> None:
        """Make what is missing."""
        try:
            self._certificates.provide(self._folder, now)
        except (OSError, ValueError) as error:
            raise EnvironmentFailed(f"{self._folder}: no certificate can be made: {error}") from error

    def await_loaded(self, port: int, seconds: float) -> None:
        """Wait until the edge at this port shows the folder's certificate; raises when it has not after `seconds`."""
        deadline = time.monotonic() + seconds
        while not self._is_shown_at(port):
            if time.monotonic() > deadline:
                raise EnvironmentFailed("the edge did not load the new certificate; its log says why")
            time.sleep(_AGAIN)

    def _is_shown_at(self, port: int) -> bool:
        try:
            shown = ssl.get_server_certificate((HOST, port), timeout=2)
        except OSError:
            return False
        return shown.strip() in (self._folder / "edge.pem").read_text(encoding="ascii")

    def issue(self, now: datetime, valid_for: timedelta) -> None:
        """Replace the certificate; a negative number makes one that has expired."""
        try:
            self._certificates.issue(self._folder, now, valid_for)
        except (OSError, ValueError) as error:
            raise EnvironmentFailed(f"{self._folder}: no certificate can be made: {error}") from error

    def read(self) -> Certificate:
        path = self._folder / self._certificates.EDGE
        try:
            facts = self._certificates.read(path)
        except (OSError, ValueError) as error:
            raise EnvironmentFailed(f"{path}: no certificate can be read: {error}") from error
        return Certificate(facts.subject, facts.issuer, facts.names, facts.not_before, facts.not_after)


class ShopCertificate:
    """See `drills.sandbox.capabilities.certificate.InstalledCertificate`."""

    def __init__(self, ground: Ground, edge: EdgeCertificate) -> None:
        self._ground = ground
        self._edge = edge

    def read(self) -> Certificate:
        self._ground.active()
        return self._edge.read()

    def renew(self, valid_for: timedelta = timedelta(days=90)) -> None:
        with self._ground.lock.held():
            self._ground.active()
            self._edge.renew(valid_for)
            until = f"{self._edge.read().not_after:%Y-%m-%d %H:%M} UTC"
            change_history.note(self._ground.store, f"certificate of the edge replaced, valid until {until}")

    # --- the state before and after a drill

    def state(self) -> str:
        """`valid`, or `expired` when it has ended or soon will."""
        try:
            return standing(self.read(), datetime.now(UTC))
        except DrillsError:
            return "unreadable"

    def restore(self, state: str) -> tuple[str, ...]:
        before = self.state()
        if before == state:
            return ()
        self.renew(timedelta(days=60) if state == "valid" else timedelta(days=-1))
        return (f"certificate: {before} → {state}",)

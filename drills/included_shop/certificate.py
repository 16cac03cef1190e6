"""The certificate at the edge of the included system."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drills.errors import DrillsError
from drills.included_shop.certificates import standing
from drills.included_shop.ground import EdgeCertificate, Ground
from drills.sandbox import change_history
from drills.sandbox.capabilities.certificate import Certificate


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

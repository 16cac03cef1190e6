"""The payment provider's book: who was charged for what, and which webhooks the shop has taken.

It is written to a file line by line, so that a provider that is restarted with other keys has forgotten nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from shop.logs import log


@dataclass(frozen=True, slots=True)
class Charge:
    """One payment. `key` names what is paid, so that asking again charges nobody again; `at` is UTC, ISO 8601."""

    payment: str
    key: str
    order: int
    total_cents: int
    callback: str
    at: str


class ChargeBook:
    """`file` None: kept in memory only."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._charges: dict[str, Charge] = {}
        self._told: set[str] = set()
        if file is not None and file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._read(line)
            if not file.read_bytes().endswith(b"\n"):
                self._append("\n")  # A provider that was killed while it wrote.

    @property
    def charges(self) -> Sequence[Charge]:
        """All of them, the oldest first."""
        return list(self._charges.values())

    @property
    def untold(self) -> Sequence[Charge]:
        """Those whose webhook the shop has not taken."""
        return [charge for charge in self._charges.values() if not self.was_told(charge.payment)]

    def was_told(self, payment: str) -> bool:
        """Whether the shop has taken the webhook of that payment."""
        return payment in self._told

    def charge(self, key: str, order: int, total_cents: int, callback: str) -> tuple[Charge, bool]:
        """The charge for that key, and whether it is a new one."""
        if (known := self._charges.get(key)) is not None:
            return known, False
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        made = Charge(f"pay_{secrets.token_hex(6)}", key, order, total_cents, callback, at)
        self._charges[key] = made
        self._write({"charge": asdict(made)})
        return made, True

    def told(self, payment: str) -> None:
        """The shop has taken the webhook of that payment."""
        if payment not in self._told:
            self._told.add(payment)
            self._write({"told": payment})

    def _read(self, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if "charge" in said:
            charge = Charge(**said["charge"])
            self._charges[charge.key] = charge
        else:
            self._told.add(said["told"])

    def _write(self, said: dict[str, object]) -> None:
        self._append(json.dumps(said) + "\n")

    def _append(self, text: str) -> None:
        if self._file is None:
            return
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:  # A full disk stops no payment; a restart forgets it.
            log("error", "charge not written down", file=str(self._file), error=error.strerror)

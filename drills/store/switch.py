"""The kill switch: a flag in the store that every runner obeys, whichever process set it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from drills.store import tables
from drills.store.store import Store


@dataclass(frozen=True, slots=True)
class SwitchState:
    """Whether everything is stopped, since when, and why."""

    stopped: bool
    since: datetime | None = None
    why: str = ""


class KillSwitch:
    """While it is set, nothing starts, and what runs ends and undoes."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self._clock = store.clock

    def stop(self, why: str) -> SwitchState:
        """Set it. When it is set already, the first moment and reason stay."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(tables.kill_switch).values(id=1, stopped_at=self._clock.now(), why=why))
        except IntegrityError:
            pass
        return self.state()

    def resume(self) -> None:
        """Let drills start again."""
        with self._database.write() as connection:
            connection.execute(delete(tables.kill_switch))

    def state(self) -> SwitchState:
        """Cheap enough to ask each second."""
        with self._database.read() as connection:
            row = connection.execute(select(tables.kill_switch)).first()
        return SwitchState(False) if row is None else SwitchState(True, row.stopped_at, row.why)

"""The log of what happens after drills; it follows their timelines and changes nothing about them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from sqlalchemy import insert, select

from drills.errors import BadInput
from drills.model.aftermath import ActionItem, AfterEvent, OpenAction, after_event_from_json
from drills.scoring.aftermath import item_states
from drills.store import tables
from drills.store.store import Store


class AfterLog:
    """Rows are only ever added. Methods raise EnvironmentFailed when the database cannot."""

    def __init__(self, store: Store) -> None:
        self._database = store.database

    def append(self, drill_id: str, event: AfterEvent) -> None:
        """Store an event of that drill, which must exist; it is on the disk when this returns."""
        row = {"drill_id": drill_id, "at": event.at, "kind": event.kind, "body": event.model_dump_json()}
        with self._database.write() as connection:
            connection.execute(insert(tables.after_events).values(**row))

    def all(self) -> Mapping[str, tuple[AfterEvent, ...]]:
        """The events of each drill that has any, in the order in which they were stored.

        Raises BadInput for what only a newer version understands.
        """
        table = tables.after_events
        found: dict[str, list[AfterEvent]] = {}
        with self._database.read() as connection:
            rows = connection.execute(select(table.c.drill_id, table.c.body).order_by(table.c.id)).all()
        for row in rows:
            found.setdefault(row.drill_id, []).append(_event(row.drill_id, row.body))
        return {drill_id: tuple(events) for drill_id, events in found.items()}


def open_actions_before(store: Store, scenario: str) -> tuple[OpenAction, ...]:
    """The action items of all drills of this scenario that are open now, the oldest first."""
    now = store.clock.now()
    after = AfterLog(store).all()
    found: list[OpenAction] = []
    for record in store.drills():
        if record.scenario == scenario:
            states = item_states(after.get(record.drill_id, ()), now)
            found += [_open(record.drill_id, state.item) for state in states if not state.status.closed]
    return tuple(found)


def _open(drill_id: str, item: ActionItem) -> OpenAction:
    return OpenAction(drill_id=drill_id, **item.model_dump(exclude={"status"}))


def _event(drill_id: str, body: str) -> AfterEvent:
    try:
        return after_event_from_json(body)
    except ValidationError as error:
        raise BadInput(
            f"{drill_id}: what happened after it was written by a newer version of drills, or is damaged "
            f"({error.errors()[0]['msg']}); update drills"
        ) from error

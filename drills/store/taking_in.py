"""The steps of importing a drill that this store does not have; they run inside the caller's transaction."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace

from sqlalchemy import Connection, func, insert, select

from drills.model.events import DrillStarted, Event, event_to_json
from drills.model.scorecard import DrillResult
from drills.store import tables
from drills.store.copies import DrillCopy
from drills.store.stored_forms import columns_of, event_of, record_of
from drills.store.undos import OwedUndo, store_changes


def drill(connection: Connection, copy: DrillCopy) -> DrillCopy:
    """The drill as the store has it, under the id that it has there; put there when it has not."""
    table = tables.drills
    for row in connection.execute(select(table).where(table.c.origin == copy.record.origin).with_for_update()):
        known = record_of(row)
        if (known.started_at, known.runner) == (copy.record.started_at, copy.record.runner):
            return _named(copy, known.drill_id)
    _, day, number = copy.record.drill_id.split("-")
    taken = set(connection.scalars(select(table.c.number).where(table.c.day == day)))
    free = int(number) if int(number) not in taken else max(taken) + 1
    named = _named(copy, f"INC-{day}-{free:03d}")
    running = replace(named.record, result=DrillResult.RUNNING, ended_at=None)
    connection.execute(insert(table).values(day=day, number=free, **columns_of(running)))
    return named


def runs(connection: Connection, drill_id: str) -> bool:
    """Whether the store has no end of it."""
    table = tables.drills
    return connection.scalar(select(table.c.result).where(table.c.drill_id == drill_id)) == DrillResult.RUNNING.value


def events(connection: Connection, drill_id: str, after: int = -1) -> list[Event]:
    """What is stored of it, with sequence numbers greater than `after`, in order."""
    table = tables.events
    query = select(table.c.seq, table.c.body).where(table.c.drill_id == drill_id, table.c.seq > after)
    return [event_of(drill_id, row.seq, row.body) for row in connection.execute(query.order_by(table.c.seq))]


def missing_events(connection: Connection, copy: DrillCopy) -> list[Event]:
    """Those of the copy that are not stored. Two that are alike in everything are two, if both are in the copy."""
    table = tables.events
    known = Counter(connection.scalars(select(table.c.body).where(table.c.drill_id == copy.record.drill_id)))
    missing = []
    for event in copy.events:
        body = event_to_json(event)
        if known[body]:
            known[body] -= 1
        else:
            missing.append(event)
    return missing


def undos(connection: Connection, copy: DrillCopy) -> tuple[OwedUndo, ...]:
    """Store what became of its undos; those that the store does not know get their numbers where these are free.

    Returns them with the numbers that they have in the store.
    """
    table = tables.undo_journal
    query = select(table.c.id, table.c.kind, table.c.written_at).where(table.c.drill_id == copy.record.drill_id)
    known = {(row.kind, row.written_at): row.id for row in connection.execute(query)}
    numbered = []
    for undo in copy.undos:
        number = known.get((undo.kind, undo.written_at))
        if number is None:
            number = _insert(connection, replace(undo, drill_id=copy.record.drill_id))
        numbered.append(replace(undo, id=number))
    store_changes(connection, numbered)
    if connection.dialect.name == "postgresql":
        # Its numbers come from a sequence, which knows nothing of those that were given.
        last = select(func.max(table.c.id)).scalar_subquery()
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, func.coalesce(last, 1))))
    return tuple(numbered)


def _insert(connection: Connection, undo: OwedUndo) -> int:
    table = tables.undo_journal
    columns = asdict(undo) | {"plan": json.dumps(undo.plan, ensure_ascii=False)}
    if connection.scalar(select(table.c.id).where(table.c.id == undo.id)) is not None:
        del columns["id"]
    key = connection.execute(insert(table).values(**columns)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _named(copy: DrillCopy, drill_id: str) -> DrillCopy:
    if copy.record.drill_id == drill_id:
        return copy
    return DrillCopy(
        record=replace(copy.record, drill_id=drill_id),
        events=tuple(
            event.model_copy(update={"drill_id": drill_id}) if isinstance(event, DrillStarted) else event
            for event in copy.events
        ),
        undos=tuple(replace(undo, drill_id=drill_id) for undo in copy.undos),
    )

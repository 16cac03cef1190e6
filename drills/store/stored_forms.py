"""Converts between table rows and objects; data that a newer version wrote is refused with a one-line error."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from drills.errors import BadInput
from drills.model.events import EVENT_FORMAT, Event, ResponderKind, event_from_json, event_to_json
from drills.model.scorecard import DrillResult, Scorecard
from drills.store.records import DrillRecord


def columns_of(record: DrillRecord) -> dict[str, Any]:
    """A drill's row, but for the day and number of its id."""
    return {
        "drill_id": record.drill_id,
        "scenario": record.scenario,
        "sandbox": record.sandbox,
        "responder": record.responder.value,
        "blind": record.blind,
        "started_at": record.started_at,
        "origin": record.origin,
        "boot_id": record.boot_id,
        "runner_pid": record.runner_pid,
        "runner_started": record.runner_started,
        "result": record.result.value,
        "ended_at": record.ended_at,
    }


def record_of(row: Any) -> DrillRecord:
    """The drill that a row holds."""
    return DrillRecord(
        drill_id=row.drill_id,
        scenario=row.scenario,
        sandbox=row.sandbox,
        responder=ResponderKind(row.responder),
        started_at=row.started_at,
        origin=row.origin,
        boot_id=row.boot_id,
        runner_pid=row.runner_pid,
        runner_started=row.runner_started,
        result=DrillResult(row.result),
        blind=row.blind,
        ended_at=row.ended_at,
    )


def event_columns(drill_id: str, event: Event) -> dict[str, Any]:
    """The row of an event that has its sequence number."""
    return {
        "drill_id": drill_id,
        "seq": event.seq,
        "t": event.t,
        "at": event.at,
        "kind": event.kind,
        "body": event_to_json(event),
    }


def event_of(drill_id: str, seq: int, body: str) -> Event:
    """The event with that sequence number. Raises BadInput for what only a newer version understands."""
    try:
        event = event_from_json(body)
    except ValidationError as error:
        raise BadInput(
            f"{drill_id}: event {seq} was written by a newer version of drills, or is damaged "
            f"({error.errors()[0]['msg']}); update drills"
        ) from error
    if event.kind == "drill-started" and event.format > EVENT_FORMAT:
        raise BadInput(
            f"{drill_id}: its events have format {event.format}, this drills knows {EVENT_FORMAT}; update drills"
        )
    return event.model_copy(update={"seq": seq})


def scorecard_of(drill_id: str, body: str) -> Scorecard:
    """The scorecard as it was stored. Raises BadInput for what only a newer version understands."""
    try:
        return Scorecard.model_validate_json(body)
    except ValidationError as error:
        raise BadInput(
            f"{drill_id}: its scorecard was written by a newer version of drills, or is damaged "
            f"({error.errors()[0]['msg']}); update drills"
        ) from error

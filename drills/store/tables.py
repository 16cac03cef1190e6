"""The tables of the store, as SQLAlchemy sees them; `migrations/` makes them, and a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """Wall time in UTC as text of fixed width: the same in SQLite and PostgreSQL, and it sorts as time does."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else datetime.fromisoformat(value)


drills = Table(
    "drills",
    metadata,
    Column("drill_id", String(32), primary_key=True),
    Column("day", String(8), nullable=False),
    Column("number", Integer, nullable=False),
    Column("scenario", String(200), nullable=False),
    Column("sandbox", String(200), nullable=False),
    Column("responder", String(32), nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("origin", Double, nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("runner_pid", Integer, nullable=False),
    Column("runner_started", Double, nullable=False),
    Column("result", String(16), nullable=False),
    Column("ended_at", Moment, nullable=True),
    UniqueConstraint("day", "number"),
    Index("ix_drills_sandbox_result", "sandbox", "result"),
)

events = Table(
    "events",
    metadata,
    Column("drill_id", String(32), ForeignKey("drills.drill_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("t", Double, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
)

observations = Table(
    "observations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("probe", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("started", Double, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("phases", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lateness", Double, nullable=False),
    Column("vantage", String(100), nullable=False),
    Index("ix_observations_probe_at", "probe", "at"),
)

#: Disturbances and their undos: a row without `settled_at` is still owed.
undo_journal = Table(
    "undo_journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("drill_id", String(32), nullable=False),
    Column("sandbox", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("settled_at", Moment, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("last_failure", Text, nullable=False),
    Index("ix_undo_journal_sandbox_settled_at", "sandbox", "settled_at"),
    # An id that was printed (`undo #41`) never means another row later.
    sqlite_autoincrement=True,
)

#: Kept as they were made: a newer version of the rules adds a row, it replaces none.
scorecards = Table(
    "scorecards",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("drill_id", String(32), ForeignKey("drills.drill_id"), nullable=False),
    Column("scenario", String(200), nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_scorecards_drill_id", "drill_id"),
)

#: What happens after a drill: its post-mortem, action items, follow-up tasks. Rows are only ever added.
after_events = Table(
    "after_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("drill_id", String(32), ForeignKey("drills.drill_id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_after_events_drill_id", "drill_id"),
)

#: At most one row, with id 1: nothing starts while it is there.
kill_switch = Table(
    "kill_switch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("stopped_at", Moment, nullable=False),
    Column("why", Text, nullable=False),
)

#: The alerts of the service's monitoring, one row for each transition: fired, changed, resolved, suppressed.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sandbox", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("alert_id", String(300), nullable=False),
    Column("key", String(250), nullable=False),
    Column("level", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probe", String(200), nullable=True),
    Column("drill_id", String(32), nullable=True),
    #: Names as JSON; none in rows of version 0.1.
    Column("besides", Text, nullable=True),
    Index("ix_alerts_sandbox_at", "sandbox", "at"),
)

#: The entries of the schedule that the service knows, and since when: what was due before that is not owed.
calendar_entries = Table(
    "calendar_entries",
    metadata,
    Column("entry", String(32), primary_key=True),
    Column("says", Text, nullable=False),
    Column("since", Moment, nullable=False),
)

#: Each occurrence of the calendar that has come due, claimed before it is begun: the primary key lets it begin once.
occurrences = Table(
    "occurrences",
    metadata,
    Column("entry", String(32), primary_key=True),
    Column("planned", Moment, primary_key=True),
    Column("drill", String(200), nullable=False),
    Column("responder", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("pid", Integer, nullable=True),
    Column("pid_started", Double, nullable=True),
    Column("boot_id", String(64), nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("exit_status", Integer, nullable=True),
    Index("ix_occurrences_state", "state"),
)

"""The store: drills with their events and scorecards, and what probes observed.

An event is on the disk when `append` returns, and can be read by every process. Everything else that is said about a
drill is computed from its events; scorecards are kept as they were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Self, TypeVar

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from drills.clock import Clock, SystemClock
from drills.errors import BadInput, EnvironmentFailed
from drills.model.events import Base, DrillStarted, Event, ResponderKind
from drills.model.playbook import Playbook
from drills.model.probe import Observation
from drills.model.scorecard import DrillResult, Scorecard
from drills.model.timeline import Timeline
from drills.store import tables, taking_in
from drills.store.copies import DrillCopy
from drills.store.database import Database
from drills.store.observing import ObservationWriter, observation_of
from drills.store.records import DrillRecord, StoredScorecard
from drills.store.runner import Runner
from drills.store.schema import bring_up_to_date
from drills.store.stored_forms import columns_of, event_columns, event_of, record_of, scorecard_of
from drills.store.undos import OwedUndo, store_changes

T = TypeVar("T")

#: On PostgreSQL two writers may draw the same number; one of them then draws again.
_ATTEMPTS = 20


class Store:
    """One database of drills; may be shared by threads, and opened by several processes at once.

    Every method raises EnvironmentFailed in one line when the database cannot do it (disk full, read-only, locked).
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._writer: ObservationWriter | None = None
        self._making_writer = Lock()

    @classmethod
    def open(cls, url: str, *, clock: Clock | None = None) -> Store:
        """Open it and bring its tables up to date.

        Raises BadInput for what is not a store, or was written by a newer version of drills.
        """
        database = Database(url, bring_up_to_date)
        try:
            bring_up_to_date(database)
        except BaseException:
            database.close()
            raise
        return cls(database, clock or SystemClock())

    def close(self) -> None:
        """Store the observations that are still queued, and let go of the database."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- drills ------------------------------------------------------------------------------------------------------

    def begin_drill(
        self,
        *,
        scenario: str,
        sandbox: str,
        responder: ResponderKind,
        blind: bool = False,
        runner: Runner | None = None,
        first: Callable[[DrillRecord], Event] | None = None,
    ) -> DrillRecord:
        """Record a new drill as running, conducted by this process, with an id of its own and its origin of time.

        `first` makes its first event, which is stored with it.
        """
        runner = runner or Runner.this()
        now, origin = self.clock.now(), self.clock.monotonic()
        day = f"{now:%Y%m%d}"

        def insert_next(connection: Connection) -> DrillRecord:
            last = connection.scalar(select(func.max(tables.drills.c.number)).where(tables.drills.c.day == day))
            number = (last or 0) + 1
            record = DrillRecord(
                drill_id=f"INC-{day}-{number:03d}",
                scenario=scenario,
                sandbox=sandbox,
                responder=responder,
                started_at=now,
                origin=origin,
                boot_id=runner.boot_id,
                runner_pid=runner.pid,
                runner_started=runner.started,
                result=DrillResult.RUNNING,
                blind=blind,
            )
            connection.execute(insert(tables.drills).values(day=day, number=number, **columns_of(record)))
            if first is not None:
                self._insert_events(connection, record.drill_id, [first(record)])
            return record

        return self._numbered(insert_next)

    def drills(self) -> list[DrillRecord]:
        """Every drill, in the order in which they began."""
        return self._drills()

    def drill(self, drill_id: str) -> DrillRecord:
        """Raises BadInput when there is none of that id."""
        found = self._drills(tables.drills.c.drill_id == drill_id)
        if not found:
            raise BadInput(f"{drill_id}: no such drill; `drills history` lists them")
        return found[0]

    def running(self, sandbox: str) -> DrillRecord | None:
        """The drill that was begun last on that sandbox and has not ended (its runner may be dead)."""
        found = self.all_running(sandbox)
        return found[-1] if found else None

    def all_running(self, sandbox: str) -> list[DrillRecord]:
        """Every drill that has not ended on that sandbox, the oldest first."""
        return self._drills(tables.drills.c.sandbox == sandbox, tables.drills.c.result == DrillResult.RUNNING.value)

    def finish(self, drill_id: str, scorecard: Scorecard, *, reason: str = "the drill ended") -> None:
        """Store its result with the first scorecard, at once."""
        with self.database.write() as connection:
            self._finish(connection, drill_id, scorecard, reason)

    def end_unscored(self, drill_id: str, result: DrillResult) -> None:
        """Store the result of a drill that ended before there was anything to make a scorecard of."""
        with self.database.write() as connection:
            self._set_result(connection, drill_id, result)

    def keep(
        self,
        drill_id: str,
        events: Sequence[Event],
        undos: Iterable[OwedUndo] = (),
        *,
        scorecard: Scorecard | None = None,
        reason: str = "",
        origin: float | None = None,
    ) -> list[Event]:
        """Store these events, what became of these undos, and how the drill ended, if it has: all of it or nothing.

        Returns the events with their sequence numbers. Raises BadInput for an unknown drill, also for another one that
        has its id; `origin` tells them apart.
        """

        def keep_all(connection: Connection) -> list[Event]:
            placed = self._insert_events(connection, drill_id, events, origin)
            store_changes(connection, undos)
            if scorecard is not None:
                self._finish(connection, drill_id, scorecard, reason)
            return placed

        return self._numbered(keep_all)

    def take_in(self, copy: DrillCopy, *, scorecard: Scorecard | None = None) -> DrillCopy:
        """Store whatever of this drill is not stored yet, so that nothing is there twice; returns what is stored now.

        A store that was recreated may have given its id to another drill: then it gets the next one of its day.
        """

        def take_all(connection: Connection) -> DrillCopy:
            kept = taking_in.drill(connection, copy)
            events = taking_in.missing_events(connection, kept)
            self._insert_events(connection, kept.record.drill_id, events)
            undos = taking_in.undos(connection, kept)
            if scorecard is not None and taking_in.runs(connection, kept.record.drill_id):
                own = scorecard.model_copy(update={"drill_id": kept.record.drill_id})
                self._finish(connection, kept.record.drill_id, own, "the drill ended")
            return replace(kept, events=tuple(taking_in.events(connection, kept.record.drill_id)), undos=undos)

        return self._numbered(take_all)

    def amend(
        self, drill_id: str, events: Sequence[Event], score: Callable[[Timeline], Scorecard], *, reason: str
    ) -> Scorecard:
        """Store what is said about a drill after its end, with the scorecard that it has then: both or neither.

        Its result follows the new scorecard; earlier ones are kept, and so is the time at which it ended. Raises
        BadInput for an unknown drill.
        """

        def amend_it(connection: Connection) -> Scorecard:
            self._insert_events(connection, drill_id, events)
            card = score(Timeline(taking_in.events(connection, drill_id)))
            table = tables.drills
            connection.execute(update(table).where(table.c.drill_id == drill_id).values(result=card.result.value))
            self._insert_scorecard(connection, drill_id, card, reason)
            return card

        return self._numbered(amend_it)

    def settle(self, undos: Iterable[OwedUndo]) -> None:
        """Store what became of these, of which no drill tells."""
        with self.database.write() as connection:
            store_changes(connection, undos)

    def _finish(self, connection: Connection, drill_id: str, scorecard: Scorecard, reason: str) -> None:
        self._set_result(connection, drill_id, scorecard.result)
        self._insert_scorecard(connection, drill_id, scorecard, reason)

    def _drills(self, *where: ColumnElement[bool]) -> list[DrillRecord]:
        # Two drills may begin in the same microsecond of a clock that was set back: the number decides.
        order = (tables.drills.c.started_at, tables.drills.c.day, tables.drills.c.number)
        with self.database.read() as connection:
            return [record_of(row) for row in connection.execute(select(tables.drills).where(*where).order_by(*order))]

    def _set_result(self, connection: Connection, drill_id: str, result: DrillResult) -> None:
        changed = connection.execute(
            update(tables.drills)
            .where(tables.drills.c.drill_id == drill_id)
            .values(result=result.value, ended_at=self.clock.now())
        )
        if changed.rowcount != 1:
            raise BadInput(f"{drill_id}: no such drill; `drills history` lists them")

    # ---- events ------------------------------------------------------------------------------------------------------

    def append(self, drill_id: str, event: Event) -> Event:
        """Store one event durably; returns it with its sequence number. Raises BadInput for an unknown drill."""
        return self.append_many(drill_id, (event,))[0]

    def append_many(self, drill_id: str, events: Sequence[Event]) -> list[Event]:
        """Store these events, all or none, next to one another. Raises BadInput for an unknown drill."""
        return self.keep(drill_id, events) if events else []

    def _insert_events(
        self, connection: Connection, drill_id: str, events: Sequence[Event], origin: float | None = None
    ) -> list[Event]:
        # Writers to one drill queue up here on PostgreSQL; on SQLite they already have.
        query = select(tables.drills.c.origin).where(tables.drills.c.drill_id == drill_id).with_for_update()
        known = connection.scalar(query)
        if known is None or origin not in (None, known):
            raise BadInput(f"{drill_id}: no such drill; `drills history` lists them")
        last = connection.scalar(select(func.max(tables.events.c.seq)).where(tables.events.c.drill_id == drill_id))
        first = 0 if last is None else last + 1
        placed = [event.model_copy(update={"seq": first + index}) for index, event in enumerate(events)]
        if placed:
            connection.execute(insert(tables.events), [event_columns(drill_id, event) for event in placed])
        return placed

    def events(self, drill_id: str, after: int = -1) -> list[Event]:
        """The events of a drill with a sequence number greater than `after`, in the order in which they were stored.

        Raises BadInput for events that a newer version of drills wrote.
        """
        with self.database.read() as connection:
            return taking_in.events(connection, drill_id, after)

    def timeline(self, drill_id: str) -> Timeline:
        """All events of a drill. Raises BadInput for an unknown drill."""
        self.drill(drill_id)
        return Timeline(self.events(drill_id))

    def playbooks(self) -> Mapping[str, Playbook]:
        """The playbook of each drill that has begun, as it was then."""
        return {
            drill_id: first.playbook
            for drill_id, (first, *_) in self.events_of(DrillStarted).items()
            if isinstance(first, DrillStarted)
        }

    def events_of(self, *kinds: type[Base]) -> Mapping[str, tuple[Event, ...]]:
        """The events of these kinds of each drill that has any, in order."""
        names = [kind.model_fields["kind"].default for kind in kinds]
        table = tables.events
        query = select(table.c.drill_id, table.c.seq, table.c.body).where(table.c.kind.in_(names))
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(table.c.drill_id, table.c.seq)).all()
        found: dict[str, list[Event]] = {}
        for row in rows:
            found.setdefault(row.drill_id, []).append(event_of(row.drill_id, row.seq, row.body))
        return {drill_id: tuple(events) for drill_id, events in found.items()}

    # ---- scorecards --------------------------------------------------------------------------------------------------

    def scorecards(self, scenario: str | None = None) -> list[Scorecard]:
        """The scorecard that was made last of each drill, in the order in which the drills began."""
        newest = select(func.max(tables.scorecards.c.id)).group_by(tables.scorecards.c.drill_id)
        query = (
            select(tables.scorecards.c.drill_id, tables.scorecards.c.body)
            .join(tables.drills, tables.drills.c.drill_id == tables.scorecards.c.drill_id)
            .where(tables.scorecards.c.id.in_(newest))
            .order_by(tables.drills.c.started_at, tables.drills.c.day, tables.drills.c.number)
        )
        if scenario is not None:
            query = query.where(tables.scorecards.c.scenario == scenario)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return [scorecard_of(row.drill_id, row.body) for row in rows]

    def scorecards_of(self, drill_id: str) -> list[StoredScorecard]:
        """Every scorecard that was made of one drill, the oldest first."""
        table = tables.scorecards
        query = select(table).where(table.c.drill_id == drill_id).order_by(table.c.id)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return [StoredScorecard(row.made_at, row.reason, scorecard_of(drill_id, row.body)) for row in rows]

    def _insert_scorecard(self, connection: Connection, drill_id: str, scorecard: Scorecard, reason: str) -> None:
        connection.execute(
            insert(tables.scorecards).values(
                drill_id=drill_id,
                scenario=scorecard.scenario,
                rules_version=scorecard.rules_version,
                made_at=self.clock.now(),
                reason=reason,
                body=scorecard.model_dump_json(),
            )
        )

    # ---- observations ------------------------------------------------------------------------------------------------

    def observe(self, observation: Observation) -> None:
        """Queue an observation for storing; never waits. See `ObservationWriter` for what a full queue does."""
        with self._making_writer:
            writer = self._writer = self._writer or ObservationWriter(self.database, self.clock)
        writer.put(observation)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was observed is stored; False when `timeout` seconds did not suffice."""
        return self._writer is None or self._writer.flush(timeout)

    def observations(self, probe: str | None = None, since: datetime | None = None) -> list[Observation]:
        """What was stored of one probe (or all), from `since` on, in the order of time."""
        query = select(tables.observations).order_by(tables.observations.c.at, tables.observations.c.id)
        if probe is not None:
            query = query.where(tables.observations.c.probe == probe)
        if since is not None:
            query = query.where(tables.observations.c.at >= since)
        with self.database.read() as connection:
            return [observation_of(row) for row in connection.execute(query)]

    # ------------------------------------------------------------------------------------------------------------------

    def _numbered(self, transaction: Callable[[Connection], T]) -> T:
        """Run a transaction that takes the next free number; again when another process took it first."""
        for _ in range(_ATTEMPTS):
            try:
                with self.database.write() as connection:
                    return transaction(connection)
            except IntegrityError:
                continue
        raise EnvironmentFailed(f"{self.database.name}: too many writers at once; try again")

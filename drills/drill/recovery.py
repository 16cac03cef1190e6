"""Cleans up after dead runners: ends their processes, undoes their faults, and finishes their drills.

    leftover processes ended ──► owed undos settled, the last first ──► for each drill: its timeline finished, scored,
                                                                        its report written, all of it stored at once

Idempotent: it may be interrupted anywhere, and run again. The caller holds the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drills.errors import BadInput, DrillsError, EnvironmentFailed
from drills.faults.settling import Settlement, settle_owed
from drills.model.events import (
    DrillAborted,
    DrillEnded,
    DrillSkipped,
    DrillStarted,
    EnvironmentLost,
    Event,
    FaultFailed,
    RunnerDied,
    SteadyStateFailed,
    UndoSettled,
)
from drills.model.scorecard import DrillResult, Scorecard
from drills.model.timeline import Timeline
from drills.processes.leftovers import Ended, end, with_variable
from drills.processes.mark import DRILL, SANDBOX_MARK, WORKSPACE
from drills.sandbox.sandbox import Sandbox
from drills.scoring.score import score
from drills.store.copies import saved
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.runner import Runner, boot_id
from drills.store.store import Store
from drills.store.undos import Undos

#: Writes the report of a drill; raises EnvironmentFailed when that cannot be done.
WriteReport = Callable[[Timeline, Scorecard], object]
#: What ends the part of a drill that is scored, or says why it has none.
_ENDS = (DrillEnded, DrillAborted, DrillSkipped, EnvironmentLost, FaultFailed, SteadyStateFailed)


_GIVE_UP = "run `drills recover` again when the cause is fixed, or `drills undo give-up NUMBER --because …`"


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What recovery found and did. `owed`: what could not be undone, with the reason, and is owed still.

    `scored`: drills whose runner died when it had undone everything, with their results. `of_another_boot`: those of
    `aborted` whose runner cannot be asked for from here. `failed`: what else could not be done.
    """

    aborted: tuple[str, ...] = ()
    settled: tuple[Settlement, ...] = ()
    owed: tuple[str, ...] = ()
    ended: tuple[Ended, ...] = ()
    of_another_boot: tuple[str, ...] = ()
    scored: tuple[tuple[str, DrillResult], ...] = ()
    failed: tuple[str, ...] = ()
    taken_in: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """For people, one line for each fact."""
        return (
            *(f"{drill_id} stored, which was kept in a file" for drill_id in self.taken_in),
            *(f"{drill_id} stored as aborted: {self._why(drill_id)}" for drill_id in self.aborted),
            *(
                f"{drill_id} stored as {result}: its runner died after it had undone everything"
                for drill_id, result in self.scored
            ),
            *(f"process {ended.pid} ended: {ended.command}" for ended in self.ended),
            *(f"undo #{row.journal_id} settled: {row.summary}" for row in self.settled),
            *(f"  changed {change}" for row in self.settled for change in row.changes),
            *(f"undo still owed: {owed}" for owed in self.owed),
            *([_GIVE_UP] if self.owed else []),
            *self.failed,
        )

    def _why(self, drill_id: str) -> str:
        if drill_id in self.of_another_boot:
            return "it was begun before this machine was started again, or on another one, where it may still run"
        return "its runner died"


def recover(
    store: Store,
    sandbox: Sandbox,
    name: str,
    home: Path,
    write_report: WriteReport = lambda *_: None,
    kept_in: Sequence[Path] = (),
) -> RecoveryReport:
    """Settle all that is owed on the sandbox of that name; finish, score and report the drills of dead runners.

    Drills that could not be stored, of which there are files in the folders `kept_in`, are stored first.

    `home` is the workspace's folder, whose processes alone are ended. Never raises for an undo that fails: it is in
    the report, and stays owed. Raises EnvironmentFailed, with nothing touched, while another workspace that shares the
    store drills on a sandbox of that name.
    """
    taken_in, failed = _take_in(store, name, write_report, kept_in)
    running = store.all_running(name)
    _refuse_beside(running, name)
    dead = {record.drill_id: record for record in running if not record.runner.alive()}
    undos = Undos(store.clock.now, Journal(store).owed(name))
    owing = {row.drill_id for row in undos.owed()}
    known = {record.drill_id: record for record in store.drills() if record.drill_id in owing | dead.keys()}
    ended = _end_leftovers({key: record for key, record in known.items() if not record.runner.alive()}, home)
    settlements = settle_owed(undos, sandbox)
    results: dict[str, DrillResult] = {}
    unsaid: set[int] = set()
    owed = [f"#{row.journal_id} {row.summary}: {row.failed}" for row in settlements if row.failed]
    for drill_id in sorted(owing | known.keys()):
        own = [row for row in settlements if row.drill_id == drill_id]
        try:
            result = keep_outcome(store, known.get(drill_id), drill_id, own, undos, write_report, failed)
        except DrillsError as error:
            own = [row for row in own if not row.failed]
            unsaid |= {row.journal_id for row in own}
            owed += [f"#{row.journal_id} {row.summary}: undone, but not written down: {error}" for row in own]
            failed += [] if own else [str(error)]
        else:
            results |= {drill_id: result} if drill_id in dead else {}
    aborted = tuple(key for key, result in results.items() if result is DrillResult.ABORTED)
    return RecoveryReport(
        aborted=aborted,
        settled=tuple(row for row in settlements if not row.failed and row.journal_id not in unsaid),
        owed=tuple(owed),
        ended=ended,
        of_another_boot=tuple(key for key in aborted if dead[key].boot_id != boot_id()),
        scored=tuple((key, result) for key, result in results.items() if result is not DrillResult.ABORTED),
        failed=tuple(failed),
        taken_in=taken_in,
    )


def _take_in(
    store: Store, name: str, write_report: WriteReport, folders: Sequence[Path]
) -> tuple[tuple[str, ...], list[str]]:
    """Store the drills on this sandbox that are kept in files; returns their ids, and what could not be done."""
    taken, failed = [], []
    for path, copy in saved(folders):
        if isinstance(copy, BadInput):
            failed.append(str(copy))
        elif copy.record.sandbox == name:
            card = score(Timeline(copy.events))
            stored = store.take_in(copy, scorecard=card)
            drill_id = stored.record.drill_id
            try:
                write_report(Timeline(stored.events), card.model_copy(update={"drill_id": drill_id}))
            except EnvironmentFailed as error:
                failed.append(str(error))
            path.unlink(missing_ok=True)
            taken.append(drill_id)
    return tuple(taken), failed


def _refuse_beside(running: Iterable[DrillRecord], name: str) -> None:
    """The caller holds this workspace's sandbox: a drill that another living process conducts is not on it."""
    this = Runner.this()
    for record in running:
        if record.runner != this and record.runner.alive():
            raise EnvironmentFailed(
                f"{record.drill_id}: another workspace shares this store and drills on a sandbox of this name, {name}; "
                "give this workspace's another `sandbox.name` in drills.yaml"
            )


def _end_leftovers(dead: Mapping[str, DrillRecord], home: Path) -> tuple[Ended, ...]:
    """End what these drills started outside the sandbox: traffic, steps of runbooks."""
    return end(
        [
            process
            for process, environment in with_variable(DRILL)
            if environment[DRILL] in dead
            # The sandbox's own processes are repaired by undos, never ended here.
            and SANDBOX_MARK not in environment
            # Drills of two workspaces may have the same id.
            and Path(environment.get(WORKSPACE, "")).resolve() == home.resolve()
        ]
    )


def keep_outcome(
    store: Store,
    record: DrillRecord | None,
    drill_id: str,
    settlements: Sequence[Settlement],
    undos: Undos,
    write_report: WriteReport,
    failed: list[str],
) -> DrillResult:
    """Store what came of one drill's undos, and how it ended if it has not; the report first, for it has no second try.

    Whatever dies in between, a drill that is stored as ended has its report, and a settled undo is said to be settled.
    Returns its result. Raises DrillsError for a store that cannot take it.
    """
    changed = undos.changed(drill_id)
    if record is None:
        store.settle(changed)
        return DrillResult.ABORTED
    timeline = store.timeline(drill_id)
    died = record.result is DrillResult.RUNNING and not record.runner.alive()
    events = _last_words(store, record, timeline) if died else []
    # At the t of the last event: the time until somebody recovered the sandbox is not part of the drill.
    events += [each.event(t=timeline.ended, at=store.clock.now()) for each in settlements]
    if timeline.first(DrillStarted) is None:
        # Without the rules that its first event carries it cannot be scored, and there is nothing to report.
        store.append_many(drill_id, events)
        store.settle(changed)
        if died:
            store.end_unscored(drill_id, DrillResult.ABORTED)
        return DrillResult.ABORTED
    numbered = (event.model_copy(update={"seq": len(timeline) + seq}) for seq, event in enumerate(events))
    whole = Timeline([*timeline, *numbered])
    cards = [] if died else store.scorecards_of(drill_id)
    card = cards[-1].scorecard if cards else score(whole)
    if died or record.result is not DrillResult.RUNNING:
        try:
            write_report(whole, card)
        except EnvironmentFailed as error:
            failed.append(str(error))
    store.keep(drill_id, events, changed, scorecard=card if died else None, reason="the runner died")
    return card.result


def _last_words(store: Store, record: DrillRecord, timeline: Timeline) -> list[Event]:
    """What its runner would have said: which undos it settled, and that it ended; and that it died."""
    t = timeline.ended
    rows = Journal(store).of_drill(record.drill_id)
    said = {event.journal_id for event in timeline.all(UndoSettled)}
    events: list[Event] = [
        UndoSettled(t=t, at=row.settled_at, journal_id=row.id, summary=row.summary)
        for row in reversed(rows)
        if row.settled_at is not None and row.id not in said
    ]
    ended = timeline.first(*_ENDS) is not None
    if timeline.first(RunnerDied) is None:
        undone = ended and all(row.settled_at is not None for row in rows)
        last_sign = max((event.at for event in timeline), default=record.started_at)
        events.append(RunnerDied(t=t, at=store.clock.now(), last_sign=last_sign, undone=undone))
    if not ended:
        events.append(DrillAborted(t=t, at=store.clock.now(), reason="the runner died"))
    return events

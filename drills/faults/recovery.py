"""Finishes what dead runners left behind: their processes, their faults, and the drills they were conducting.

    leftover processes ended ──► interrupted drills aborted ──► owed undos settled, the last first ──► scored

Idempotent: it may be interrupted anywhere, and run again. The caller holds the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drills.core.events import DrillAborted, DrillStarted
from drills.core.scorecard import DrillResult
from drills.core.scoring.score import score
from drills.errors import EnvironmentFailed
from drills.faults.leftovers import Ended, end, with_variable
from drills.faults.settling import Settlement, settle_owed
from drills.sandbox.protocol import Sandbox
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.runner import Runner, boot_id
from drills.store.store import Store

DRILL_VARIABLE = "DRILLS_DRILL"
WORKSPACE_VARIABLE = "DRILLS_WORKSPACE"
#: The sandbox's own processes bear this; they are mended, never ended.
_SANDBOX_VARIABLE = "DRILLS_SANDBOX"


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What recovery found and did. `owed`: what could not be undone, with the reason, and is owed still.

    `of_another_boot`: those of `aborted` whose runner cannot be asked for from here.
    """

    aborted: tuple[str, ...] = ()
    settled: tuple[Settlement, ...] = ()
    owed: tuple[str, ...] = ()
    ended: tuple[Ended, ...] = ()
    of_another_boot: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """For people, one line for each fact."""
        return (
            *(f"{drill_id} stored as aborted: {self._why(drill_id)}" for drill_id in self.aborted),
            *(f"process {ended.pid} ended: {ended.command}" for ended in self.ended),
            *(f"undo #{row.journal_id} settled: {row.summary}" for row in self.settled),
            *(f"  changed {change}" for row in self.settled for change in row.changes),
            *(f"undo still owed: {owed}" for owed in self.owed),
        )

    def _why(self, drill_id: str) -> str:
        if drill_id in self.of_another_boot:
            return "it was begun before this machine was started again, or on another one, where it may still run"
        return "its runner died"


def recover(store: Store, sandbox: Sandbox, name: str, home: Path) -> RecoveryReport:
    """Settle all that is owed on the sandbox of that name, and store interrupted drills as aborted.

    `home` is the workspace's folder, whose processes alone are ended. Never raises for an undo that fails: it is in
    the report, and stays owed. Raises EnvironmentFailed, with nothing touched, while another workspace that shares the
    store drills on a sandbox of that name.
    """
    running = store.all_running(name)
    _refuse_beside(running, name)
    dead = [record for record in running if not record.runner.alive()]
    journal = Journal(store)
    owing = {row.drill_id for row in journal.owed(name)}
    suspects = {record.drill_id: record for record in dead}
    suspects |= {r.drill_id: r for r in store.drills() if r.drill_id in owing and not r.runner.alive()}
    ended = _end_leftovers(suspects, home)
    for record in dead:
        _abort(store, record)
    settlements = settle_owed(journal, sandbox, name=name)
    for settlement in settlements:
        _tell(store, settlement)
    for record in dead:
        _conclude(store, record)
    return RecoveryReport(
        aborted=tuple(record.drill_id for record in dead),
        settled=tuple(settlement for settlement in settlements if not settlement.failed),
        owed=tuple(f"#{row.journal_id} {row.summary}: {row.failed}" for row in settlements if row.failed),
        ended=ended,
        of_another_boot=tuple(record.drill_id for record in dead if record.boot_id != boot_id()),
    )


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
    """End what these drills started beside the sandbox: traffic, steps of runbooks."""
    return end(
        [
            process
            for process, environment in with_variable(DRILL_VARIABLE)
            if environment[DRILL_VARIABLE] in dead
            and _SANDBOX_VARIABLE not in environment
            # Drills of two workspaces may have the same id.
            and Path(environment.get(WORKSPACE_VARIABLE, "")).resolve() == home.resolve()
        ]
    )


def _abort(store: Store, record: DrillRecord) -> None:
    timeline = store.timeline(record.drill_id)
    if timeline.first(DrillAborted) is None:
        store.append(record.drill_id, DrillAborted(t=timeline.ended, at=store.clock.now(), reason="the runner died"))


def _tell(store: Store, settlement: Settlement) -> None:
    # At the t of the last event: how long the sandbox lay broken until somebody recovered it is not the drill's time.
    t = store.timeline(settlement.drill_id).ended
    store.append(settlement.drill_id, settlement.event(t=t, at=store.clock.now()))


def _conclude(store: Store, record: DrillRecord) -> None:
    timeline = store.timeline(record.drill_id)
    if timeline.first(DrillStarted) is None:
        store.end_unscored(record.drill_id, DrillResult.ABORTED)
    else:
        store.finish(record.drill_id, score(timeline), reason="the runner died")

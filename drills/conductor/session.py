"""A whole session: hold the sandbox, finish what is owed, conduct, score, store, report, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drills.clock import Clock
from drills.conductor.conduct import conduct
from drills.conductor.plan import DrillPlan
from drills.conductor.waiting import in_thread
from drills.core.events import Event
from drills.core.scorecard import DrillResult, Scorecard
from drills.core.scoring.score import score
from drills.core.timeline import Timeline
from drills.errors import Aborted, DrillsError, ExitCode, UndoOwed
from drills.faults.recovery import recover
from drills.reporting.report import reports_into, write_report
from drills.sandbox.open import open_sandbox
from drills.sandbox.protocol import Sandbox
from drills.store.holder import hold
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.store.switch import KillSwitch, SwitchState
from drills.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """What came of a drill. `owed` are the undos that could not be settled."""

    record: DrillRecord
    timeline: Timeline
    scorecard: Scorecard
    report: Path
    owed: tuple[str, ...]
    interrupted: bool


async def hold_session(
    workspace: Workspace,
    plan: DrillPlan,
    store: Store,
    *,
    clock: Clock,
    show: Callable[[Event], None] | None = None,
    announce: Callable[[DrillRecord], None] | None = None,
) -> Session:
    """Conduct one drill on the workspace's sandbox, which is left as it was found: also down, if it was down.

    Raises SandboxBusy when another runner holds it, Aborted while the kill switch is on, UndoOwed when an earlier
    drill's undo still cannot be settled, or when this one fails and leaves any owed. A cancellation (Ctrl-C, SIGTERM)
    is a Session with `interrupted`.
    """
    state = KillSwitch(store).state()
    if state.stopped:
        raise Aborted(_refusal(state))
    sandbox = open_sandbox(workspace)
    name = workspace.config.sandbox.name
    with hold(workspace.state_dir, name, f"drill {plan.scenario.name if not plan.blind else ''}".strip(), drill=True):
        await in_thread(settle_before, store, sandbox, name, workspace.home, workspace.reports_dir)
        record = None
        interrupted = False

        def remember(begun: DrillRecord) -> None:
            nonlocal record
            record = begun
            if announce is not None:
                announce(begun)

        try:
            await conduct(
                plan,
                sandbox=sandbox,
                sandbox_name=name,
                folder=workspace.home,
                store=store,
                clock=clock,
                show=show,
                announce=remember,
            )
        except asyncio.CancelledError:
            if record is None:
                raise
            interrupted = True
        except Exception as error:
            # What broke it is told by whoever catches it; the drill is not left as one that still runs.
            if record is not None:
                with contextlib.suppress(Exception):
                    conclude(workspace, store, record, interrupted=False)
                _raise_if_owed(store, record, error)
            raise
        assert record is not None
        try:
            return conclude(workspace, store, record, interrupted=interrupted)
        except Exception as error:
            _raise_if_owed(store, record, error)
            raise


def _raise_if_owed(store: Store, record: DrillRecord, error: Exception) -> None:
    """That something is owed outweighs what broke the drill: raises UndoOwed, which tells both."""
    try:
        owed = _owed(store, record)
    except DrillsError:
        return  # A store that cannot even be read: the error says so.
    if owed:
        said = str(error) if isinstance(error, DrillsError) else f"{type(error).__name__}: {error}"
        raise UndoOwed(
            f"{' '.join(said.split())}; still owed: {'; '.join(owed)}; `drills recover` settles it"
        ) from error


def _owed(store: Store, record: DrillRecord) -> tuple[str, ...]:
    return tuple(f"#{row.id} {row.summary}" for row in Journal(store).owed(record.sandbox))


def _refusal(state: SwitchState) -> str:
    since = f" since {state.since:%Y-%m-%d %H:%M} UTC" if state.since is not None else ""
    why = f" ({state.why})" if state.why else ""
    return f"drills are stopped{since}{why}; `drills resume` allows them again"


def conclude(workspace: Workspace, store: Store, record: DrillRecord, *, interrupted: bool) -> Session:
    """Score a drill that has ended from its stored timeline, write the report, keep the scorecard.

    The report comes first: a drill whose runner dies before it is stored as ended is finished by a recovery.
    """
    timeline = store.timeline(record.drill_id)
    card = score(timeline)
    try:
        report = write_report(workspace.reports_dir / record.drill_id, timeline, card)
    finally:
        store.finish(record.drill_id, card)
    return Session(record, timeline, card, report, _owed(store, record), interrupted)


def settle_before(store: Store, sandbox: Sandbox, name: str, home: Path, reports_dir: Path) -> None:
    """Finish what earlier drills still owe. Raises UndoOwed when that cannot be done, and what `recover` does."""
    report = recover(store, sandbox, name, home, reports_into(reports_dir))
    if report.owed:
        raise UndoOwed(f"an earlier drill still owes {'; '.join(report.owed)}; see `drills recover`")


def exit_code(session: Session) -> ExitCode:
    """What the process that ran the drill ends with."""
    if session.owed:
        return ExitCode.UNDO_OWED
    if session.interrupted:
        return ExitCode.INTERRUPTED
    match session.scorecard.result:
        case DrillResult.MET:
            return ExitCode.ALL_MET
        case DrillResult.MISSED:
            return ExitCode.LIMIT_MISSED
        case DrillResult.ABORTED:
            return ExitCode.ABORTED
        case _:
            return ExitCode.NOT_VALID

"""A whole session: hold the sandbox, settle what is owed, conduct, score, store, report, and clean up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drills.clock import Clock
from drills.drill.conduct import conduct
from drills.drill.plan import DrillPlan
from drills.drill.recorder import Recorder
from drills.drill.recovery import recover
from drills.drill.results import exit_code_of
from drills.errors import Aborted, DrillsError, EnvironmentFailed, ExitCode, UndoOwed
from drills.model.events import Event
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.report import reports_into, write_report
from drills.sandbox.sandbox import Sandbox
from drills.scoring.score import score
from drills.store.copies import fallback_folders
from drills.store.holder import hold
from drills.store.journal import Journal
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.store.switch import KillSwitch, SwitchState
from drills.waiting import in_thread
from drills.workspace.sandbox import forget_copy, hold_project, open_sandbox, use_copy
from drills.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """The outcome of a drill. `owed` are the undos that could not be settled.

    `unstored` says where it is kept while the store cannot be written; empty when it is stored.
    """

    record: DrillRecord
    timeline: Timeline
    scorecard: Scorecard
    report: Path
    owed: tuple[str, ...]
    interrupted: bool
    unstored: str = ""


async def hold_session(
    workspace: Workspace,
    plan: DrillPlan,
    store: Store,
    *,
    clock: Clock,
    show: Callable[[Event], None] | None = None,
    announce: Callable[[DrillRecord], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Session:
    """Conduct one drill on the workspace's sandbox, which is left as it was found: also down, if it was down.

    Raises SandboxBusy when another runner holds it, Aborted while the kill switch is on, UndoOwed when an earlier
    drill's undo still cannot be settled, or when this one fails and leaves any owed. A cancellation (Ctrl-C, SIGTERM)
    is a Session with `interrupted`. `say` is given a line for people when the store fails, and when it works again.
    """
    state = KillSwitch(store).state()
    if state.stopped:
        raise Aborted(_refusal(state))
    sandbox = open_sandbox(workspace)
    name = workspace.config.sandbox.name
    who = f"drill {plan.scenario.name if not plan.blind else ''}".strip()
    with hold(workspace.state_dir, name, who, drill=True), hold_project(workspace):
        await in_thread(settle_before, store, sandbox, name, workspace)
        if plan.on_copy:
            await in_thread(use_copy, workspace)
        else:
            await in_thread(forget_copy, workspace)
        sandbox = open_sandbox(workspace)
        recorder: Recorder | None = None
        interrupted = False

        def remember(begun: Recorder) -> None:
            nonlocal recorder
            recorder = begun
            if announce is not None:
                announce(begun.record)

        try:
            await conduct(
                plan,
                sandbox=sandbox,
                sandbox_name=name,
                folder=workspace.home,
                store=store,
                clock=clock,
                show=show,
                say=say,
                announce=remember,
            )
        except asyncio.CancelledError:
            if recorder is None:
                raise
            interrupted = True
            recorder.hurry()
        except Exception as error:
            # The caller reports the error; here the drill is only marked as no longer running.
            if recorder is not None:
                with contextlib.suppress(Exception):
                    await in_thread(conclude, workspace, store, recorder, interrupted)
                _raise_if_owed(store, recorder, error)
            raise
        assert recorder is not None
        try:
            return await in_thread(conclude, workspace, store, recorder, interrupted)
        except Exception as error:
            _raise_if_owed(store, recorder, error)
            raise


def _raise_if_owed(store: Store, recorder: Recorder, error: Exception) -> None:
    """An owed undo outweighs the drill's own error: raises UndoOwed, which reports both."""
    if owed := _owed(store, recorder):
        said = str(error) if isinstance(error, DrillsError) else f"{type(error).__name__}: {error}"
        raise UndoOwed(
            f"{' '.join(said.split())}; still owed: {'; '.join(owed)}; `drills recover` settles it"
        ) from error


def _owed(store: Store, recorder: Recorder) -> tuple[str, ...]:
    """What is owed on the drill's sandbox; of its own undos the runner knows best."""
    try:
        others = Journal(store).owed(recorder.record.sandbox)
    except DrillsError:
        others = []  # A store that cannot even be read: what came of the drill says so.
    own = {row.written_at for row in recorder.undos.all()}
    owed = [*recorder.undos.owed(), *(row for row in others if row.written_at not in own)]
    return tuple(f"#{row.id} {row.summary}" for row in owed)


def _refusal(state: SwitchState) -> str:
    since = f" since {state.since:%Y-%m-%d %H:%M} UTC" if state.since is not None else ""
    why = f" ({state.why})" if state.why else ""
    return f"drills are stopped{since}{why}; `drills resume` allows them again"


def conclude(workspace: Workspace, store: Store, recorder: Recorder, interrupted: bool) -> Session:
    """Score a drill that has ended, write the report, store the rest with the scorecard.

    The report comes first: a drill whose runner dies before it is stored as ended is finished by a recovery.
    """
    timeline = recorder.timeline
    card = score(timeline)
    folders = fallback_folders(workspace.state_dir, workspace.reports_dir)
    try:
        report = write_report(workspace.reports_dir / recorder.drill_id, timeline, card)
    except EnvironmentFailed as error:
        unstored = recorder.close(card, folders)
        if unstored:
            raise EnvironmentFailed(f"{unstored}; its report cannot be written either") from error
        raise
    unstored = recorder.close(card, folders)
    return Session(recorder.record, timeline, card, report, _owed(store, recorder), interrupted, unstored)


def settle_before(store: Store, sandbox: Sandbox, name: str, workspace: Workspace) -> None:
    """Finish what earlier drills still owe. Raises UndoOwed when that cannot be done, and what `recover` does."""
    folders = fallback_folders(workspace.state_dir, workspace.reports_dir)
    report = recover(store, sandbox, name, workspace.home, reports_into(workspace.reports_dir), folders)
    if report.owed:
        raise UndoOwed(f"an earlier drill still owes {'; '.join(report.owed)}; see `drills recover`")


def exit_code(session: Session) -> ExitCode:
    """The exit status of the process that ran the drill."""
    if session.owed:
        return ExitCode.UNDO_OWED
    if session.interrupted:
        return ExitCode.INTERRUPTED
    if session.unstored:
        return ExitCode.NOT_VALID
    return exit_code_of(session.scorecard.result)

"""A runbook responds to the alert of a drill as a person would: acknowledge, follow the steps, record evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drills.clock import Clock
from drills.drill.plan import DrillPlan
from drills.drill.recorder import Recorder
from drills.model.acknowledging import unacknowledged
from drills.model.events import (
    Acknowledged,
    AllClear,
    CauseNamed,
    Decided,
    RunbookFinished,
    RunbookStarted,
    StepFinished,
)
from drills.model.playbook import Audience, MessageStatus, Milestone
from drills.responders.runbook import StepResult, Surroundings, execute, run_by_itself
from drills.responders.updates import update


async def answer_with_runbook(
    plan: DrillPlan, recorder: Recorder, surroundings: Surroundings, alerted: asyncio.Event, clock: Clock
) -> None:
    """Wait for the first alert after the injection, then execute the plan's blocks, but for the optional ones."""
    await alerted.wait()
    fired = tuple(alert.alert_id for alert in unacknowledged(recorder.timeline))
    recorder.emit(Acknowledged(**recorder.now(), alerts=fired))
    blocks = run_by_itself(plan.blocks)
    names = tuple(block.name for block in blocks)
    recorder.emit(
        RunbookStarted(
            **recorder.now(),
            runbook=plan.runbook or "",
            steps=names,
            resumed_from=plan.resumed_from,
            digest=plan.runbook_digest,
        )
    )
    result = await execute(blocks, surroundings, clock=clock, on_step=lambda step: _record(step, recorder))
    recorder.emit(RunbookFinished(**recorder.now(), ok=result.ok, stopped_at=result.stopped_at, reason=result.reason))


def _record(step: StepResult, recorder: Recorder) -> None:
    attributes = step.block.attributes
    recorder.emit(
        StepFinished(
            **recorder.now(),
            step=step.block.name,
            section=step.block.section,
            command=step.command,
            read_only=attributes.read_only,
            ok=step.ok,
            reason=step.reason,
            exit_status=step.exit_status,
            seconds=round(step.seconds, 3),
            output=step.output,
        )
    )
    if not step.ok:
        return
    if step.choice is not None:
        recorder.emit(
            Decided(
                **recorder.now(),
                choice=step.choice,
                cause_known=attributes.cause_known,
                fix_minutes=attributes.fix_minutes,
                reason=f"step {step.block.name}",
            )
        )
    match attributes.milestone:
        case Milestone.CAUSE_NAMED if attributes.cause is not None:
            recorder.emit(CauseNamed(**recorder.now(), cause=attributes.cause))
        case Milestone.FIRST_UPDATE:
            now: Mapping[str, object] = recorder.now()
            recorder.emit(
                update(
                    recorder.timeline,
                    step.output.strip() or "The runbook is being followed.",
                    MessageStatus.INVESTIGATING,
                    Audience.TEAM,
                    **now,  # type: ignore[arg-type]
                )
            )
        case Milestone.ALL_CLEAR:
            recorder.emit(AllClear(**recorder.now(), text=step.output.strip()))
        case _:
            pass

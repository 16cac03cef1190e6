"""`drills run --rehearse`: probes and the read-only steps of a runbook, on a sandbox that nothing is done to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import typer

from drills.clock import Clock, SystemClock
from drills.conductor.plan import DrillPlan
from drills.core.durations import humane
from drills.core.probe import Outcome, probe_from
from drills.errors import BadInput, ExitCode
from drills.probing.once import look_once
from drills.responders.runbook import StepResult, Surroundings, execute, rehearsable
from drills.responders.runbook_file import Block
from drills.sandbox.open import open_sandbox
from drills.store.holder import hold
from drills.workspace.workspace import Workspace


def rehearse_runbook(workspace: Workspace, plan: DrillPlan) -> int:
    """Look with every probe and execute the runbook's blocks that change nothing; returns the exit status.

    0 when all pass, 1 when a step or a probe does not. A sandbox that was down is down again afterwards.
    """
    blocks = rehearsable(plan.blocks)
    if not blocks:
        raise BadInput(f"the runbook of {plan.runbook} has no read-only step; mark one as read-only")
    sandbox = open_sandbox(workspace)
    name = workspace.config.sandbox.name
    with hold(workspace.state_dir, name, f"rehearsal of {plan.scenario.name}"):
        was_up = sandbox.is_up()
        try:
            sandbox.up()
            return asyncio.run(_rehearse(workspace, plan, blocks, dict(sandbox.addresses)))
        finally:
            if not was_up:
                sandbox.down()


async def _rehearse(workspace: Workspace, plan: DrillPlan, blocks: Sequence[Block], addresses: dict[str, str]) -> int:
    failed = 0
    for observation in await look_once(plan.probes, addresses, plan.probers):
        well = observation.outcome in (Outcome.PASS, Outcome.DEGRADED)
        failed += not well
        name = probe_from(observation.probe, observation.vantage)
        typer.echo(f"{'ok  ' if well else 'FAIL'}  probe  {name:<20} {observation.reason}".rstrip())

    for block in blocks:
        for step in await rehearse_step(block, Surroundings.of(workspace.home), SystemClock()):
            failed += not step.ok
            said = humane(step.seconds) if step.ok else step.reason
            typer.echo(f"{'ok  ' if step.ok else 'FAIL'}  step   {step.block.name:<20} {said}")
    typer.echo(f"{failed} failed" if failed else "all well")
    return int(ExitCode.LIMIT_MISSED if failed else ExitCode.ALL_MET)


async def rehearse_step(block: Block, surroundings: Surroundings, clock: Clock) -> tuple[StepResult, ...]:
    """Execute one block where nothing is wrong; empty when it waits for a decision.

    A diagnosis that finds nothing wrong is right: what its output must contain during the incident is not asked, and an
    exit status of 0 does as well as the one that it must have then. Only whether it runs is rehearsed.
    """
    plain = block.model_copy(update={"attributes": block.attributes.model_copy(update={"expect": None})})
    result = await execute([plain], surroundings, clock=clock, on_step=lambda _: None)
    return tuple(
        replace(step, ok=True, reason="") if step.exit_status == 0 != block.attributes.exit else step
        for step in result.steps
        if not step.skipped
    )

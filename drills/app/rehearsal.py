"""A rehearsal: probes and the read-only steps of a runbook, on a sandbox in which nothing is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from drills.app.access import Act
from drills.app.context import Context
from drills.clock import Clock
from drills.drill.plan import DrillPlan
from drills.errors import BadInput
from drills.model.probe import Observation, Outcome
from drills.probing.engine.once import check_once
from drills.responders.runbook import StepResult, Surroundings, rehearsable, run_block, verifications
from drills.responders.runbook_file import Block
from drills.sandbox.known_secrets import KnownSecrets
from drills.sandbox.sandbox import Sandbox
from drills.store.holder import hold
from drills.workspace.sandbox import hold_project, open_sandbox


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A step run on a healthy sandbox; `remark` is what its author should know although it did not fail."""

    step: StepResult
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The observation of every probe, and the result of every read-only step."""

    observations: tuple[Observation, ...]
    steps: tuple[Rehearsed, ...]

    @property
    def failed(self) -> int:
        """How many probes and steps did not pass."""
        return sum(not passed(each) for each in self.observations) + sum(not each.step.ok for each in self.steps)


def passed(observation: Observation) -> bool:
    """Whether a probe's observation is acceptable on a healthy sandbox."""
    return observation.outcome in (Outcome.PASS, Outcome.DEGRADED)


def rehearse(context: Context, plan: DrillPlan) -> Rehearsal:
    """Run every probe and the runbook's read-only blocks. A sandbox that was down is down again afterwards.

    Raises NotAllowed, BadInput for a runbook without such a block, SandboxBusy, EnvironmentFailed.
    """
    context.require_on_machine(Act.START)
    workspace = context.workspace
    if not rehearsable(plan.blocks):
        raise BadInput(f"the runbook of {plan.runbook} has no read-only step; mark one as read-only")
    sandbox = open_sandbox(workspace)
    name = workspace.config.sandbox.name
    with hold(workspace.state_dir, name, f"rehearsal of {plan.scenario.name}"), hold_project(workspace):
        was_up = sandbox.is_up()
        try:
            sandbox.up()
            addresses = dict(sandbox.addresses)
            surroundings = Surroundings.of(workspace.home, secrets=KnownSecrets(sandbox)).at(addresses)
            return asyncio.run(_rehearse(plan, sandbox, surroundings, addresses, context.clock))
        finally:
            if not was_up:
                sandbox.down()


async def _rehearse(
    plan: DrillPlan, sandbox: Sandbox, surroundings: Surroundings, addresses: Mapping[str, str], clock: Clock
) -> Rehearsal:
    observations = await check_once(plan.probes, addresses, plan.probers, sandbox)
    return Rehearsal(tuple(observations), tuple(await rehearse_steps(plan.blocks, surroundings, clock)))


async def rehearse_steps(blocks: Sequence[Block], surroundings: Surroundings, clock: Clock) -> list[Rehearsed]:
    """Execute the read-only blocks on a healthy sandbox, whatever fails; those that wait for a decision are left out.

    A verification (see `verifications`) must pass, as after the remedy. A diagnosis may find nothing wrong: an exit
    status of 0 is accepted beside the one that it has during the incident, and whether its output contains what it
    contains then is only reported.
    """
    checks = verifications(blocks)
    done = []
    for block in rehearsable(blocks):
        if block.attributes.when is not None:
            continue
        if block.name in checks:
            rehearsed = Rehearsed(await run_block(block, surroundings, clock))
        else:
            rehearsed = await _diagnose(block, surroundings, clock)
        surroundings = surroundings.after(rehearsed.step)
        done.append(rehearsed)
    return done


async def _diagnose(block: Block, surroundings: Surroundings, clock: Clock) -> Rehearsed:
    step = await run_block(block, surroundings, clock)
    attributes = block.attributes
    excused = step.exit_status == 0 != attributes.exit or (step.exit_status == attributes.exit and step.found is False)
    if excused:
        step = replace(step, ok=True, reason="")
    if step.found is None:
        return Rehearsed(step)
    finding = "found, although nothing is wrong" if step.found else "not found, as nothing is wrong"
    return Rehearsed(step, f"; {finding}: {attributes.expect!r}")

"""A runbook as the responder: its blocks are executed one after the other, and each leaves its evidence."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from drills.clock import Clock
from drills.masking.masking import mask, secrets_in, secrets_of, shown
from drills.model.patterns import compile_pattern
from drills.model.playbook import Choice
from drills.processes.mark import DRILL, RUNBOOK_STEP, WORKSPACE
from drills.responders.runbook_file import Block
from drills.responders.step_process import run_step
from drills.sandbox.commands import variables

#: What is kept of a block's output; the rest is cut from its middle.
OUTPUT_LIMIT = 16_000


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of one block. `seconds` is on the monotonic clock; secrets in its texts are masked."""

    block: Block
    ok: bool
    reason: str
    exit_status: int | None
    seconds: float
    output: str
    command: str = ""
    """The block's, for the evidence; empty when it was skipped."""
    skipped: bool = False
    choice: Choice | None = None
    found: bool | None = None
    """Whether its output contains what it must, when something is expected."""
    exported: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    """Variables for the steps that follow; None for one that was unset."""


@dataclass(frozen=True, slots=True)
class RunbookResult:
    ok: bool
    steps: tuple[StepResult, ...]
    stopped_at: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a block's process finds around it.

    `secrets` is asked after each step for what must not be kept of its output: they may change during a drill.
    """

    folder: Path
    environment: Mapping[str, str]
    secrets: Callable[[], Iterable[str]] = tuple
    typed: frozenset[str] = frozenset()
    """Secrets that stand in the commands of the steps until now."""

    @classmethod
    def of(
        cls, workspace_root: Path, drill_id: str | None = None, secrets: Callable[[], Iterable[str]] = tuple
    ) -> Surroundings:
        """The environment of this process, with this interpreter's `drills` first on PATH."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        marks = {DRILL: drill_id} if drill_id else {}
        environment = {**os.environ, "PATH": path, "NO_COLOR": "1", WORKSPACE: str(workspace_root), **marks}
        return cls(folder=workspace_root, environment=environment, secrets=secrets)

    def at(self, addresses: Mapping[str, str]) -> Surroundings:
        """With the sandbox's addresses as variables, never in place of one that is there."""
        return replace(self, environment={**variables(addresses), **self.environment})

    def after(self, step: StepResult) -> Surroundings:
        """What the next step finds: what this one has exported or unset is so for it, as in a session of Runme."""
        changed = {name: value for name, value in step.exported.items() if value is not None}
        kept = {name: value for name, value in self.environment.items() if name not in step.exported}
        typed = self.typed.union(secrets_in(step.block.command))
        return replace(self, environment={**kept, **changed}, typed=typed)

    def all_secrets(self) -> tuple[str, ...]:
        """Those that were given, those of the environment, and those that were typed."""
        return (*self.secrets(), *secrets_of(self.environment), *self.typed)


async def execute(
    blocks: Iterable[Block],
    surroundings: Surroundings,
    *,
    clock: Clock,
    on_step: Callable[[StepResult], None],
    choice: Choice | None = None,
) -> RunbookResult:
    """Execute the blocks in order and stop at the first that fails.

    A block with `when` is skipped unless the last decision was that one. Variables that a block exports are there in
    those after it; its working folder is not handed on. Cancelling ends all that the running block has started before
    this returns.
    """
    steps: list[StepResult] = []
    for block in blocks:
        wanted = block.attributes.when
        if wanted is not None and wanted is not choice:
            steps.append(
                StepResult(block, True, f"decided otherwise: {choice or 'nothing'}", None, 0.0, "", skipped=True)
            )
            continue
        step = await run_block(block, surroundings, clock)
        surroundings = surroundings.after(step)
        choice = step.choice or choice
        steps.append(step)
        on_step(step)
        if not step.ok:
            return RunbookResult(False, tuple(steps), stopped_at=block.name, reason=step.reason)
    return RunbookResult(True, tuple(steps))


def run_by_itself(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks that a drill executes: all but the optional ones, which are left to people."""
    return tuple(block for block in blocks if not block.attributes.optional)


def rehearsable(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks that change nothing, the optional ones too."""
    return tuple(block for block in blocks if block.attributes.read_only)


def verifications(blocks: Iterable[Block]) -> frozenset[str]:
    """The names of those read-only blocks that check the remedy: they stand below the first block that acts.

    What they expect holds where all is well; what a diagnosis above it expects holds during the incident.
    """
    found = set()
    acted = False
    for block in blocks:
        attributes = block.attributes
        if attributes.read_only:
            found |= {block.name} if acted and not attributes.optional else set()
        elif not (attributes.decision or attributes.optional):
            acted = True
    return frozenset(found)


async def run_block(block: Block, surroundings: Surroundings, clock: Clock) -> StepResult:
    """Execute one block, whatever was decided. Nothing of it is left afterwards, also when it is cancelled."""
    began = clock.monotonic()
    limit = block.attributes.timeout.total_seconds()
    environment = {**surroundings.environment, RUNBOOK_STEP: block.name}
    ended = await run_step(block.language, block.command, surroundings.folder, environment, limit)
    result = StepResult(block, True, "", ended.status, clock.monotonic() - began, "", exported=ended.exported)
    said = shown(ended.output)
    if ended.why:
        result = replace(result, ok=False, reason=ended.why)
    elif ended.timed_out:
        result = replace(result, ok=False, reason=f"not finished after {limit:g} s")
    else:
        # Off the loop: a pattern that someone wrote may take its time, and the drill's limits hold meanwhile.
        result = await asyncio.to_thread(_judge, result, said)
    return await asyncio.to_thread(_masked, result, said, surroundings.after(result))


def _judge(result: StepResult, said: str) -> StepResult:
    """Whether the step succeeded, by what it really said: masks are for the evidence alone."""
    attributes = result.block.attributes
    if attributes.expect is not None:
        result = replace(result, found=compile_pattern(attributes.expect).found_in(said))
    if result.exit_status != attributes.exit:
        return replace(result, ok=False, reason=f"exit status {result.exit_status}, not {attributes.exit}")
    if result.found is False:
        return replace(result, ok=False, reason=f"the output does not contain {attributes.expect!r}")
    if attributes.decision:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        if not lines or lines[-1] not in set(Choice):
            return replace(result, ok=False, reason="a decision ends with a line that says fix, rollback or wait")
        return replace(result, choice=Choice(lines[-1]))
    return result


def _masked(result: StepResult, said: str, surroundings: Surroundings) -> StepResult:
    """What is kept of it. A secret is masked before the middle is cut out: half of one would not be found."""
    secrets = surroundings.all_secrets()
    return replace(
        result,
        command=mask(result.block.command, secrets),
        output=_shorten(mask(said, secrets)),
        reason=mask(result.reason, secrets),
    )


def _shorten(text: str) -> str:
    if len(text) <= OUTPUT_LIMIT:
        return text
    half = OUTPUT_LIMIT // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"

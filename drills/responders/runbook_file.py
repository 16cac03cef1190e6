"""A runbook: Markdown that reads as plain documentation and whose annotated fenced blocks can be executed.

The notation is Runme's: a fenced block with attributes in JSON after its language,

    ```sh {"name":"restart-database","timeout":"30s"}
    drills sandbox restart database
    ```

A block without attributes is prose and is never executed. One with `"excludeFromRunAll":true`, Runme's word for it, is
optional: people execute it when they want it, a drill does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import zip_longest

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drills.core.durations import Duration
from drills.core.patterns import PatternError, compile_pattern
from drills.core.playbook import Choice, Milestone, kebab

#: What a runbook must have, by the beginning of a heading (the format of a mature on-call team's template).
REQUIRED_SECTIONS: tuple[str, ...] = (
    "Overview",
    "Symptoms",
    "Detection",
    "Triage",
    "Mitigation",
    "Rollback",
    "Communication",
    "Escalation",
    "Post-incident",
)

#: The horizons of a mitigation (the same template), each with how a heading may say it.
HORIZONS: dict[str, re.Pattern[str]] = {
    "Less than 5 minutes": re.compile(r"(<|less than|under|within|at most) ?5 ?min", re.IGNORECASE),
    "5 to 30 minutes": re.compile(r"\b5( ?min(ute)?s?)? ?(-|–|to) ?30 ?min", re.IGNORECASE),
    "More than 30 minutes": re.compile(r"(>|more than|over|after|beyond) ?30 ?min", re.IGNORECASE),
}

SHELLS = ("sh", "bash")

#: Milestones that a block may carry; the others are measured, or need a person.
BLOCK_MILESTONES = (Milestone.ACKNOWLEDGED, Milestone.CAUSE_NAMED, Milestone.FIRST_UPDATE, Milestone.ALL_CLEAR)


class RunbookError(ValueError):
    """The runbook cannot be executed as it is written."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class BlockAttributes(BaseModel):
    """What stands in braces after a block's language."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=kebab, populate_by_name=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    timeout: Duration = Field(timedelta(seconds=30), gt=timedelta())
    read_only: bool = Field(False, description="Changes nothing: also executed by a rehearsal.")
    exit: int = Field(0, description="The exit status that counts as success.")
    expect: str | None = Field(None, description="A regular expression that the output must contain.")
    milestone: Milestone | None = Field(None, description="Recorded when the block has succeeded.")
    cause: str | None = Field(None, description="With the milestone cause-named: the cause.")
    decision: bool = Field(False, description="Its last line of output is the decision: fix, rollback or wait.")
    cause_known: bool = Field(False, description="With decision: whether the cause is known by then.")
    fix_minutes: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="With decision: how long a fix is thought to take."
    )
    when: Choice | None = Field(None, description="Executed only after this decision.")
    optional: bool = Field(
        False, alias="excludeFromRunAll", description="Left out when the whole runbook is executed, as in a drill."
    )


class Block(BaseModel):
    """An executable block. `line` is where it begins in its file, from 1."""

    model_config = ConfigDict(frozen=True)

    attributes: BlockAttributes
    section: str
    language: str
    command: str
    line: int

    @property
    def name(self) -> str:
        return self.attributes.name


class Runbook(BaseModel):
    """A parsed runbook. `sections` are the headings of the second level, in order; `mitigations` all those that are,
    or stand below, one that begins with Mitigation."""

    model_config = ConfigDict(frozen=True)

    title: str
    sections: tuple[str, ...]
    mitigations: tuple[str, ...]
    blocks: tuple[Block, ...]

    def missing_sections(self) -> tuple[str, ...]:
        """Required sections that no heading begins with (case does not matter)."""
        return tuple(
            required
            for required in REQUIRED_SECTIONS
            if not any(heading.lower().startswith(required.lower()) for heading in self.sections)
        )

    def missing_horizons(self) -> tuple[str, ...]:
        """Horizons of the mitigation that no heading in it names."""
        return tuple(
            horizon
            for horizon, said in HORIZONS.items()
            if not any(said.search(heading) for heading in self.mitigations)
        )

    def after(self, name: str) -> tuple[Block, ...]:
        """The blocks from the one of that name on. Raises KeyError with the known names."""
        names = [block.name for block in self.blocks]
        if name not in names:
            raise KeyError(f"no step {name!r}; the steps are {', '.join(names) or 'none'}")
        return self.blocks[names.index(name) :]


def parse_runbook(text: str) -> Runbook:
    """Read a runbook. Raises RunbookError for the first block that cannot be executed as written."""
    title, section = "", ""
    sections: list[str] = []
    mitigations: list[str] = []
    blocks: dict[str, Block] = {}
    for token, following in _with_next(MarkdownIt("commonmark").parse(text)):
        if token.type == "heading_open" and following is not None:
            if token.tag == "h1" and not title:
                title = following.content
            elif token.tag == "h2":
                section = following.content
                sections.append(section)
            if token.tag != "h1" and section.lower().startswith("mitigation"):
                mitigations.append(following.content)
        elif token.type == "fence" and "{" in token.info:
            block = _block(token, section)
            if block.name in blocks:
                first = blocks[block.name].line
                raise RunbookError(block.line, f"a second block named {block.name!r}; the first is at line {first}")
            blocks[block.name] = block
    return Runbook(title=title, sections=tuple(sections), mitigations=tuple(mitigations), blocks=tuple(blocks.values()))


def _block(token: Token, section: str) -> Block:
    line = (token.map[0] if token.map else 0) + 1
    language, _, rest = token.info.partition("{")
    language = language.strip()
    if language not in SHELLS:
        raise RunbookError(line, f"a block in {language or 'no language'!r} cannot be executed; write sh or bash")
    try:
        attributes = BlockAttributes.model_validate(json.loads("{" + rest))
    except json.JSONDecodeError as error:
        raise RunbookError(line, f'the attributes are not JSON ({error.msg}); write {{"name":"…"}}') from None
    except RecursionError:
        raise RunbookError(line, 'the attributes are nested too deeply; write {"name":"…"}') from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "attributes"
        raise RunbookError(line, f"{field}: {first['msg'].removeprefix('Value error, ')}") from None
    if attributes.milestone is not None and attributes.milestone not in BLOCK_MILESTONES:
        allowed = ", ".join(BLOCK_MILESTONES)
        raise RunbookError(line, f"milestone: a block cannot carry {attributes.milestone}; it may carry {allowed}")
    if (attributes.milestone is Milestone.CAUSE_NAMED) != (attributes.cause is not None):
        raise RunbookError(line, "milestone cause-named and cause go together; write both")
    if attributes.optional and (attributes.decision or attributes.milestone is not None):
        told = "decision" if attributes.decision else "milestone"
        raise RunbookError(line, f"{told}: a drill leaves an optional block out; take one of the two attributes away")
    if attributes.expect is not None:
        try:
            compile_pattern(attributes.expect)
        except PatternError as error:
            raise RunbookError(line, f"expect: {error}") from None
    return Block(attributes=attributes, section=section, language=language, command=token.content.strip(), line=line)


def _with_next(tokens: list[Token]) -> Iterator[tuple[Token, Token | None]]:
    yield from zip_longest(tokens, tokens[1:])

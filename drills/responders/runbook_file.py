"""A runbook: Markdown that reads as plain documentation and whose annotated fenced blocks can be executed.

The notation is Runme's (see `runbook_notation`): a fenced block with attributes in JSON after its language,

    ```sh {"name":"restart-database","timeout":"30s"}
    drills sandbox restart database
    ```

A block without attributes is prose and is never executed. One with `"excludeFromRunAll":true`, Runme's word for it, is
optional: people execute it when they want it, a drill does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import zip_longest

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from drills.model.durations import Duration
from drills.model.patterns import PatternError, compile_pattern
from drills.model.playbook import Choice, Milestone, kebab
from drills.responders.runbook_dropped import Remark, dropped, is_closed, swallows
from drills.responders.runbook_notation import NotationError, read_notation

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

#: The largest runbook that is read: two hundred times the longest that is included.
MOST_RUNBOOK_BYTES = 1024 * 1024

SHELLS = ("sh", "bash")

#: Blocks alone: what stands within a line is of no interest, and costs more than all the rest.
_MARKDOWN = MarkdownIt("commonmark").disable(["inline", "text_join"])
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\r?\n(?=[ \t]*[\"'\w\[#-])(?:.*\r?\n)*?\1[ \t]*(?:\r?\n|\Z)")
_FRONT_SETTING = re.compile(r"""[ \t]*"?(cwd|shell)"?[ \t]*[:=][ \t]*\S""")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")

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

    name: str = Field(max_length=100)
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

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value, re.ASCII):
            near = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-") or "restart-database"
            raise ValueError(f"{value!r} is not a name; write letters, digits, hyphens, such as {near[:40]}")
        return value


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
    remarks: tuple[Remark, ...] = ()
    """What its author should know, although it can be executed."""

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
    body, remarks = _without_front_matter(text.removeprefix("\ufeff"))
    lines = _LINE_BREAK.split(body)
    tokens = _MARKDOWN.parse(body)
    title, section = "", ""
    sections: list[str] = []
    mitigations: list[str] = []
    blocks: dict[str, Block] = {}
    for token, following in _with_next(tokens):
        if token.type == "heading_open" and following is not None:
            if token.tag == "h1" and not title:
                title = following.content
            elif token.tag == "h2":
                section = following.content
                sections.append(section)
            if token.tag != "h1" and section.lower().startswith("mitigation"):
                mitigations.append(following.content)
        elif token.type == "fence":
            line = (token.map[0] if token.map else 0) + 1
            closed = is_closed(token, lines)
            block, found = _block(token, section, line) if "{" in token.info else (None, ())
            remarks.extend(found)
            if not closed and block is not None:
                raise RunbookError(
                    line, f"the block is never closed: all below it is its command; end it with {token.markup}"
                )
            if not closed:
                wrong = "the fence is never closed: all below it is part of it"
                remarks.append(Remark(line, wrong, f"end it with {token.markup}"))
            if block is None:
                continue
            if swallowed := swallows(token, lines):
                wrong = f"the block is not closed: the block of line {swallowed} stands within it"
                raise RunbookError(line, f"{wrong}; end it with {token.markup}")
            if block.name in blocks:
                first = blocks[block.name].line
                raise RunbookError(line, f"a second block named {block.name!r}; the first is at line {first}")
            blocks[block.name] = block
    remarks.extend(dropped(lines, tokens))
    return Runbook(
        title=title,
        sections=tuple(sections),
        mitigations=tuple(mitigations),
        blocks=tuple(blocks.values()),
        remarks=tuple(sorted(remarks, key=lambda remark: remark.line)),
    )


def _without_front_matter(text: str) -> tuple[str, list[Remark]]:
    """The text with empty lines where Runme keeps its settings, which are no Markdown; and what they would change."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return text, []
    remarks = []
    for number, line in enumerate(_LINE_BREAK.split(found[0])):
        if setting := _FRONT_SETTING.match(line):
            wrong = f"{setting[1]}: steps run in the workspace's folder, by the language of their blocks"
            remarks.append(Remark(number + 1, wrong, "write what is needed into the blocks"))
    return re.sub(r"[^\r\n]", "", found[0]) + text[found.end() :], remarks


def _block(token: Token, section: str, line: int) -> tuple[Block | None, tuple[Remark, ...]]:
    try:
        notation = read_notation(token.info, SHELLS)
    except NotationError as error:
        raise RunbookError(line, str(error)) from None
    remarks = tuple(Remark(line, wrong, right) for wrong, right in notation.remarks)
    if notation.attributes is None:
        return None, remarks
    try:
        attributes = BlockAttributes.model_validate(notation.attributes)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "attributes"
        raise RunbookError(line, f"{field}: {first['msg'].removeprefix('Value error, ')}") from None
    _check(attributes, line)
    command = token.content.strip()
    block = Block(attributes=attributes, section=section, language=notation.language, command=command, line=line)
    return block, (*remarks, *_remarks_on_command(token, line))


def _remarks_on_command(token: Token, line: int) -> Iterator[Remark]:
    if not token.content.strip():
        yield Remark(line, "the block is empty", "write its command, or take it out")
    for number, command in enumerate(token.content.splitlines(), line + 1):
        if command.startswith("$ "):
            wrong = "a prompt is not a command: `$ ` is executed as the name of a program"
            yield Remark(number, wrong, "write the command without it")
        if re.search(r"\$(__\b|\{__\})", command):
            wrong = "$__ is not the output of the block before, as it is in Runme"
            yield Remark(number, wrong, "export a variable in that block: `export FOUND=$(…)`")


def _check(attributes: BlockAttributes, line: int) -> None:
    """Check attributes against each other. Raises RunbookError."""
    if attributes.milestone is not None and attributes.milestone not in BLOCK_MILESTONES:
        allowed = ", ".join(BLOCK_MILESTONES)
        raise RunbookError(line, f"milestone: a block cannot carry {attributes.milestone}; it may carry {allowed}")
    if (attributes.milestone is Milestone.CAUSE_NAMED) != (attributes.cause is not None):
        raise RunbookError(line, "milestone cause-named and cause go together; write both")
    if attributes.optional and (attributes.decision or attributes.milestone is not None):
        given = "decision" if attributes.decision else "milestone"
        raise RunbookError(line, f"{given}: a drill skips optional blocks; remove one of the two attributes")
    if attributes.expect is not None:
        try:
            compile_pattern(attributes.expect)
        except PatternError as error:
            raise RunbookError(line, f"expect: {error}") from None


def _with_next(tokens: list[Token]) -> Iterator[tuple[Token, Token | None]]:
    yield from zip_longest(tokens, tokens[1:])

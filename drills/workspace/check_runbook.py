"""Checks of a runbook: missing sections and horizons, blocks that cannot be executed, wrong causes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from drills.errors import Problem
from drills.nearest import suggest
from drills.responders.runbook_file import MOST_RUNBOOK_BYTES, RunbookError, parse_runbook
from drills.text_files import UnreadableFile, read_text


def check_runbook(path: Path, file: str, causes: Collection[str]) -> Iterator[Problem]:
    """`file` is its name in messages; `causes` are the candidates of its scenario."""
    try:
        runbook = parse_runbook(read_text(path, MOST_RUNBOOK_BYTES))
    except RunbookError as error:
        wrong, _, right = str(error).partition("; ")
        yield Problem(file, error.line, "", wrong, right or "fix the block")
        return
    except UnreadableFile as error:
        yield Problem(file, error.line, "", error.wrong, error.right)
        return
    for remark in runbook.remarks:
        yield Problem(file, remark.line, "", remark.wrong, remark.right, warning=True)
    for section in runbook.missing_sections():
        yield Problem(file, 1, "", f"has no section {section!r}", f"add a heading `## {section}`", warning=True)
    if "Mitigation" not in runbook.missing_sections():
        for horizon in runbook.missing_horizons():
            wrong, right = f"has no horizon {horizon!r}", f"add a heading `### {horizon}` below Mitigation"
            yield Problem(file, 1, "", wrong, right, warning=True)
    for block in runbook.blocks:
        cause = block.attributes.cause
        if cause is not None and causes and cause not in causes:
            wrong = f"{cause!r} is not among the scenario's causes"
            yield Problem(file, block.line, f"{block.name}.cause", wrong, suggest(cause, causes))

"""Runbooks as editors, other tools and people leave them: their steps, and what their authors are told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from drills.responders.runbook_file import RunbookError, parse_runbook
from drills.text_files import read_text
from drills.workspace.check_runbook import check_runbook
from tests.wild.cases import Case, cases_of


@pytest.mark.parametrize("case", cases_of("runbooks"))
def test_a_runbook_is_read_as_its_author_meant_it_or_its_author_is_told(case: Case) -> None:
    right: dict[str, Any] = case.right
    path = case.folder / "runbook.md"
    if "refused" in right:
        line, said = right["refused"]
        with pytest.raises(RunbookError, match=re.escape(said)) as refused:
            parse_runbook(read_text(path))
        assert refused.value.line == line
        assert "; " in str(refused.value)
        return
    runbook = parse_runbook(read_text(path))
    assert runbook.title == right["title"]
    assert {block.name: block.command for block in runbook.blocks} == right["steps"]
    expected = right.get("remarks", {})
    assert {remark.line for remark in runbook.remarks} == set(expected)
    for line, said in expected.items():
        assert any(said in remark.wrong for remark in runbook.remarks if remark.line == line)
    assert told_by_validate(path) == {remark.line for remark in runbook.remarks}


def told_by_validate(path: Path) -> set[int]:
    """The lines of its warnings, but for those on headings, which a short runbook lacks."""
    return {
        problem.line
        for problem in check_runbook(path, "runbook.md", ())
        if problem.warning and not problem.wrong.startswith(("has no horizon", "has no section"))
    }

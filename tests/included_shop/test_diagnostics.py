"""The questions of an incident, asked of a real sandbox: each is answered, and one failure hides no other."""

from __future__ import annotations

import pytest

from drills.included_shop.names import Service
from drills.sandbox.diagnostics import Answer, ask_all
from drills.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.slow


def by_question(sandbox: Sandbox) -> dict[str, Answer]:
    return {f"{each.diagnostic.area}: {each.diagnostic.question}": each for each in ask_all(sandbox)}


def test_every_question_is_answered_by_a_sandbox_that_is_well(sandbox: Sandbox) -> None:
    answers = by_question(sandbox)
    assert [name for name, answer in answers.items() if answer.failed] == []
    assert all(answer.lines for answer in answers.values())
    assert any("shop" in line for line in answers["Database: Connections, by state"].lines)


def test_a_database_that_is_down_keeps_no_other_answer_back(sandbox: Sandbox) -> None:
    sandbox.services.kill(Service.DATABASE)
    answers = by_question(sandbox)
    assert answers["Database: Connections, by state"].failed
    assert any(line.startswith("FAIL  database") for line in answers["Sandbox: Is every part healthy?"].lines)
    assert not answers["Cache: Does it answer, whom does it serve, and what does it hold?"].failed

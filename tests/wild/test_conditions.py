"""Conditions as people, and others, write them: each is parsed, or refused in one line, within a moment."""

from __future__ import annotations

import json

import pytest

from drills.model.conditions import ConditionError, compile_condition
from drills.workspace.conditions import check_condition
from drills.workspace.yaml_lines import parse_document
from tests.wild.cases import Case, cases_of


def _text(case: Case) -> str:
    made = case.given["text"]
    return str(made["begin"] + made["again"] * made["times"] + made["end"])


@pytest.mark.parametrize("case", cases_of("conditions"))
def test_a_hostile_condition_is_refused_or_compiled(case: Case) -> None:
    text = _text(case)
    if case.given.get("where") == "threshold":
        document = parse_document("\n" * 6 + f"when: {json.dumps(text)}", "playbooks/team.yaml")
        found = [*check_condition(document, ("when",), text, {"error_rate", "a", "b", "c"}, what="a metric")]
        assert [problem.line for problem in found] == [7]
        assert case.right in found[0].wrong
    elif case.right is None:
        assert compile_condition(text).text == text
    else:
        with pytest.raises(ConditionError) as refused:
            compile_condition(text)
        assert str(refused.value) == case.right

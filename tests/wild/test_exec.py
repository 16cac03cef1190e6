"""Commands as people have them for Nagios, Icinga and Sensu: what their exit status and output say."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.probing.looking import look_at
from tests.wild.cases import Case, cases_of


@pytest.mark.parametrize("case", cases_of("exec"))
def test_a_command_is_understood_as_its_convention_says(case: Case) -> None:
    given = case.given
    settings = {"command": given["command"], "report": given.get("report", {})}
    timeout = given.get("timeout", "20s")
    looked = asyncio.run(look_at("exec", settings, asserts=given.get("asserts", []), timeout=timeout, every="20s"))
    assert looked.outcome == case.right["outcome"], looked.reason
    assert re.search(case.right.get("reason", "^$"), looked.reason), looked.reason
    assert looked.seen.metrics == pytest.approx(case.right.get("metrics", {}))

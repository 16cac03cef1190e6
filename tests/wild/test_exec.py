"""Commands as people have them for Nagios, Icinga and Sensu: what their exit status and output say."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.probing.checking import run_probe
from tests.wild.cases import Case, cases_of


@pytest.mark.parametrize("case", cases_of("exec"))
def test_a_command_is_understood_as_its_convention_says(case: Case) -> None:
    given = case.given
    settings = {"command": given["command"], "report": given.get("report", {})}
    timeout = given.get("timeout", "20s")
    checked = asyncio.run(run_probe("exec", settings, asserts=given.get("asserts", []), timeout=timeout, every="20s"))
    assert checked.outcome == case.right["outcome"], checked.reason
    assert re.search(case.right.get("reason", "^$"), checked.reason), checked.reason
    assert checked.seen.metrics == pytest.approx(case.right.get("metrics", {}))

"""The worked diffs of CONTRIBUTING.md apply to this code, and what they add works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DIFFS = re.findall(r"^```diff\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M | re.S)

USING_THEM = """
import asyncio, json
from drills.faults.registry import fault_of
from drills.model.scenario import FaultSpec
from drills.model.probe import ProbeSpec
from drills.probing.engine.once import check_once
from drills.sandbox.adapters.registry import ADAPTERS

fault = fault_of(FaultSpec.model_validate({"kind": "link-limit", "link": "a-b", "after": 2000}))
text = {"name": "load", "load": {}, "every": "1s", "timeout": "1s", "assert": ["one < 10000.0"]}
spec = ProbeSpec.model_validate(text)
said = [(each.outcome.value, each.reason) for each in asyncio.run(check_once([spec], {}))]
print(json.dumps([fault.summary(), dict(fault.attributes()), said, ADAPTERS["memcached"].port]))
"""


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the diffs applied."""
    folder = tmp_path_factory.mktemp("contributed")
    shutil.copytree(ROOT / "drills", folder / "drills", ignore=shutil.ignore_patterns("__pycache__"))
    for diff in DIFFS:
        subprocess.run(["git", "apply", "-"], cwd=folder, input=diff, text=True, check=True)
    return folder


def test_there_is_one_for_a_fault_a_probe_and_an_adapter() -> None:
    assert len(DIFFS) == 3


def test_what_they_add_works(patched: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", USING_THEM],
        cwd=patched,
        env={"PYTHONPATH": str(patched)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    summary, attributes, said, port = json.loads(done.stdout)
    assert summary == "close connections of link a-b after 2000 bytes"
    assert attributes == {"bytes": 2000}
    assert said == [["pass", ""]]
    assert port == 11211

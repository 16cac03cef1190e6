"""Inputs that people really have, as data: a folder holds one input, its right value, and where that rule comes from.

    tests/wild/AREA/CASE/case.yaml     rule: why this is right, and the document or the tool that says so
                                       right: what must come out
                                       ...: the input; long or binary ones as files beside it
    tests/wild/test_AREA.py            one test that every folder of AREA goes through

So the next report is one more folder, and no more code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

WILD = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One folder; `given` is its case.yaml."""

    folder: Path
    given: dict[str, Any]

    @property
    def right(self) -> Any:
        return self.given["right"]

    def read(self, name: str) -> bytes:
        """A file beside the case.yaml."""
        return (self.folder / name).read_bytes()


def cases_of(area: str) -> list[Any]:
    """The cases of an area as parameters of a test, each with its folder's name as id."""
    found = []
    for path in sorted((WILD / area).glob("*/case.yaml")):
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"rule", "right"} <= given.keys(), f"{path} needs a rule and a right value"
        found.append(pytest.param(Case(path.parent, given), id=path.parent.name))
    assert found, f"no case in {WILD / area}"
    return found

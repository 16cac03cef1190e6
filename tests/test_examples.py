"""The systems of examples/ are declared rightly, and CI can build what they run. `make examples` drills them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from drills.workspace.validate import validate

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted(file.parent for file in ROOT.glob("examples/*/drills.yaml"))
ENGINE = (ROOT / ".ci/engine").read_text(encoding="utf-8")


def test_there_are_three() -> None:
    assert [example.name for example in EXAMPLES] == ["ihatemoney", "miniflux", "pretix"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_has_no_mistake(example: Path) -> None:
    assert [problem for problem in validate(example) if not problem.warning] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_engines_script_builds_every_image_of_an_example(example: Path) -> None:
    compose = yaml.safe_load((example / "compose.yaml").read_text(encoding="utf-8"))
    images = {service["image"] for service in compose["services"].values()}

    assert {image for image in images if not is_built(image)} == set()


def is_built(image: str) -> bool:
    """By its whole name among the stand-ins for all, or by its repository's among those of the examples."""
    repository = image.partition(":")[0]
    return bool(re.search(rf"(?<!\S){re.escape(image)}(?=[ ;])|{re.escape(repository)}:\*", ENGINE))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_page_of_an_example_names_its_scenarios(example: Path) -> None:
    page = (example / "README.md").read_text(encoding="utf-8")
    scenarios = {file.parent.name for file in example.glob("scenarios/*/scenario.yaml")}

    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == scenarios

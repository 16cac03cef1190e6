"""Remote probers in drills.yaml, and the vantages that name them: every mistake with its line."""

# ruff: noqa: E501 - a row of the table is one mistake and what is said about it

from __future__ import annotations

from pathlib import Path

import pytest

from drills.workspace.schemas import probes_schema
from drills.workspace.validate import validate
from drills.workspace.workspace import Workspace
from tests.workspace.sample import FILES, write_workspace

CONFIG = """\
playbook: ours
probers:
  paris: {url: "http://10.0.0.5:8970", token-file: paris.token}
  tunnel: {url: "http://localhost:8970", token-file: paris.token}
"""
PROBES = """\
- name: home
  http: {url: "https://shop.example/", ca: "${ca}"}
  role: site
  vantages:
    here: {url: "${app}/"}
    far: {via: paris, required: false}
- name: database
  postgres: {url: "${database}"}
  vantages:
    far: {via: tunnel}
- name: figures
  metrics: {url: "${app}/metrics"}
"""
#: A name for what is changed in which file: what is said.
MISTAKES = [
    ("probes/shop.yaml", "via: paris", "via: pari", "probes/shop.yaml:6: [0].vantages.far.via: there is no prober 'pari'; did you mean paris?"),
    ("probes/shop.yaml", "via: paris", "via: 3", "probes/shop.yaml:6: [0].vantages.far.via: 3 is a number, not text; write it in quotes: \"3\""),
    ("probes/shop.yaml", "via: tunnel", "via: paris", "probes/shop.yaml:10: warning: [1].vantages.far.via: ${database} is on this machine's loopback, and paris is another machine; write an address that leads here from there"),
    ("probes/shop.yaml", "postgres: {url: \"${database}\"}", "container: {state: \"${state}\"}", "probes/shop.yaml:10: [1].vantages.far.via: a container probe checks this machine only; leave 'via' out"),
    ("probes/shop.yaml", "postgres: {url: \"${database}\"}", "heartbeat: {name: job, within: 1h, state: \"${state}\"}", "probes/shop.yaml:10: [1].vantages.far.via: a heartbeat probe checks this machine only; leave 'via' out"),
    ("probes/shop.yaml", "  role: site", "  every: 5m\n  timeout: 90s", "probes/shop.yaml:4: [0].timeout: is longer than another prober allows, 1m; write 1m or less"),
    ("drills.yaml", CONFIG.partition("\n")[2], "", "probes/shop.yaml:6: [0].vantages.far.via: there is no prober 'paris'; drills.yaml names none under 'probers'"),
    ("drills.yaml", "http://10.0.0.5:8970", "10.0.0.5:8970", "drills.yaml:3: probers.paris.url: '10.0.0.5:8970' does not have the right form; it must match ^https?://"),
    ("drills.yaml", ", token-file: paris.token", "", "drills.yaml:3: probers.paris.token-file: is missing; write it"),
    ("drills.yaml", "paris:", "Paris:", "drills.yaml:3: probers.Paris: 'Paris' is not a name; use small letters, digits and hyphens"),
    ("paris.token", "", "", "drills.yaml:3: warning: probers.paris.token-file: there is no file 'paris.token'; write the prober's token into it"),
]  # fmt: skip


def files() -> dict[str, str]:
    return {**FILES, "drills.yaml": CONFIG, "probes/shop.yaml": PROBES, "paris.token": "a-token"}


def test_probers_that_are_named_and_there_are_no_mistake(tmp_path: Path) -> None:
    root = write_workspace(tmp_path, files())
    assert [str(problem) for problem in validate(root)] == []
    probers = Workspace.load(root).probers
    assert (probers["paris"].name, probers["paris"].url) == ("paris", "http://10.0.0.5:8970")
    assert probers["paris"].token_file == root / "paris.token"


@pytest.mark.parametrize(("file", "old", "new", "said"), MISTAKES)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    written = files()
    assert old in written[file]
    written[file] = written[file].replace(old, new, 1)
    root = write_workspace(tmp_path, written)
    if not old:
        (root / file).unlink()
    lines = [str(problem) for problem in validate(root)]
    assert any(line.startswith(said) for line in lines), "\n".join(lines)


def test_an_editor_is_told_of_via() -> None:
    vantage = probes_schema()["$defs"]["Vantage"]["properties"]["via"]
    assert vantage["type"] == "string"
    assert "drills.yaml" in vantage["description"]

"""Digests of what a matrix cell's drill is made of: an outcome whose inputs have changed since is stale and run again.

| input | what goes in |
|---|---|
| `scenario` | its scenario.yaml |
| `runbook` | the text of the runbook that answers; absent where nobody does |
| `probes` | every file of probes/: all of them run during a drill |
| `playbook` | the playbook that drills.yaml names |
| `workspace` | drills.yaml without what no drill depends on: schedule, reports, retention, store, the sandbox's name |
| `system` | the source of the included system, as far as this driver runs it |
| `expectation` | what the cell is held to: its verdict, the probes that must notice, whether it may change anything |
| `rules` | the version of the scoring rules |

YAML files are compared by content, so a comment makes nothing stale. The code of drills itself is not an
input: it changes with every commit, and a whole matrix takes hours. `--again` runs cells whatever their inputs are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from acceptance.harness import COMPOSE_FILES
from acceptance.matrix_cells import NOBODY, RUNBOOKS, MatrixCell
from drills.scoring.score import RULES_VERSION

# libyaml's parser is twenty times as fast, and PyYAML may have been built without it.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Inputs = Mapping[str, str]

#: Keys of drills.yaml, and of its `sandbox`, that change no drill. The driver is the matrix's own choice.
_NO_DRILL_DEPENDS_ON = frozenset({"format", "schedule", "reports", "retention", "store"})
_NO_SANDBOX_DEPENDS_ON = frozenset({"driver", "name"})
#: What only the sandbox as containers uses.
_CONTAINERS = ("shop/compose/", "shop/Dockerfile", "shop/requirements.txt", "shop/load.txt")
#: Files of the system that nothing executes or reads: prose, and the input of the locks.
_NOT_RUN = frozenset({".md", ".in", ".pyc"})


class WorkspaceInputs:
    """The inputs of the cells that are run in a workspace on a driver; its files are read when this is made."""

    def __init__(self, folder: Path, driver: str) -> None:
        config = _yaml(folder / "drills.yaml")
        workspace = {key: value for key, value in config.items() if key not in _NO_DRILL_DEPENDS_ON}
        sandbox = {key: value for key, value in config.get("sandbox", {}).items() if key not in _NO_SANDBOX_DEPENDS_ON}
        probes = sorted((folder / "probes").glob("*.yaml"))
        self._folder = folder
        self._shared = {
            "probes": _digest([[file.name, _yaml(file)] for file in probes]),
            "playbook": _digest(_yaml(folder / "playbooks" / f"{config['playbook']}.yaml")),
            "workspace": _digest({**workspace, "sandbox": sandbox}),
            "system": _digest([[name, text] for name, text in _system(folder, driver)]),
            "rules": str(RULES_VERSION),
        }
        self._scenarios: dict[str, str] = {}

    def of(self, cell: MatrixCell) -> dict[str, str]:
        """Each input of a cell with its digest."""
        inputs = {
            "scenario": self._scenario(cell.scenario),
            **self._shared,
            "expectation": _digest([cell.expect, sorted(cell.noticed_by), cell.changes_nothing]),
        }
        if cell.runbook != NOBODY:
            inputs["runbook"] = _digest(self._runbook(cell).read_text(encoding="utf-8"))
        return inputs

    def _scenario(self, name: str) -> str:
        if name not in self._scenarios:
            self._scenarios[name] = _digest(_yaml(self._folder / "scenarios" / name / "scenario.yaml"))
        return self._scenarios[name]

    def _runbook(self, cell: MatrixCell) -> Path:
        ours = cell.file.parent == RUNBOOKS
        return cell.file if ours else self._folder / "scenarios" / cell.runbook / "runbook.md"


def changed(then: Inputs, now: Inputs) -> list[str]:
    """The names of the inputs that differ, in the order of the alphabet; none: the outcome is current."""
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def _system(folder: Path, driver: str) -> Iterable[tuple[str, str]]:
    """The files that the included system consists of on a driver, each with a digest of its bytes."""
    files = sorted(file for file in (folder / "shop").rglob("*") if file.is_file() and file.suffix not in _NOT_RUN)
    if driver == "compose":
        files += [folder / name for name in COMPOSE_FILES]
    for file in files:
        name = file.relative_to(folder).as_posix()
        if driver == "compose" or not name.startswith(_CONTAINERS):
            yield name, hashlib.sha256(file.read_bytes()).hexdigest()


def _yaml(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:8]

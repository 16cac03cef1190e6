"""A workspace: a folder with drills.yaml, scenarios/, probes/ and playbooks/, as objects.

Files are read when they are asked for, so that `drills list` need not read what it does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from drills.errors import BadInput
from drills.included import included_root
from drills.model.playbook import Playbook
from drills.model.probe import ProbeSpec
from drills.model.scenario import Scenario
from drills.nearest import suggest
from drills.probing.remote.config import KnownProber
from drills.workspace.config import WorkspaceConfig
from drills.workspace.layout import CONFIG_FILE, playbook_files, probe_files, scenario_files
from drills.workspace.layout import find_root as find_root
from drills.workspace.models import load_model
from drills.workspace.probe_files import load_probes

T = TypeVar("T")


class Files(Mapping[str, T]):
    """Named files, each read when it is first asked for. Raises InvalidFiles for one that cannot be used."""

    def __init__(self, paths: Mapping[str, Path], read: Callable[[str, Path], T]) -> None:
        self.paths = dict(sorted(paths.items()))
        self._read = read
        self._known: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            self._known[name] = self._read(name, self.paths[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class Workspace:
    """`root` holds the workspace's files; `home` is where state and reports are written.

    They are the same folder, except that a folder without drills.yaml uses the included workspace's files.
    """

    root: Path
    home: Path
    config: WorkspaceConfig

    @classmethod
    def load(cls, start: Path) -> Workspace:
        """The workspace that `start` lies in, or else the included one with its state in `start`.

        Raises InvalidFiles when drills.yaml cannot be used; other files raise it when they are asked for.
        """
        home = find_root(start)
        root = home or included_root()
        config = load_model(root / CONFIG_FILE, WorkspaceConfig, shown_as=CONFIG_FILE if home else None).require()
        return cls(root, home or start.resolve(), config)

    @cached_property
    def scenarios(self) -> Mapping[str, Scenario]:
        return Files(scenario_files(self.root), self._read_scenario)

    @cached_property
    def playbooks(self) -> Mapping[str, Playbook]:
        """The workspace's own, and the included ones by name unless it has its own of that name."""
        return Files(playbook_files(included_root()) | playbook_files(self.root), self._read_playbook)

    @cached_property
    def probes(self) -> Mapping[str, ProbeSpec]:
        """All probes of all files in probes/. Raises InvalidFiles when any of these cannot be used."""
        return load_probes(probe_files(self.root), self.shown, self.root, self.config.sandbox.known.probe_settings)

    @cached_property
    def probers(self) -> Mapping[str, KnownProber]:
        """The probers on other machines; a relative token file is taken from the workspace's folder."""
        return {
            name: KnownProber(name, each.url, self.root / each.token_file) for name, each in self.config.probers.items()
        }

    def scenario(self, name: str) -> Scenario:
        """Raises BadInput, with the nearest name, when there is no such scenario."""
        if name not in self.scenarios:
            raise BadInput(f"there is no scenario {name!r}; {suggest(name, self.scenarios)}")
        return self.scenarios[name]

    def playbook(self, name: str | None = None) -> Playbook:
        """The playbook of that name, or the workspace's own choice. Raises BadInput when there is none."""
        wanted = name or self.config.playbook
        if wanted not in self.playbooks:
            raise BadInput(f"there is no playbook {wanted!r}; {suggest(wanted, self.playbooks)}")
        return self.playbooks[wanted]

    @property
    def state_dir(self) -> Path:
        """Where sandboxes, locks and the store lie; made by whoever writes there first."""
        return state_dir_of(self.home)

    @property
    def store_url(self) -> str:
        """A SQLAlchemy URL; a relative SQLite file is taken from `home`."""
        if self.config.store is None:
            return f"sqlite:///{self.state_dir / 'drills.db'}"
        scheme, slashes, path = self.config.store.partition(":///")
        if scheme.startswith("sqlite") and slashes and path and not path.startswith(":"):
            return f"{scheme}:///{self.home / path}"
        return self.config.store

    @property
    def reports_dir(self) -> Path:
        return self.home / self.config.reports

    def scenario_dir(self, name: str) -> Path:
        return self.root / "scenarios" / name

    def runbook_path(self, name: str) -> Path | None:
        """The scenario's runbook; None when it has none. Raises BadInput for an unknown scenario."""
        runbook = self.scenario(name).runbook
        return None if runbook is None else self.scenario_dir(name) / runbook

    def locustfile(self, scenario: Scenario) -> Path | None:
        """The file of the scenario's users: its own, or the workspace's, or the system's; None when there is none."""
        if scenario.traffic.locustfile is not None:
            return self.scenario_dir(scenario.name) / scenario.traffic.locustfile
        named = self.config.traffic.locustfile
        own = None if named is None else self.root / named
        if own is not None and own.is_file():
            return own
        return self.config.sandbox.known.locustfile(self.root) or own

    def entrance(self, scenario: Scenario | None = None) -> str | None:
        """The address at which users come in, in a scenario or in general; None when nothing says it."""
        own = None if scenario is None else scenario.traffic.entrance
        return own or self.config.traffic.service or self.config.sandbox.known.entrance

    def shown(self, path: Path) -> str:
        """A file's name as messages show it: from the workspace's folder when it lies there."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def _read_scenario(self, name: str, path: Path) -> Scenario:
        return load_model(path, Scenario, shown_as=self.shown(path), name=name).require()

    def _read_playbook(self, _name: str, path: Path) -> Playbook:
        return load_model(path, Playbook, shown_as=self.shown(path)).require()


def state_dir_of(home: Path) -> Path:
    """The `state_dir` of the workspace whose state is written in `home`."""
    return home / ".drills"

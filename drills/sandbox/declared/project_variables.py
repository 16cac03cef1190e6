"""Where a service's password may stand: drills' own environment, the project's .env, the service's own environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from drills.errors import DrillsError
from drills.sandbox.compose.model import read_model
from drills.sandbox.compose.project import Project
from drills.sandbox.compose.selection import Selection, env_file_variables


class ProjectVariables:
    """Files are read, and Compose is asked, when a variable is first wanted that is not set here."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, service: str) -> Mapping[str, str]:
        """What is set for that service: the first of the three sources that has a variable wins."""
        return _Layers(self, service)

    @cached_property
    def env_files(self) -> Mapping[str, str]:
        """What Compose fills in from .env, or from the files of COMPOSE_ENV_FILES."""
        return env_file_variables(self._project.folder, os.environ)

    @cached_property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """The services as `docker compose config` shows them; none while it cannot be asked."""
        try:
            return read_model(Selection(self._project.name, self._project.folder, self._project.files)).services
        except DrillsError:
            return {}


class _Layers(Mapping[str, str]):
    def __init__(self, variables: ProjectVariables, service: str) -> None:
        self._variables = variables
        self._service = service

    def __getitem__(self, name: str) -> str:
        for layer in (os.environ, self._variables.env_files):
            if name in layer:
                return layer[name]
        return self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._own, **self._variables.env_files, **os.environ})

    def __len__(self) -> int:
        return len([*self])

    @property
    def _own(self) -> Mapping[str, str]:
        described = self._variables.services.get(self._service, {}).get("environment") or {}
        # Compose writes a dollar as two.
        return {name: str(value).replace("$$", "$") for name, value in described.items() if value is not None}

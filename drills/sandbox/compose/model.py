"""What a compose project is, as `docker compose config` prints it; that needs no engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from drills.errors import BadInput, EnvironmentFailed
from drills.sandbox.compose.selection import Selection

_SECONDS = 30.0
_UNSET = re.compile(r'The \\?"([^"\\]+)\\?" variable is not set')
#: Compose's own log lines, of which only the message is kept.
_LOGGED = re.compile(r'^time="[^"]*" level=(\w+) msg="(.*)"$')


@dataclass(frozen=True, slots=True)
class ComposeModel:
    """Services of all profiles, by name, and the rest of the file; `unset` are variables that have no value."""

    name: str
    services: Mapping[str, Mapping[str, Any]]
    whole: Mapping[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()

    def idle(self, profiles: Collection[str]) -> frozenset[str]:
        """Services that have no container: their profiles are not active, they are a provider's, or scaled to zero."""
        return frozenset(
            name
            for name, each in self.services.items()
            if not is_active(each, profiles) or "provider" in each or replicas_of(each) == 0
        )

    def jobs(self) -> frozenset[str]:
        """Services that end by themselves when all is well: others wait for that (service_completed_successfully)."""
        waited = (each.get("depends_on") or {} for each in self.services.values())
        return frozenset(
            name
            for depends in waited
            for name, how in depends.items()
            if how.get("condition") == "service_completed_successfully"
        )


def is_active(service: Mapping[str, Any], profiles: Collection[str]) -> bool:
    """Whether a service has a container when these profiles are active; `*` are all."""
    own = service.get("profiles") or ()
    return not own or "*" in profiles or not frozenset(own).isdisjoint(profiles)


def replicas_of(service: Mapping[str, Any]) -> int:
    return int((service.get("deploy") or {}).get("replicas", service.get("scale", 1)))


def read_model(selection: Selection) -> ComposeModel:
    """Takes a tenth of a second. Raises BadInput with Compose's own words for files that it does not accept, and
    EnvironmentFailed when there is no Compose here.
    """
    output, said = _config(selection)
    whole = json.loads(output)
    return ComposeModel(
        str(whole.get("name", selection.name)),
        whole.get("services") or {},
        whole,
        tuple(dict.fromkeys(_UNSET.findall(said))),
    )


def name_of(selection: Selection) -> str:
    """The project's name as Compose puts it together. Raises as `read_model` does."""
    return read_model(selection).name


def _config(selection: Selection) -> tuple[str, str]:
    command = shutil.which("docker")
    if command is None:
        raise EnvironmentFailed("the command `docker` is not on PATH; install Docker's command line with Compose v2")
    options = ["--project-directory", str(selection.folder)]
    options += ["--project-name", selection.name] if selection.name else []
    options += [word for file in selection.files for word in ("--file", str(file))]
    environment = {key: value for key, value in os.environ.items() if key != "COMPOSE_FILE"}
    try:
        done = subprocess.run(
            [command, "compose", *options, "--profile", "*", "config", "--format", "json"],
            env=environment,
            cwd=selection.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise EnvironmentFailed(f"docker compose config did not end within {_SECONDS:g} s") from None
    except OSError as error:
        raise EnvironmentFailed(f"{command} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        said = _message(done.stderr)
        if "is not a docker command" in said or "unknown shorthand flag" in said or "unknown flag" in said:
            raise EnvironmentFailed("Docker's command line has no Compose v2; install the plugin docker-compose")
        raise BadInput(said)
    return done.stdout, done.stderr


def _message(said: str) -> str:
    """Why it failed, without what it only warns of, in one line."""
    lines = []
    for line in said.splitlines():
        logged = _LOGGED.match(line.strip())
        if logged is not None and logged[1] != "warning":
            lines.append(logged[2].replace('\\"', '"').replace("\\n", " "))
        elif logged is None and line.strip():
            lines.append(line.strip())
    return " ".join(lines) or "docker compose config failed without output"

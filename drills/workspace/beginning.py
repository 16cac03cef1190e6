"""A first workspace for a compose project of one's own: what `drills init` writes, guessed from the compose file.

Nothing may be broken until its owner says so: every `may` is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.errors import BadInput
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.engine import engine_host
from drills.sandbox.compose.project import Project, normalised
from drills.sandbox.declared.addresses import USUAL_PORTS
from drills.sandbox.declared.declaration import Adapter
from drills.workspace.layout import CONFIG_FILE

#: As `docker compose` looks for them, in this order.
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
#: Part of an image's name, without registry and tag → what it is.
_IMAGES = {
    re.compile(r"(^|/)(postgres|postgresql|postgis|timescaledb|pgvector)$"): Adapter.POSTGRES,
    re.compile(r"(^|/)(redis|valkey|keydb|redis-stack-server)$"): Adapter.REDIS,
}
SCENARIO = "first-drill"


@dataclass(frozen=True, slots=True)
class Found:
    """A service of the compose file, as far as it can be guessed. `port` is its own, `published` is on this machine."""

    name: str
    adapter: Adapter | None
    port: int | None
    published: bool
    health: str | None
    user: str | None
    database: str | None
    depends_on: tuple[str, ...]


def begin(folder: Path) -> dict[str, str]:
    """The files of a first workspace for the compose project in that folder, by their names in it.

    Raises BadInput when there is no compose file, when it cannot be used, or when there is a drills.yaml already.
    """
    if (folder / CONFIG_FILE).exists():
        raise BadInput(f"{folder / CONFIG_FILE} is there already; nothing was written")
    file = next((name for name in COMPOSE_FILES if (folder / name).is_file()), None)
    if file is None:
        raise BadInput(f"{folder}: there is no {' or '.join(COMPOSE_FILES)} here; go to the folder of yours")
    own = Project(normalised(folder.name), folder, folder / file, engine_host())
    return files_for(file, [found_in(name, each) for name, each in ComposeCli(own).services().items()])


def found_in(name: str, service: Mapping[str, Any]) -> Found:
    """What `docker compose config` says of one service."""
    ports = [each for each in service.get("ports") or () if each.get("protocol", "tcp") == "tcp"]
    image = str(service.get("image") or "").split("@")[0]
    bare = re.sub(r":[^/]*$", "", image)
    adapter = next((adapter for pattern, adapter in _IMAGES.items() if pattern.search(bare)), None)
    port = int(ports[0]["target"]) if ports else None
    if adapter is None and ports:
        adapter = Adapter.HTTP
    environment = service.get("environment") or {}
    return Found(
        name=name,
        adapter=adapter,
        port=None if adapter is not None and port == USUAL_PORTS[adapter] else port,
        published=bool(ports),
        health=_health_path(service),
        user=environment.get("POSTGRES_USER") if adapter is Adapter.POSTGRES else None,
        database=environment.get("POSTGRES_DB") if adapter is Adapter.POSTGRES else None,
        depends_on=tuple(service.get("depends_on") or ()),
    )


def _health_path(service: Mapping[str, Any]) -> str | None:
    """The path of a health check that asks the service itself over HTTP."""
    test = (service.get("healthcheck") or {}).get("test") or ()
    asked = re.search(r"https?://(?:localhost|127\.0\.0\.1)(?::\d+)?(/[\w./-]*)", " ".join(map(str, test)))
    return asked[1] if asked else None


def files_for(file: str, services: list[Found]) -> dict[str, str]:
    """The text of each file."""
    probed = [each for each in services if each.adapter is not None]
    users = next((each for each in probed if each.adapter is Adapter.HTTP), None)
    files = {CONFIG_FILE: _config(file, services), "probes/services.yaml": "".join(map(_probe, probed)) or "[]\n"}
    if users is not None:
        needed = {name for each in services for name in each.depends_on}
        victim = next((each for each in services if each.name in needed and each.adapter is not None), users)
        files[f"scenarios/{SCENARIO}/scenario.yaml"] = _scenario(victim, users)
        files[f"scenarios/{SCENARIO}/runbook.md"] = _runbook(victim)
    return files


def _config(file: str, services: list[Found]) -> str:
    lines = [
        "# What drills may do to each service stands in `may`: nothing, until you name it, such as [kill, pause].",
        "format: 1",
        "playbook: fastapi  # a severity policy: yours in playbooks/, or one of those included",
        "sandbox:",
        f"  file: {file}",
        "  services:",
    ]
    for each in services:
        told = [f"adapter: {each.adapter}"] if each.adapter else []
        told += [f"port: {each.port}"] if each.port else []
        told += [f"health: {each.health}"] if each.health and each.adapter is Adapter.HTTP else []
        told += [f"{key}: {value}" for key, value in (("user", each.user), ("database", each.database)) if value]
        told += ["password-from: env:POSTGRES_PASSWORD"] if each.adapter is Adapter.POSTGRES else []
        lines.append(f"    {each.name}: {{{', '.join([*told, 'may: []'])}}}")
    return "\n".join(lines) + "\n"


def _probe(service: Found) -> str:
    asked = {
        Adapter.HTTP: f'http: {{url: "${{{service.name}}}{service.health or "/"}"}}',
        Adapter.POSTGRES: f'postgres: {{url: "${{{service.name}}}"}}',
        Adapter.REDIS: f'redis: {{url: "${{{service.name}}}"}}',
    }
    role = {Adapter.HTTP: "site", Adapter.POSTGRES: "database", Adapter.REDIS: "cache"}
    assert service.adapter is not None
    lines = [f"- name: {_probe_name(service)}", f"  {asked[service.adapter]}", "  every: 2s", "  timeout: 2s"]
    lines.append(f"  role: {role[service.adapter]}")
    if service.adapter is Adapter.HTTP:
        lines.append('  assert: ["status < 400"]')
    return "\n".join(lines) + "\n"


def _probe_name(service: Found) -> str:
    return re.sub(r"[^a-z0-9-]", "-", service.name.lower())


def _scenario(victim: Found, users: Found) -> str:
    home = _probe_name(users)
    return f"""\
# Before it can run: name `kill` in drills.yaml, sandbox.services.{victim.name}.may
title: {victim.name} is gone
story: Users report errors.
steady: {{hold: 5s, probes: [{home}]}}
traffic: {{journeys: [{home}], users: 5}}
timeline:
  - at: 1s
    fault: {{kind: kill-service, service: {victim.name}}}
expect: {{detected-within: 60s, mitigated-within: 5m}}
truth:
  cause: {_probe_name(victim)}-down
  among: [{_probe_name(victim)}-down, bad-deploy, overload]
  remedy: Start {victim.name} again.
hints:
  - Which of the services runs, and which does not?
"""


def _runbook(victim: Found) -> str:
    cause = f"{_probe_name(victim)}-down"
    return f"""\
# Runbook: {victim.name} is gone

## Overview
What {victim.name} is for, and who needs it.

## Symptoms
What users and probes notice.

## Detection
Which probe, which alert.

## Triage

```sh {{"name":"services","read-only":true,"timeout":"30s","milestone":"cause-named","cause":"{cause}"}}
drills sandbox status
```

## Mitigation
### Less than 5 minutes

```sh {{"name":"restart","timeout":"2m"}}
drills sandbox restart {victim.name}
```

```sh {{"name":"verify","read-only":true,"timeout":"2m"}}
drills sandbox health --all --wait 60s --steady 3s
```

### 5 to 30 minutes
Its logs: `drills sandbox logs {victim.name} --since 15m`

### More than 30 minutes
Who else can help.

## Rollback
Nothing to roll back.

## Communication
Whom to tell, and what.

## Escalation
Who is called when, if this does not help.

## Post-incident
Why did it end?
"""

"""What `drills init` writes: a first workspace for your own compose project, guessed from the compose file.

Every `may` is empty, so that nothing may be broken until the owner allows it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from drills.errors import BadInput
from drills.sandbox.adapters.registry import ADAPTERS
from drills.sandbox.compose.model import name_of, read_model
from drills.sandbox.compose.selection import select
from drills.sandbox.declared.declaration import Adapter
from drills.workspace.layout import CONFIG_FILE
from drills.workspace.yaml_scalars import plain_scalar

#: Part of an image's name, without registry and tag → what it is.
_IMAGES = {
    re.compile(r"(^|/)(postgres|postgresql|postgis|timescaledb|pgvector)$"): Adapter.POSTGRES,
    re.compile(r"(^|/)(mysql|mysql-server|mariadb|percona|percona-server)$"): Adapter.MYSQL,
    re.compile(r"(^|/)(redis|valkey|keydb|redis-stack-server)$"): Adapter.REDIS,
}
#: Variables of the images: the database that they make.
_DATABASES = {Adapter.POSTGRES: ("POSTGRES_DB",), Adapter.MYSQL: ("MARIADB_DATABASE", "MYSQL_DATABASE")}
#: Who logs in, by the variable of the name (None: the administrator by its own name) and of the password.
_LOGINS: Mapping[Adapter, Sequence[tuple[str | None, str]]] = {
    Adapter.POSTGRES: (("POSTGRES_USER", "POSTGRES_PASSWORD"),),
    Adapter.MYSQL: (
        (None, "MARIADB_ROOT_PASSWORD"),
        (None, "MYSQL_ROOT_PASSWORD"),
        ("MARIADB_USER", "MARIADB_PASSWORD"),
        ("MYSQL_USER", "MYSQL_PASSWORD"),
    ),
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
    #: The variable that holds the password of `user`, or of its administrator, as far as the compose file tells.
    password: str | None
    depends_on: tuple[str, ...]
    probe: str = ""


def begin(folder: Path) -> dict[str, str]:
    """The files of a first workspace for the compose project in that folder, by their names in it.

    Raises BadInput when there is no compose file, when it cannot be used, or when there is a drills.yaml already.
    """
    if (folder / CONFIG_FILE).exists():
        raise BadInput(f"{folder / CONFIG_FILE} is there already; nothing was written")
    selection = select(folder, ask_compose=name_of)
    model = read_model(selection)
    # One that was chosen by this shell's COMPOSE_FILE is not found without it.
    named = [os.path.relpath(each, folder) for each in selection.files] if "COMPOSE_FILE" in os.environ else []
    idle = model.idle(selection.profiles) | model.jobs()
    found = [found_in(name, each) for name, each in model.services.items() if name not in idle]
    if not found:
        raise BadInput(f"{selection.files[0]}: no service of it has a container that stays; nothing was written")
    return files_for(found, named)


def found_in(name: str, service: Mapping[str, Any]) -> Found:
    """What `docker compose config` says of one service."""
    ports = [each for each in service.get("ports") or () if each.get("protocol", "tcp") == "tcp"]
    image = str(service.get("image") or "").split("@")[0]
    bare = re.sub(r":[^/]*$", "", image)
    health = _health_check(service)
    adapter = next((adapter for pattern, adapter in _IMAGES.items() if pattern.search(bare)), None)
    port = int(ports[0]["target"]) if ports else health.port if health is not None and adapter is None else None
    if adapter is None and port is not None:
        adapter = Adapter.HTTP
    environment = service.get("environment") or {}
    user, password = _login(environment, adapter)
    return Found(
        name=name,
        adapter=adapter,
        port=None if adapter is not None and port == ADAPTERS[adapter].port else port,
        published=bool(ports),
        health=None if health is None else health.path,
        user=user,
        database=_set(environment, *_DATABASES[adapter]) if adapter in _DATABASES else None,
        password=password,
        depends_on=tuple(service.get("depends_on") or ()),
    )


def _set(environment: Mapping[str, Any], *names: str) -> str | None:
    """The value of the first of these variables that the compose file sets."""
    return next((str(environment[each]) for each in names if environment.get(each) is not None), None)


def _login(environment: Mapping[str, Any], adapter: Adapter | None) -> tuple[str | None, str | None]:
    """Whom the image makes, and the variable that it takes the password from, as far as the compose file tells."""
    for name, password in _LOGINS.get(adapter, ()) if adapter else ():
        if password in environment and (name is None or name in environment or adapter is Adapter.POSTGRES):
            return _set(environment, *([name] if name else [])), password
    if adapter is not Adapter.POSTGRES:
        return None, None
    # PostgreSQL's image wants one, unless it trusts everybody or reads it from a file that drills cannot.
    open_ = environment.get("POSTGRES_HOST_AUTH_METHOD") == "trust" or "POSTGRES_PASSWORD_FILE" in environment
    return _set(environment, "POSTGRES_USER"), None if open_ else "POSTGRES_PASSWORD"


@dataclass(frozen=True, slots=True)
class _HealthCheck:
    path: str
    port: int


def _health_check(service: Mapping[str, Any]) -> _HealthCheck | None:
    """What a health check asks the service itself over HTTP."""
    test = (service.get("healthcheck") or {}).get("test") or ()
    asked = re.search(r"https?://(?:localhost|127\.0\.0\.1)(?::(\d+))?(/[\w./-]*)?", " ".join(map(str, test)))
    return None if asked is None else _HealthCheck(asked[2] or "/", int(asked[1] or 80))


def files_for(services: list[Found], named: Sequence[str] = ()) -> dict[str, str]:
    """The text of each file. `named` are the compose files that are not found without their names."""
    probed = _named_apart([each for each in services if each.adapter is not None])
    served = [each for each in probed if each.adapter is Adapter.HTTP]
    users = next((each for each in served if each.published), served[0] if served else None)
    files = {CONFIG_FILE: _config(services, named), "probes/services.yaml": "".join(map(_probe, probed)) or "[]\n"}
    if users is not None:
        needed = {name for each in services for name in each.depends_on}
        victim = next((each for each in services if each.name in needed and each.adapter is not None), users)
        files[f"scenarios/{SCENARIO}/scenario.yaml"] = _scenario(victim, users)
        files[f"scenarios/{SCENARIO}/runbook.md"] = _runbook(victim)
    return files


def _config(services: list[Found], named: Sequence[str]) -> str:
    lines = [
        "# `may` lists what drills may do to a service, such as [kill, pause]; an empty list allows nothing.",
        "format: 1",
        "playbook: fastapi  # a severity policy: yours in playbooks/, or one of those included",
        "sandbox:",
        *([f"  file: [{', '.join(map(_word, named))}]"] if named else []),
        "  services:",
    ]
    for each in services:
        keys = [f"adapter: {each.adapter}"] if each.adapter else []
        keys += [f"port: {each.port}"] if each.port else []
        keys += [f"health: {each.health}"] if each.health and each.adapter is Adapter.HTTP else []
        keys += [f"{key}: {_word(value)}" for key, value in (("user", each.user), ("database", each.database)) if value]
        keys += [f"password-from: env:{each.password}"] if each.password else []
        lines.append(f"    {_word(each.name)}: {{{', '.join([*keys, 'may: []'])}}}")
    return "\n".join(lines) + "\n"


def _probe(service: Found) -> str:
    asked = {
        Adapter.HTTP: f'http: {{url: "${{{service.name}}}{service.health or "/"}"}}',
        Adapter.POSTGRES: f'postgres: {{url: "${{{service.name}}}"}}',
        Adapter.MYSQL: f'mysql: {{url: "${{{service.name}}}"}}',
        Adapter.REDIS: f'redis: {{url: "${{{service.name}}}"}}',
    }
    database = dict.fromkeys((Adapter.POSTGRES, Adapter.MYSQL), "database")
    role = {Adapter.HTTP: "site", Adapter.REDIS: "cache", **database}
    assert service.adapter is not None
    lines = [f"- name: {_word(_probe_name(service))}", f"  {asked[service.adapter]}", "  every: 2s", "  timeout: 2s"]
    lines.append(f"  role: {role[service.adapter]}")
    if service.adapter is Adapter.HTTP:
        lines.append('  assert: ["status < 400"]')
    return "\n".join(lines) + "\n"


def _probe_name(service: Found) -> str:
    return service.probe or _plain(service.name)


def _plain(name: str) -> str:
    """As probes and causes may be named."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "service"


def _named_apart(services: list[Found]) -> list[Found]:
    """Each with a name for its probe that no other has: `a_b` and `a.b` would be the same."""
    taken: set[str] = set()
    named = []
    for each in services:
        numbered = (f"{_plain(each.name)}-{number}" for number in count(2))
        name = next(name for name in chain([_plain(each.name)], numbered) if name not in taken)
        taken.add(name)
        named.append(replace(each, probe=name))
    return named


def _word(text: str) -> str:
    """As YAML that is read as this very text."""
    return text if re.fullmatch(r"[A-Za-z_][\w.-]*", text) and plain_scalar(text) == text else json.dumps(text)


def _scenario(victim: Found, users: Found) -> str:
    home = _probe_name(users)
    return f"""\
# Before it can run: name `kill` in drills.yaml, sandbox.services.{victim.name}.may
title: {victim.name} is gone
story: Users report errors.
steady: {{hold: 5s, probes: [{_word(home)}]}}
traffic: {{journeys: [{_word(home)}], users: 5}}
timeline:
  - at: 1s
    fault: {{kind: kill-service, service: {_word(victim.name)}}}
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

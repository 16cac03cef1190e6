"""Whether the included app is ready, and whether each part of the sandbox answers, as an operator asks first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from drills.errors import EnvironmentFailed
from drills.included_shop.ground import Ground
from drills.included_shop.names import Service
from drills.sandbox.http_answers import check, check_securely
from drills.sandbox.name_answers import look_up


def ask_all(
    addresses: Mapping[str, str], ask_database: Callable[[], object], ask_cache: Callable[[], object]
) -> Mapping[str, tuple[bool, str]]:
    """Each part with whether it is well, and what it said. `ask_…` raise EnvironmentFailed when there is no answer.

    Without addresses the sandbox is down, and so is each of its services.
    """
    if not addresses:
        return dict.fromkeys(Service, (False, "down"))
    found: dict[str, tuple[bool, str]] = {}
    for name, url in (
        ("app /health", f"{addresses['app']}/health"),
        ("app /ready", f"{addresses['app']}/ready"),
        (Service.EXTERNAL_API, f"{addresses['external-api']}/health"),
        (Service.TOXIPROXY, f"{addresses['toxiproxy']}/version"),
    ):
        status, said = check(url)
        found[name] = (status == 200, said)
    status, said = check_securely(f"{addresses['edge']}/health", addresses["edge-address"], Path(addresses["ca"]))
    found[Service.EDGE] = (status == 200, said)
    found[Service.DNS] = look_up(addresses["dns"], urlsplit(addresses["edge"]).hostname or "")
    for name, ask in ((Service.DATABASE, ask_database), (Service.CACHE, ask_cache)):
        try:
            ask()
            found[name] = (True, "answers")
        except EnvironmentFailed as error:
            found[name] = (False, str(error))
    return found


#: How long the app may take until it answers, once all runs: when it comes up on a busy machine, and for an operator
#: who restarts all of it in an incident and wants to know.
READY_SECONDS = 60.0
RESTARTED_SECONDS = 20.0


def await_ready(ground: Ground, addresses: Mapping[str, str], seconds: float = READY_SECONDS) -> None:
    """Until the app answers. Raises EnvironmentFailed."""
    if ground.active().replicas == 0:
        return
    deadline = time.monotonic() + seconds
    while True:
        status, said = check(f"{addresses['app']}/ready", timeout=5)
        if status == 200:
            return
        if time.monotonic() > deadline:
            raise EnvironmentFailed(f"the app did not become ready within {seconds:g} s: {said or status}")
        time.sleep(0.05)

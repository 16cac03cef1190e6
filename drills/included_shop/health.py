"""Whether each part of the sandbox answers, as an operator asks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from drills.errors import EnvironmentFailed
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

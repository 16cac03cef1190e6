"""Whether the included app answers."""

from __future__ import annotations

import time
from collections.abc import Mapping

from drills.errors import EnvironmentFailed
from drills.included_shop.ground import Ground
from drills.sandbox.http_answers import check

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

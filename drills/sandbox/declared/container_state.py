"""Whether a service of a compose project is as it ought to be once it is up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drills.sandbox.adapters.registry import adapter_of
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.containers import Container
from drills.sandbox.declared.addresses import host_port
from drills.sandbox.declared.declaration import DeclaredService

#: What each container waits for: `db:service_healthy:true,migrate:service_completed_successfully:false`.
_DEPENDS_ON = "com.docker.compose.depends_on"
_EXITED = re.compile(r"Exited \((\d+)\)")


def why_not_ready(service: DeclaredService, own: Sequence[Container], listed: Sequence[Container]) -> str | None:
    """None when it is; `own` are its containers, `listed` the whole project's. Asks it over the network."""
    alive = [each for each in own if each.running is not Running.DOWN]
    if own and own[0].service in jobs(listed):
        return _unfinished(own, alive)
    if not alive:
        return "it has ended"
    for each in alive:
        if each.state == "restarting":
            return f"{each.name} ends and is restarted again and again"
        if "(health: starting)" in each.status or "(unhealthy)" in each.status:
            return each.status.partition("(")[2].rstrip(")")
    reached_at = host_port(service, alive)
    return None if reached_at is None else adapter_of(service.adapter).silence(service, reached_at)


def has_finished(own: Sequence[Container], listed: Sequence[Container]) -> bool:
    """Whether these are the containers of a job, and all of them have ended with success."""
    if not own or own[0].service not in jobs(listed):
        return False
    return all(each.running is Running.DOWN and each.status.startswith("Exited (0)") for each in own)


def jobs(listed: Sequence[Container]) -> frozenset[str]:
    """Services that end by themselves when all is well: others wait for that."""
    waited = (entry.split(":") for each in listed for entry in each.labels.get(_DEPENDS_ON, "").split(","))
    return frozenset(parts[0] for parts in waited if "service_completed_successfully" in parts[1:2])


def _unfinished(own: Sequence[Container], alive: Sequence[Container]) -> str | None:
    if alive:
        return "it has not ended yet"
    statuses = {found[1] for each in own if (found := _EXITED.search(each.status)) is not None}
    failed = sorted(statuses - {"0"})
    return f"it ended with status {failed[0]}" if failed else None

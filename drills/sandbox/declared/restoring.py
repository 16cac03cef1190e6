"""The state of a compose project that a drill may change, and the way back: what ran runs again, within its limits.

Nothing is removed and nothing is made anew, but for a container that is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from drills.errors import EnvironmentFailed
from drills.sandbox.capabilities.services import Running
from drills.sandbox.compose.cli import ComposeCli
from drills.sandbox.compose.containers import Container, Containers, at_once
from drills.sandbox.compose.service_stats import Limits
from drills.sandbox.declared.replicas import ServiceReplicas
from drills.sandbox.fingerprint import Fingerprint


def fingerprint_of(containers: Containers) -> Fingerprint:
    """How each container stands, by service and number, and which limits it has."""
    listed = containers.list()
    limits = at_once(lambda each: Limits.of(containers.inspect(each)), listed)
    resources: dict[str, str] = {}
    for each, limit in zip(listed, limits, strict=True):
        resources[f"{_name(each)}.memory"] = str(limit.memory_bytes or 0)
        resources[f"{_name(each)}.cpus"] = f"{limit.cpus or 0:g}"
    return Fingerprint(
        services={_name(each): str(each.running) for each in listed},
        replicas=0,
        release="",
        settings={},
        links={},
        database={},
        files={},
        resources=resources,
    )


def restore(containers: Containers, cli: ComposeCli, replicas: ServiceReplicas, wanted: Fingerprint) -> tuple[str, ...]:
    """Bring the containers back to that state; returns what had to be changed. Raises EnvironmentFailed.

    Settings, the release, links and data are brought back by those that have them.
    """
    wanted = _containers_of(wanted)
    before = fingerprint_of(containers)
    done = before.differences(wanted)
    if not done:
        return ()
    _bring_numbers_back(cli, replicas, before.services, wanted.services)
    _bring_limits_back(containers, wanted.resources)
    for each in containers.list():
        _bring_back(containers, each, wanted.services.get(_name(each)))
    left = fingerprint_of(containers).differences(wanted)
    if left:
        raise EnvironmentFailed(f"the sandbox could not be brought back: {'; '.join(left)}")
    return done


def _containers_of(wanted: Fingerprint) -> Fingerprint:
    """The part of a state that is read here."""
    return replace(wanted, release="", settings={}, links={}, database={}, cache={})


def _bring_numbers_back(
    cli: ComposeCli, replicas: ServiceReplicas, present: Mapping[str, str], wanted: Mapping[str, str]
) -> None:
    """As many containers of each service as there were; a service that is new since is left alone."""
    before, after = (Counter(name.partition("/")[0] for name in names) for names in (present, wanted))
    scaled = {name for name in before if name in after and before[name] != after[name]}
    missing = after.keys() - before.keys()
    if missing:
        # All at once: Compose makes networks and volumes that are gone, and knows the order.
        numbers = [word for name in sorted(missing) for word in ("--scale", f"{name}={after[name]}")]
        cli.up(sorted(missing), {}, options=["--no-recreate", "--no-deps", *numbers])
    for name in sorted(scaled):
        replicas.bring(name, after[name])


def _bring_back(containers: Containers, container: Container, ought: str | None) -> None:
    """One that the wanted state does not know is left alone: its owner made it in the meantime."""
    if ought is None or ought == container.running:
        return
    if ought == Running.DOWN:
        containers.unpause(container)
        containers.stop(container)
        return
    if container.running is Running.PAUSED:
        containers.unpause(container)
    else:
        containers.start(container)
    if ought == Running.PAUSED:
        containers.pause(container)


def _bring_limits_back(containers: Containers, wanted: Mapping[str, str]) -> None:
    for each in containers.list():
        present = Limits.of(containers.inspect(each))
        memory = wanted.get(f"{_name(each)}.memory", str(present.memory_bytes or 0))
        cpus = wanted.get(f"{_name(each)}.cpus", f"{present.cpus or 0:g}")
        if memory != str(present.memory_bytes or 0):
            # The engine takes -1 for "no limit", and 0 for "as it is".
            containers.limit(each, memory_bytes=int(memory) or -1, cpus=None)
        if cpus != f"{present.cpus or 0:g}":
            containers.limit(each, memory_bytes=None, cpus=float(cpus))


def _name(container: Container) -> str:
    return f"{container.service}/{container.number}"

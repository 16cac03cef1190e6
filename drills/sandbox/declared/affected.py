"""What acts on services of a compose project would touch, by the names that `docker ps` and `docker volume ls` show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drills.sandbox.compose.containers import Container, Containers
from drills.sandbox.declared.declaration import Act
from drills.sandbox.declared.dumps import TOUCH_DATA
from drills.sandbox.declared.recreation import Recreation

#: Acts that recreate a service's containers.
_MAKE_ANEW = frozenset({Act.SET, Act.DEPLOY})


def affected(acts: Iterable[tuple[str, str]], containers: Containers, recreation: Recreation) -> Iterator[str]:
    """One line for each container. Asks the engine; raises EnvironmentFailed when that does not answer."""
    by_service: dict[str, set[str]] = {}
    for service, act in acts:
        by_service.setdefault(service, set()).add(act)
    listed = containers.list()
    for service, own_acts in by_service.items():
        name, _, number = service.partition("/")
        own = [each for each in listed if each.service == name and number in ("", str(each.number))]
        if not own:
            yield f"the containers of {service}, which do not exist yet"
        for each in own:
            yield _line(each, own_acts, containers)
        if own_acts & _MAKE_ANEW and (why := recreation.refusal(name)) is not None:
            yield f"refused: {why}"


def _line(container: Container, acts: set[str], containers: Containers) -> str:
    description = f"container {container.name}"
    if acts & _MAKE_ANEW:
        description += ", which is recreated"
    mounts = containers.inspect(container).get("Mounts") or ()
    volumes = [str(each["Name"]) for each in mounts if each.get("Type") == "volume" and each.get("RW")]
    if volumes:
        description += f", with the volume{'s' if len(volumes) > 1 else ''} {', '.join(sorted(volumes))}"
        description += ", whose data may be changed" if acts & TOUCH_DATA else ""
    return description

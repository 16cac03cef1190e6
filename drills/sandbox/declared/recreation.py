"""Whether a service's containers may be recreated: what was written in them outside their volumes would be lost."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from drills.errors import NotSupported
from drills.sandbox.compose.containers import Container, Containers
from drills.sandbox.declared.declaration import DeclaredService, Recreate

#: Written anew by every start: sockets, process ids, caches, temporary files (docs/sandbox.md has the same list).
HARMLESS = ("/dev", "/proc", "/run", "/sys", "/tmp", "/var/cache", "/var/lock", "/var/run", "/var/tmp")
#: With `init: true` the engine puts its own there, where /sbin leads; it is in no image.
_INIT = ("/sbin/docker-init", "/usr/sbin/docker-init")
_CACHES = re.compile(r"/__pycache__(/|$)|\.pyc$|/\.cache(/|$)|/\.(ash|bash|python|psql|mysql|rediscli)_history$|\.pid$")
#: How many paths a refusal shows.
_SHOWN = 3


class Recreation:
    """Asked before an override recreates containers of a service (links, releases, settings)."""

    def __init__(self, containers: Containers, declared: Mapping[str, DeclaredService]) -> None:
        self._containers = containers
        self._declared = declared

    def refusal(self, service: str, given: Collection[str] = ()) -> str | None:
        """Why the service's containers may not be recreated, in one line; None when they may.

        `given` are paths that Compose itself writes into them (configs and secrets). Asks the engine; raises
        EnvironmentFailed when that does not answer.
        """
        declared = self._declared.get(service)
        if declared is not None and declared.recreate is Recreate.ALLOWED:
            return None
        for each in self._containers.list():
            if each.service == service and (paths := self.written(each, given)):
                shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
                return (
                    f"{each.name} would be recreated, and it has written outside its volumes: {shown}; if that may be "
                    f"lost, say so in drills.yaml, sandbox.services.{service}: {{recreate: allowed}}"
                )
        return None

    def require(self, service: str, given: Collection[str] = ()) -> None:
        """Raises NotSupported, with the reason, when the service's containers may not be recreated."""
        if (why := self.refusal(service, given)) is not None:
            raise NotSupported(why)

    def written(self, container: Container, given: Collection[str] = ()) -> tuple[str, ...]:
        """The paths that were written in a container and that would be lost with it, as the engine lists them."""
        about = self._containers.inspect(container)
        return lost_with(self._containers.changes(container), {*_mounted(about), *given})


def lost_with(changes: Iterable[Mapping[str, Any]], kept: Collection[str]) -> tuple[str, ...]:
    """Of the engine's list of changed paths those that are not kept elsewhere, nor harmless; sorted.

    A folder is listed by the engine for each change below it; only what is at the end of a path counts.
    """
    paths = {str(each["Path"]) for each in changes}
    ends = sorted(paths - {path.rpartition("/")[0] for path in paths})
    kept = [*HARMLESS, *_INIT, *kept]
    # A mount point is made in the container's own layer, and so are the folders that lead to it.
    return tuple(
        path
        for path in ends
        if not any(_below(path, each) or _below(each, path) for each in kept) and not _CACHES.search(path)
    )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _mounted(about: Mapping[str, Any]) -> Sequence[str]:
    """Volumes, bind mounts and tmpfs of a container, by where they are in it."""
    tmpfs = (about.get("HostConfig") or {}).get("Tmpfs") or {}
    return [*(str(each["Destination"]) for each in about.get("Mounts") or ()), *map(str, tmpfs)]

"""Disks of a team's own services that may be filled: folders in their containers, each on a disk with a bound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from drills.errors import EnvironmentFailed, NotSupported
from drills.sandbox.capabilities.disk import DiskUsage
from drills.sandbox.compose.containers import Containers
from drills.sandbox.declared.declaration import DeclaredService

_SIZE = re.compile(r"(^|,)size=")


class DeclaredDisks:
    """See `drills.sandbox.capabilities.disk.Disk`: what is in such a folder is the service's own affair."""

    def __init__(self, containers: Containers, declared: Mapping[str, DeclaredService]) -> None:
        self._containers = containers
        self._declared = declared

    @property
    def service(self) -> str:
        self._refuse()

    def folder(self, service: str) -> str:
        name = service.partition("/")[0]
        folder = self._declared[name].disk if name in self._declared else None
        if folder is None:
            raise NotSupported(
                f"drills.yaml, sandbox.services.{name}, names no disk; write disk: and a folder on one of limited size"
            )
        own = [each for each in self._containers.list() if each.service == name]
        if not own:
            raise EnvironmentFailed(f"{name} has no container; bring it up first")
        about = self._containers.inspect(own[0])
        if (why := unbounded(folder, about, self._options_of(folder, about))) is not None:
            raise NotSupported(f"drills.yaml, sandbox.services.{name}.disk: {why}")
        return folder

    def usage(self) -> DiskUsage:
        self._refuse()

    def remove(self, name: str) -> int:  # noqa: ARG002 - there is nothing of ours to remove
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotSupported("the files on the disks of a compose project of your own are not listed")

    def _options_of(self, folder: str, about: Mapping[str, Any]) -> Mapping[str, str]:
        mount = _mount(folder, about)
        if mount is None or mount.get("Type") != "volume":
            return {}
        with self._containers.api() as api:
            return dict(api.inspect_volume(mount["Name"]).get("Options") or {})


def unbounded(folder: str, about: Mapping[str, Any], options: Mapping[str, str]) -> str | None:
    """Why a container's folder is on no disk with a bound of its own; None when it is.

    `about` is what the engine says of the container, `options` those of the volume that is mounted there.
    """
    host = about.get("HostConfig") or {}
    for path, how in (host.get("Tmpfs") or {}).items():
        if _within(folder, path):
            return None if _SIZE.search(how) else f"the tmpfs at {path} has no size; write one in your compose file"
    mount = _mount(folder, about)
    if mount is None:
        return f"{folder} is on the container's own disk, which is the engine's; name a tmpfs or a volume with a size"
    path = mount["Destination"]
    if mount["Type"] == "tmpfs":
        sizes = {each["Target"]: (each.get("TmpfsOptions") or {}).get("SizeBytes") for each in host.get("Mounts") or ()}
        return None if sizes.get(path) else f"the tmpfs at {path} has no size; write one in your compose file"
    if mount["Type"] == "volume" and _SIZE.search(options.get("o", "")):
        return None
    return f"the {mount['Type']} at {path} has no size of its own, so that this machine's disk would fill up"


def _mount(folder: str, about: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The mount that a folder is in: the innermost."""
    around = [each for each in about.get("Mounts") or () if _within(folder, str(each["Destination"]))]
    return max(around, key=lambda each: len(each["Destination"]), default=None)


def _within(folder: str, path: str) -> bool:
    return f"{folder.rstrip('/')}/".startswith(f"{path.rstrip('/')}/")

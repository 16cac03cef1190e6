"""What is written about a `container` probe."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drills.probing.settings_model import ForOthers, SettingsModel


class ContainerSettings(SettingsModel):
    """The containers of a service, by the engine's statistics; processes, on the local driver."""

    for_others: ClassVar[ForOthers] = ForOthers.NEVER
    metrics = frozenset({"memory", "cpu", "disk"})
    names = metrics | {"processes", "restarts", "oom_kills", "memory_bytes", "disk_bytes", "disk_full_in"}

    service: str = Field(description="Whose containers; may be left out where the workspace's system has releases.")
    memory_limit: int | None = Field(None, gt=0, description="Bytes that each may hold; absent: its limit, or all.")
    cpu_limit: float | None = Field(None, gt=0, description="Cores of all together; absent: their limit, or all.")
    disk: str | None = Field(
        None, description="A folder of this machine, or a file of it, whose size is measured instead of the disk."
    )
    disk_limit: int | None = Field(None, gt=0, description="Bytes; absent: what the folder's file system could hold.")
    state: str | None = Field(None, description="Of older workspaces; ignored.")

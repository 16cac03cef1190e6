"""What is written about a `heartbeat` probe."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from drills.model.durations import Duration, bounded
from drills.probing.settings_model import ForOthers, SettingsModel


class HeartbeatSettings(SettingsModel):
    """Something that must report by a time: a nightly job, a queue's worker."""

    for_others: ClassVar[ForOthers] = ForOthers.NEVER
    names = frozenset({"age"})

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="What `drills heartbeat NAME` is called with.")
    within: Annotated[Duration, bounded(timedelta(seconds=1))] = Field(description="How long ago the last beat may be.")
    state: str | None = Field(None, description="Of older workspaces; ignored.")

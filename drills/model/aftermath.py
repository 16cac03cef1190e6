"""What happens after a drill: its post-mortem, the action items in it, and the tasks that the playbook wants done.

These events are stored beside the drill. They follow its timeline and change nothing about its score.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Priority(StrEnum):
    """P0 is the most urgent."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


class ItemStatus(StrEnum):
    """How far an action item is; `done` and `dropped` close it."""

    OPEN = "open"
    PLANNED = "planned"
    IN_PROGRESS = "in progress"
    DONE = "done"
    DROPPED = "dropped"

    @property
    def closed(self) -> bool:
        return self in (ItemStatus.DONE, ItemStatus.DROPPED)


class ActionItem(Frozen):
    """A row of a post-mortem's table of action items. `number` names it within its drill."""

    number: int
    action: str
    owner: str
    priority: Priority
    due: date
    status: ItemStatus


class OpenAction(Frozen):
    """An action item of an earlier drill of the same scenario that was open when a drill began."""

    drill_id: str
    number: int
    action: str
    owner: str
    priority: Priority
    due: date


class PostMortemHandedIn(Frozen):
    """The whole document as it was handed in; the last one of a drill counts."""

    kind: Literal["post-mortem-handed-in"] = "post-mortem-handed-in"
    at: AwareDatetime
    path: str
    text: str
    items: tuple[ActionItem, ...]


class ActionClosed(Frozen):
    kind: Literal["action-closed"] = "action-closed"
    at: AwareDatetime
    number: int
    status: Literal[ItemStatus.DONE, ItemStatus.DROPPED]
    note: str = ""


class FollowUpDone(Frozen):
    """A task of the playbook is done. `task` is its text."""

    kind: Literal["follow-up-done"] = "follow-up-done"
    at: AwareDatetime
    task: str
    note: str = ""


AfterEvent = Annotated[PostMortemHandedIn | ActionClosed | FollowUpDone, Field(discriminator="kind")]

_ADAPTER: TypeAdapter[AfterEvent] = TypeAdapter(AfterEvent)


def after_event_from_json(text: str | bytes) -> AfterEvent:
    """Read one stored event. Raises pydantic.ValidationError for anything that is not one."""
    return _ADAPTER.validate_json(text)

"""The post-mortem of a drill: a draft from its timeline, and the document that is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drills.app.access import Act, require
from drills.app.records import stored
from drills.app.situations import of_drill
from drills.errors import BadInput, EnvironmentFailed, InvalidFiles, Problem
from drills.masking.masking import mask
from drills.model.aftermath import ActionItem, PostMortemHandedIn

if TYPE_CHECKING:
    from drills.app.context import Context

FILE = "post-mortem.md"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A post-mortem that was handed in. `due` is its deadline; None where the playbook states none."""

    at: datetime
    due: datetime | None
    items: tuple[ActionItem, ...]


def write_draft(context: Context, drill_id: str, path: Path | None = None) -> Path:
    """Write a draft by the drill's playbook, to be edited; returns its path.

    Raises BadInput when the file is there already, for it may have been edited; when there is no such drill, nothing
    of it was recorded, or it has no score. NotAllowed while it goes on, EnvironmentFailed when it cannot be written.
    """
    from drills.reporting.post_mortem.draft import draft

    _check(context, drill_id)
    timeline, card = stored(context, drill_id)
    if card.score is None:
        raise BadInput(f"{drill_id}: it is {card.result.value} and has no score: {card.why_not}")
    path = path or _default_path(context, drill_id)
    text = draft(timeline, card)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput(
            f"{path}: is there already, and may have been edited; hand it in with --done, or write another draft "
            "with --file FILE"
        ) from None
    except OSError as error:
        raise EnvironmentFailed(
            f"{path}: cannot be written ({error.strerror}); name another file with --file"
        ) from None
    return path


def hand_in(context: Context, drill_id: str, path: Path | None = None) -> HandedIn:
    """Store the document and its action items with the present time; what was handed in before is kept too.

    Raises InvalidFiles, with file and line, for what is still to be written and for action items that lack an owner,
    a priority or a due date; BadInput and NotAllowed as `write_draft` does.
    """
    from drills.reporting.post_mortem.handed_in import action_items
    from drills.scoring.aftermath import post_mortem_due
    from drills.store.after_log import AfterLog
    from drills.text_files import UnreadableFile, read_text

    _check(context, drill_id)
    timeline, card = stored(context, drill_id)
    path = path or _default_path(context, drill_id)
    try:
        text = read_text(path)
    except UnreadableFile as why:
        right = f"`drills postmortem {drill_id}` writes a draft" if not path.exists() else why.right
        raise InvalidFiles([Problem(str(path), why.line, "", why.wrong, right)]) from None
    items = action_items(text, str(path))
    now = context.clock.now()
    event = PostMortemHandedIn(
        at=now,
        path=str(path),
        text=mask(text),
        items=tuple(item.model_copy(update={"action": mask(item.action), "owner": mask(item.owner)}) for item in items),
    )
    with context.store() as store:
        AfterLog(store).append(drill_id, event)
    return HandedIn(now, post_mortem_due(card, timeline.start.playbook), items)


def _check(context: Context, drill_id: str) -> None:
    with context.store() as store:
        require(context.caller, Act.FOLLOW_UP, of_drill(store.drill(drill_id)))


def _default_path(context: Context, drill_id: str) -> Path:
    return context.workspace.reports_dir / drill_id / FILE

"""Timelines as files: export a drill, and score an exported file without a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drills.app.records import stored_timeline
from drills.errors import BadInput

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.errors import ExitCode
    from drills.model.scorecard import Scorecard


def export_lines(context: Context, drill_id: str) -> Iterator[str]:
    """The events of a drill that has ended, as lines of JSON.

    Raises BadInput when there is no such drill or nothing of it was recorded, NotAllowed while it is going on.
    """
    from drills.workspace.timeline_file import timeline_lines

    return timeline_lines(stored_timeline(context, drill_id))


def score_file(
    path: Path, playbook: str | None, folder: Path, *, rules: int | None = None
) -> tuple[Scorecard, ExitCode]:
    """The scorecard of a file of events, and the exit status of a command that prints it.

    By that version of the `rules`; where none is given, by the one that the drill began with.
    `playbook` takes the place of the timeline's own: a name (of the workspace that `folder` lies in, or an included
    one) or the path of a file. Raises InvalidFiles for a timeline or a playbook that cannot be used, BadInput for a
    name that does not exist, or for a version of the rules that is not known.
    """
    from drills.drill.results import exit_code_of
    from drills.model.playbook import Playbook
    from drills.scoring.other_playbook import by_playbook
    from drills.scoring.score import RULES_VERSIONS, score
    from drills.workspace.models import load_model
    from drills.workspace.timeline_file import read_timeline
    from drills.workspace.workspace import Workspace

    timeline = read_timeline(path)
    if playbook is not None:
        is_file = "/" in playbook or playbook.endswith((".yaml", ".yml"))
        chosen = (
            load_model(Path(playbook), Playbook).require() if is_file else Workspace.load(folder).playbook(playbook)
        )
        timeline = by_playbook(timeline, chosen)
    version = timeline.start.rules_version if rules is None else rules
    if version not in RULES_VERSIONS:
        known = " and ".join(str(each) for each in RULES_VERSIONS)
        raise BadInput(f"version {version} of the rules is not known; choose of {known} with --rules")
    card = score(timeline, rules=version)
    return card, exit_code_of(card.result)

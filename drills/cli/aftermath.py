"""`drills postmortem`: what comes after a drill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

DrillArgument = Annotated[str, typer.Argument(help="A drill, as `drills history` names it.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills postmortem INC-20261121-003 --done")(postmortem)


def postmortem(
    drill_id: DrillArgument,
    done: Annotated[bool, typer.Option("--done", help="Hand in the document as it is in the file now.")] = False,
    file: Annotated[Path | None, typer.Option(help="Another file than post-mortem.md beside the report.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write a draft of the post-mortem by the playbook's template, or hand in the edited one with --done."""
    from drills.app.context import at_terminal
    from drills.app.post_mortem import hand_in, write_draft
    from drills.cli.outcome import shown

    context = at_terminal(workspace)
    if not done:
        path = write_draft(context, drill_id, file)
        echo(f"{shown(path, context.workspace.home)}: edit it, then run `drills postmortem {drill_id} --done`")
        return
    handed_in = hand_in(context, drill_id, file)
    items = len(handed_in.items)
    due = ""
    if handed_in.due is not None:
        when = f"{handed_in.due:%Y-%m-%d %H:%M} UTC"
        due = f", in time (due {when})" if handed_in.at <= handed_in.due else f", late (was due {when})"
    echo(f"handed in at {handed_in.at:%Y-%m-%d %H:%M} UTC{due}, with {items} action item{'' if items == 1 else 's'}")

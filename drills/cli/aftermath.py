"""`drills postmortem | follow-ups | actions`: what comes after a drill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption
from drills.model.visible import visible_line

if TYPE_CHECKING:
    from datetime import datetime

    from drills.app.follow_ups import ItemState, Task

actions_app = typer.Typer(
    help="The action items of post-mortems that were handed in.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DrillArgument = Annotated[str, typer.Argument(help="A drill, as `drills history` names it.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills postmortem INC-20261121-003 --done")(postmortem)
    app.command("follow-ups", epilog="Example: drills follow-ups INC-20261121-003 --done 2")(follow_ups)
    app.add_typer(actions_app, name="actions")


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


def follow_ups(
    drill_id: Annotated[str | None, typer.Argument(help="Only this drill.", show_default=False)] = None,
    done: Annotated[
        int | None, typer.Option(help="This task of that drill is done.", min=1, show_default=False)
    ] = None,
    because: Annotated[str, typer.Option(help="A note on what was done.", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is done or ended.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List what is due after drills: the playbook's tasks, post-mortems and their action items.

    The next run of the same drill ends its open tasks.
    """
    from drills.app.context import at_terminal
    from drills.app.follow_ups import finish_task
    from drills.app.follow_ups import follow_ups as all_follow_ups
    from drills.errors import BadInput

    context = at_terminal(workspace)
    if done is not None:
        if drill_id is None:
            raise BadInput("--done: name the drill too, such as `drills follow-ups INC-20261121-003 --done 2`")
        echo(f"done: {finish_task(context, drill_id, done, because)}")
        return
    shown = [each for each in all_follow_ups(context) if drill_id in (None, each.drill_id)]
    now = context.clock.now()
    lines = 0
    for each in shown:
        told = [_task(task) for task in each.tasks if everything or task.state.open]
        told += [_item(state, now) for state in each.items if everything or not state.status.closed]
        if told:
            echo(f"{each.drill_id}  {each.scenario}, ended {each.ended_at:%Y-%m-%d %H:%M} UTC")
            echo("\n".join(told))
            lines += len(told)
    if not lines:
        echo("nothing is to be done")


def _task(task: Task) -> str:
    due = "no deadline" if task.deadline is None else f"by {task.deadline:%Y-%m-%d %H:%M} UTC"
    return f"  {task.number:>3}  {task.state.value:<8} {due:<24} {visible_line(task.text)}"


def _item(state: ItemState, now: datetime) -> str:
    item = state.item
    told = state.status.value if state.status.closed else "overdue" if now >= state.deadline else "due"
    return (
        f"   #{item.number:<2} {told:<8} by {item.due.isoformat():<21} action item {item.priority.value}, "
        f"{visible_line(item.owner)}: {visible_line(item.action)}"
    )


@actions_app.command("close", epilog="Example: drills actions close INC-20261121-003 1")
def close(
    drill_id: DrillArgument,
    number: Annotated[int, typer.Argument(help="The number of the action item in its post-mortem.", min=1)],
    dropped: Annotated[bool, typer.Option("--dropped", help="It will not be done.")] = False,
    because: Annotated[str, typer.Option(help="A note on how, or why.", show_default=False)] = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Close an action item as done, or as dropped."""
    from drills.app.context import at_terminal
    from drills.app.follow_ups import close_action
    from drills.model.aftermath import ItemStatus

    context = at_terminal(workspace)
    if dropped:
        echo(f"dropped: {close_action(context, drill_id, number, ItemStatus.DROPPED, because)}")
    else:
        echo(f"done: {close_action(context, drill_id, number, ItemStatus.DONE, because)}")

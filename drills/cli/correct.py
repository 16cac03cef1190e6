"""`drills correct`: a milestone was reached at another time than the timeline says."""

from __future__ import annotations

from typing import Annotated

import typer

from drills.cli.terminal import echo
from drills.cli.workspace_option import HERE, WorkspaceOption

_Time = Annotated[str | None, typer.Option(metavar="TIME", show_default=False)]
#: What is measured is refused with the reason, not as an unknown option.
_Refused = Annotated[str | None, typer.Option(metavar="TIME", hidden=True)]


def register(app: typer.Typer) -> None:
    example = "drills correct INC-20261121-003 --acknowledged 14:03 --because 'by phone'"
    app.command(epilog=f"Example: {example}")(correct)


def correct(
    drill_id: Annotated[str, typer.Argument(help="A drill, as `drills history` names it.")],
    because: Annotated[str, typer.Option(help="How it is known.", show_default=False)] = "",
    acknowledged: _Time = None,
    severity_declared: _Time = None,
    commander_named: _Time = None,
    first_update: _Time = None,
    status_page: _Time = None,
    cause_named: _Time = None,
    all_clear: _Time = None,
    injected: _Refused = None,
    first_impact: _Refused = None,
    detected: _Refused = None,
    mitigated: _Refused = None,
    post_mortem: _Refused = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Correct when a milestone was reached, such as an acknowledgement by phone; both scores are kept and reported.

    TIME is a time of day in UTC (14:03 or 14:03:20), a date and time with its zone (2026-11-21T14:03:20+01:00), or the
    time since the drill began (+03:20).
    """
    from drills.app.context import at_terminal
    from drills.app.corrections import correct as correct_drill
    from drills.cli.outcome import shown
    from drills.model.playbook import Milestone

    given = {
        Milestone.ACKNOWLEDGED: acknowledged,
        Milestone.SEVERITY_DECLARED: severity_declared,
        Milestone.COMMANDER_NAMED: commander_named,
        Milestone.FIRST_UPDATE: first_update,
        Milestone.STATUS_PAGE: status_page,
        Milestone.CAUSE_NAMED: cause_named,
        Milestone.ALL_CLEAR: all_clear,
        Milestone.INJECTED: injected,
        Milestone.FIRST_IMPACT: first_impact,
        Milestone.DETECTED: detected,
        Milestone.MITIGATED: mitigated,
        Milestone.POST_MORTEM: post_mortem,
    }
    context = at_terminal(workspace)
    moments = {milestone: text for milestone, text in given.items() if text is not None}
    amended = correct_drill(context, drill_id, moments, because)
    card = amended.scorecard
    echo(f"Score {card.score:g}  {card.grade}   {card.result.value}; {card.original_score:g} without the correction")
    echo(f"Report: {shown(amended.report, context.workspace.home)}")

"""`drills sandbox report`: everything that one looks at first, asked at once and kept as one Markdown file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drills.cli.acting import action
from drills.cli.places import HERE, WorkspaceOption
from drills.cli.sandbox.opening import folder_for, open_sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from drills.sandbox.diagnostics import Answer


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: drills sandbox report --output-dir incident")(report)


def report(
    output_dir: Annotated[
        Path | None, typer.Option(help="Write incident-report.md there, instead of printing it.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Ask everything that one asks first in an incident, and write the answers down."""
    from datetime import UTC, datetime

    from drills.sandbox.diagnostics import ask_all

    place, sandbox = open_sandbox(workspace)
    with action(place, read_only=True):
        began = datetime.now(UTC)
        text = _markdown(ask_all(sandbox), began, sandbox.driver)
        if output_dir is None:
            typer.echo(text, nl=False)
            return
        path = folder_for(output_dir) / "incident-report.md"
        path.write_text(text, encoding="utf-8")
        typer.echo(str(path))


def _markdown(answers: Sequence[Answer], at: datetime, driver: str) -> str:
    from drills.responders.masking import mask

    unanswered = [answer for answer in answers if answer.failed]
    lines = [
        f"# What the sandbox says, {at:%Y-%m-%d %H:%M:%S} UTC",
        "",
        f"A drill's sandbox ({driver}). {len(answers)} questions asked, {len(unanswered)} without an answer.",
    ]
    area = ""
    for answer in answers:
        if answer.diagnostic.area != area:
            area = answer.diagnostic.area
            lines += ["", f"## {area}"]
        title = answer.diagnostic.question
        body = mask("\n".join(answer.lines)).splitlines()
        lines += ["", f"### {title}{' (no answer)' if answer.failed else ''}", "", "```text", *body, "```"]
    return "\n".join(lines) + "\n"

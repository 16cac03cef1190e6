"""What commands print: always by `echo`, which lets no text from outside steer the terminal."""

from __future__ import annotations

from pathlib import Path

import typer

from drills.model.visible import visible


def echo(text: str | Path = "", *, err: bool = False, nl: bool = True) -> None:
    """Print the text with control characters shown as `\\x1b` and the like."""
    typer.echo(visible(str(text)), err=err, nl=nl)

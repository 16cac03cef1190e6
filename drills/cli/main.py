"""The command `drills`: by the running drill's command server where there is one, else in this process."""

from __future__ import annotations

import sys

from drills.cli.command_client import ask


def main() -> None:
    """Run the command of this process."""
    if (status := ask(sys.argv)) is not None:
        sys.exit(status)
    # Typer takes 90 ms of processor time, and a command that is served does without it.
    from drills.cli.application import run

    run()

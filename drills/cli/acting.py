"""A sandbox command during a drill is an action of the responder: it is put on the drill's timeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drills.app.context import Context


class _Tee(StringIO):
    """Prints and remembers."""

    def __init__(self, through: object) -> None:
        super().__init__()
        self._through = through

    def write(self, text: str) -> int:
        self._through.write(text)  # type: ignore[attr-defined]
        return super().write(text)

    def flush(self) -> None:
        self._through.flush()  # type: ignore[attr-defined]


@contextmanager
def action(context: Context, *, read_only: bool) -> Iterator[None]:
    """Run a sandbox command; when a drill runs on this sandbox, record the command, its end and what it printed.

    Raises SandboxBusy for one that changes something while another workspace drills the same compose project.
    """
    import typer

    from drills.app.sandbox.acting import acting

    with acting(context, sys.argv[1:], read_only=read_only) as evidence:
        tee = _Tee(sys.stdout)
        original, sys.stdout = sys.stdout, tee
        try:
            yield
        except typer.Exit as end:
            evidence.status = end.exit_code
            raise
        finally:
            sys.stdout = original
            evidence.output = tee.getvalue()

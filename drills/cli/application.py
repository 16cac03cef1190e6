"""The commands of `drills`, and how errors become one line and an exit status."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import typer

from drills.cli.lazy import LazyCommands, LazyGroup
from drills.cli.terminal import echo
from drills.errors import DrillsError, ExitCode
from drills.model.visible import shortened

EXIT_CODES = """
Exit status: 0 all limits met · 1 a limit missed · 2 bad input · 3 the drill is not valid, or the environment failed ·
4 an undo is still owed · 5 aborted by a person or the kill switch · 130 Ctrl-C
"""

#: If set to anything, an unexpected error is shown with its traceback, for a bug report.
TRACEBACKS = "DRILLS_TRACEBACK"

#: Longest error message in characters; it may quote the input.
_LONGEST = 2000

#: The module of each command, in the order in which help lists them.
COMMANDS = {
    "init": "drills.cli.init",
    "run": "drills.cli.run",
    "demo": "drills.cli.run",
    "practice": "drills.cli.practice",
    "list": "drills.cli.catalogue",
    "show": "drills.cli.catalogue",
    "validate": "drills.cli.catalogue",
    "schema": "drills.cli.catalogue",
    "report": "drills.cli.records",
    "history": "drills.cli.records",
    "export": "drills.cli.records",
    "score": "drills.cli.records",
    "correct": "drills.cli.correct",
    "postmortem": "drills.cli.aftermath",
    "follow-ups": "drills.cli.aftermath",
    "actions": "drills.cli.aftermath",
    "probe": "drills.cli.watching",
    "heartbeat": "drills.cli.watching",
    "serve": "drills.cli.watching",
    "calendar": "drills.cli.watching",
    "oncall": "drills.cli.on_call",
    "stop": "drills.cli.upkeep",
    "resume": "drills.cli.upkeep",
    "recover": "drills.cli.upkeep",
    "doctor": "drills.cli.upkeep",
    "prober": "drills.cli.prober",
    "respond": "drills.cli.respond",
    "sandbox": "drills.cli.sandbox",
    "undo": "drills.cli.undo",
}


class DrillsGroup(LazyGroup):
    known = LazyCommands(COMMANDS)


app = typer.Typer(
    name="drills",
    cls=DrillsGroup,
    help="Rehearse incidents: break a sandbox, measure detection and response, score them, undo everything.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _begin() -> None:
    """What makes Typer take the application for a group: none of its commands is known to it yet."""


def run() -> None:
    """Run the command of `sys.argv`; every error is one line on standard error. Raises SystemExit at an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal's encoding lacks is replaced; it must not end the program.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="drills", standalone_mode=True)
    except DrillsError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read has gone; nothing may be written when the interpreter ends either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get(TRACEBACKS):
            raise
        if isinstance(error, UnicodeEncodeError) and (word := _no_text(sys.argv[1:])) is not None:
            _complain(f"{word}: this argument is not UTF-8; write it in UTF-8")
            sys.exit(ExitCode.BAD_INPUT)
        _complain(_unforeseen(error))
        sys.exit(ExitCode.NOT_VALID)


def _complain(text: str) -> None:
    echo("\n".join(shortened(line, _LONGEST) for line in text.split("\n")), err=True)


def _no_text(words: Sequence[str]) -> str | None:
    """The first that was no UTF-8: Python reads its bytes as halves of surrogate pairs, which nothing can store."""
    return next((word for word in words if any("\ud800" <= sign <= "\udfff" for sign in word)), None)


def _unforeseen(error: Exception) -> str:
    said = " ".join(str(error).split()) or "no details"
    if isinstance(error, OSError):
        return f"{said}; the machine refused what drills needed"
    return f"drills itself failed: {type(error).__name__}: {said}; set {TRACEBACKS}=1 to see where"

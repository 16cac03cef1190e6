"""A drill as lines on a terminal, each event as it happens."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from drills.app.live import FirstImpact, Happened, Sight, WellAgain
from drills.cli.terminal import echo
from drills.model import events as ev
from drills.model.durations import humane
from drills.model.probe import probe_from
from drills.model.scorecard import Recovery
from drills.model.visible import shortened, visible

#: Width of the column that says what happened.
LABEL = 20


#: Characters of a text that a line shows.
_SHOWN = 2000

#: Width of what is written to a file or a pipe: wide enough for the table, and nothing is folded there.
PLAIN_WIDTH = 140


class _PatientConsole(Console):
    """Its reader may go away (`| head`, a closed terminal): it prints nothing from then on. Rich's ends the process.

    Text is never markup in it, and invisible characters are shown as `\\x1b` and the like.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except OSError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        self.quiet = True
        mute(self.file)


def make_console(*, stderr: bool = False) -> Console:
    """A console as wide as its terminal; Rich honours NO_COLOR and uses no colours in pipes.

    It never raises when the reader has gone away, so that the drill goes on and is undone.
    """
    console = _PatientConsole(stderr=stderr)
    return console if console.is_terminal else _PatientConsole(stderr=stderr, width=PLAIN_WIDTH)


def mute(stream: IO[str]) -> None:
    """The reader has gone away: discard what is buffered and whatever is written from now on."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def echo_patiently(text: str, *, err: bool = False) -> None:
    """`echo` that does not fail when the reader has gone away: the drill and its exit status matter more."""
    try:
        echo(text, err=err)
    except OSError:
        mute(sys.stderr if err else sys.stdout)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what happened, and the details. `style` is Rich's."""

    label: str
    text: str = ""
    style: str = ""


def line_of(event: ev.Event, responder: ev.ResponderKind | None = None) -> Line | None:
    """The line of an event in a drill with this responder; None for events that are not shown."""
    match event:
        case ev.SandboxReady():
            release = f"release {event.release}, " if event.release else ""
            return Line("sandbox ready", f"{release}up in {humane(event.seconds)}", "dim")
        case ev.TrafficStarted():
            return Line("traffic started", f"{event.users} users, {event.requests_per_second:g} req/s", "dim")
        case ev.SteadyStateHeld():
            checks = "  ".join(f"{probe} {total * 1000:.0f} ms" for probe, total in event.probes.items())
            return Line("steady state held", f"for {event.seconds:g} s   {checks}", "green")
        case ev.SteadyStateFailed():
            return Line("never steady", f"{event.probe}: {event.reason}", "bold red")
        case ev.ProbeUnusable():
            return Line("probe cannot run", f"{probe_from(event.probe, event.vantage)}: {event.reason}", "bold red")
        case ev.FaultFailed():
            return Line("fault not in place", event.reason, "bold red")
        case ev.AlertFired():
            return Line("alert", f"{event.level}  {event.title}: {event.reason}", "bold yellow")
        case ev.AlertChanged():
            return Line("alert changed", f"{event.alert_id} is {event.level} now: {event.reason}", "yellow")
        case ev.AlertResolved():
            return Line("alert resolved", f"{event.alert_id}: {event.reason}", "dim")
        case ev.Acknowledged():
            by = _ACKNOWLEDGED_BY.get(responder, "")
            return Line("acknowledged", " ".join(filter(None, (", ".join(event.alerts), by))))
        case ev.SeverityDeclared():
            return Line("severity declared", f"{event.level} {event.reason}".strip())
        case ev.CommanderNamed():
            return Line("commander named", event.commander)
        case ev.UpdatePosted():
            return Line("update posted", f"to {event.audience}: {event.text}")
        case ev.NoteTaken():
            return Line("note", event.text)
        case ev.StepChecked() | ev.TaskChecked():
            return Line("step checked", event.text)
        case ev.Decided():
            return Line("decided", f"{event.choice}{f' ({event.reason})' if event.reason else ''}")
        case ev.CauseNamed():
            return Line("cause named", event.cause)
        case ev.Escalated() if event.due:
            return Line("escalation due", f"to {event.rung} ({event.contact}): {event.reason}", "bold yellow")
        case ev.Escalated():
            return Line("escalated", f"to {event.rung} ({event.contact}) {event.reason}".strip())
        case ev.HintTaken():
            return Line("hint", event.text, "cyan")
        case ev.ActionTaken() if not event.read_only:
            status = "" if event.exit_status == 0 else f"   exit status {event.exit_status}"
            return Line("action", f"{event.command}{status}")
        case ev.StepFinished():
            said = f"{humane(event.seconds)}" if event.ok else f"FAILED: {event.reason}"
            return Line("runbook step", f"{event.step}   {said}", "" if event.ok else "red")
        case ev.RunbookFinished() if not event.ok:
            return Line("runbook stopped", f"at {event.stopped_at}: {event.reason}", "red")
        case ev.AllClear():
            return Line("all clear", event.text)
        case ev.EnvironmentLost():
            return Line("environment failed", event.reason, "bold red")
        case ev.DrillAborted():
            return Line("aborted", event.reason, "bold red")
        case ev.UndoFailed():
            return Line("undo FAILED", f"#{event.journal_id} {event.summary}: {event.reason}", "bold red")
        case ev.UndoGivenUp():
            return Line("undo given up", f"#{event.journal_id} {event.summary}: {event.reason}", "red")
        case ev.DrillEnded():
            return Line("drill ended", event.says, "dim")
        case _:
            return _truth_line(event)


def _truth_line(event: ev.Event) -> Line | None:
    match event:
        case ev.FaultApplied():
            return Line("injected", event.summary, "magenta")
        case ev.FaultVerified():
            return Line("in place", event.evidence, "dim")
        case ev.UndoWritten():
            return Line("undo written", f"#{event.journal_id} {event.summary}", "dim")
        case ev.UndoSettled():
            changed = f"   also restored: {'; '.join(event.changes)}" if event.changes else ""
            return Line("undone", f"#{event.journal_id} {event.summary}{changed}", "dim")
        case _:
            return None


class Live:
    """Prints a drill as it happens: what its follower may see."""

    def __init__(self, console: Console, responder: ev.ResponderKind | None = None) -> None:
        self._console = console
        self._responder = responder

    def show(self, sight: Sight) -> None:
        """Print its line, if it has one."""
        match sight:
            case FirstImpact():
                totals = sight.totals
                said = f"{totals.failed} failed, {totals.slow + totals.missed} slow, of {totals.requests} requests"
                self.print(sight.t, Line("first user impact", said, "red"))
            case WellAgain():
                said = f"measured: users have been served normally since then (certain at {_stopwatch(sight.known_at)})"
                self.print(sight.t, Line(_RECOVERED[sight.recovery], said, "bold green"))
            case Happened():
                line = line_of(sight.event, self._responder)
                if line is not None:
                    self.print(sight.event.t, replace(line, text="") if sight.bare else line)

    def print(self, t: float, line: Line) -> None:
        text = Text().append(f"  {_stopwatch(t)}  ", style="dim")
        text.append(f"{line.label:<{LABEL}}", style=line.style or "bold")
        said = visible(shortened(line.text.strip(), _SHOWN)).replace("\n", " / ").replace("\t", " ")
        text.append(f" {said}" if said else "", style="dim" if line.style == "dim" else "")
        if self._console.is_terminal:
            indent = 12 + LABEL if self._console.width >= 80 else 11
            text = _folded(text, self._console.width, indent)
        self._console.print(text, soft_wrap=True, highlight=False)


def _stopwatch(t: float) -> str:
    """Seconds since the drill began as `00:27.4`."""
    minutes, seconds = divmod(round(t, 1), 60)
    return f"{int(minutes):02d}:{seconds:04.1f}"


def _folded(text: Text, width: int, indent: int) -> Text:
    """The line wrapped to the width; continuation rows are indented to the details of the first."""
    console = Console(width=width)
    first, *rest = text.wrap(console, width) or [text]
    if not rest:
        return text
    left = text[len(first.plain) :]
    left_text = left[len(left.plain) - len(left.plain.lstrip()) :]
    lines = [first, *(Text(" " * indent) + row for row in left_text.wrap(console, max(20, width - indent)))]
    return Text("\n").join(lines)


_ACKNOWLEDGED_BY: Mapping[ev.ResponderKind | None, str] = {
    ev.ResponderKind.RUNBOOK: "by the drill, before it starts the runbook",
    ev.ResponderKind.PERSON: "by a person",
}

_RECOVERED: Mapping[Recovery, str] = {
    Recovery.FULL: "mitigated",
    Recovery.DEGRADED: "mitigated, degraded",
    Recovery.SELF: "recovered by itself",
    Recovery.TEMPORARY: "recovered for a while",
    Recovery.NONE: "recovered",
}

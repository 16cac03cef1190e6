"""What a drill's terminal ends with: the limits, the score, what was undone, and where the report is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from drills.app.outcome import Debrief, Outcome
from drills.app.start import Heading
from drills.model.durations import humane, humane_limit
from drills.model.scorecard import DrillResult, Row, Scorecard, Verdict
from drills.model.visible import visible_line

_STYLE = {Verdict.MET: "green", Verdict.MISSED: "bold red", Verdict.PENDING: "yellow", Verdict.NOT_REQUIRED: "dim"}
_RESULT = {DrillResult.MET: "bold green", DrillResult.MISSED: "bold red"}


def print_heading(console: Console, heading: Heading) -> None:
    """The drill's first line."""
    title = "a blind drill" if heading.title is None else visible_line(heading.title)
    answers = heading.responder if heading.runbook is None else f"runbook of {heading.runbook}"
    line = Text().append(f"{heading.drill_id}  {title}", style="bold")
    line.append(f"   playbook {heading.playbook}   responder {answers}", style="dim")
    console.print(line)
    console.print(Text("This is a drill.", style="dim"))


def print_outcome(console: Console, outcome: Outcome, home: Path) -> None:
    """The outcome of a drill that has ended."""
    console.print()
    print_scorecard(console, outcome.scorecard)
    if outcome.blind:
        print_debrief(console, outcome.debrief)
    if outcome.undone:
        undone = ", ".join(f"#{number}" for number in outcome.undone)
        console.print(Text(f"Undone: {undone}", style="dim"))
    for failed in outcome.failed:
        console.print(Text(f"STILL OWED: #{failed.journal_id} {failed.summary}: {failed.reason}", style="bold red"))
    if outcome.owed:
        remains = "Owed undos stay recorded: `drills recover` finishes them, or the next drill does before it begins."
        console.print(Text(remains, style="bold red"))
    console.print(Text(f"Report: {shown(outcome.report, home)}"), soft_wrap=True)


def print_scorecard(console: Console, card: Scorecard, *, points: bool = False) -> None:
    """The rows and the score; with `points`, all that the score is computed from."""
    if card.score is None:
        console.print(Text(f"{card.result.value.upper()}: {card.why_not}", style="bold yellow"))
        return
    if console.width >= 72:
        console.print(_table(card, points=points))
    else:
        _print_narrow(console, card)
    console.print(Text(card.headline), soft_wrap=not console.is_terminal)
    for deduction in card.deductions:
        console.print(Text(f"  −{deduction.points:g}  {deduction.reason}", style="red"))
    if points:
        console.print(Text(card.arithmetic), soft_wrap=not console.is_terminal)
        for baseline in card.baselines:
            console.print(Text(f"  {baseline.score:g} if {baseline.says}", style="dim"))
    score = Text().append(f"Score {card.score:g}  {card.grade}   ", style="bold")
    score.append(card.result.value, style=_RESULT.get(card.result, "bold"))
    severity = card.severity
    score.append(f"   severity {severity.true_level or 'none'}", style="dim")
    console.print(score)


def print_debrief(console: Console, debrief: Debrief | None) -> None:
    """The truth that was hidden from a blind responder, and the cause that they named."""
    if debrief is None:
        console.print("Nothing was injected, so the scenario stays hidden: it can be drilled again.")
        return
    console.print()
    console.print(Text("The truth", style="bold"), Text(f"{debrief.scenario}: {visible_line(debrief.title)}"))
    for label, said in (
        ("broken", "; ".join(debrief.broken) or "nothing"),
        ("cause", f"{debrief.cause or 'none'}. {debrief.named}".strip()),
        ("remedy", visible_line(debrief.remedy) or "none needed"),
    ):
        console.print(Text(f"  {label:<8} {said}"), soft_wrap=not console.is_terminal)
    console.print()


def _table(card: Scorecard, *, points: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("", "actual", "limit", "verdict", "points" if points else ""):
        table.add_column(heading, overflow="fold")
    for row in card.rows:
        if not row.is_listed:
            continue
        table.add_row(
            Text(visible_line(card.label_of(row))),
            actual_of(row),
            Text(visible_line(limit_of(row))),
            Text(verdict_of(row), style=_STYLE[row.verdict]),
            Text(f"{row.points:g} of {row.weight:g}" if points else "decides" if row.decides else "", style="dim"),
        )
    return table


def _print_narrow(console: Console, card: Scorecard) -> None:
    for row in card.rows:
        if row.is_listed:
            text = Text(f"{card.label_of(row)}: {actual_of(row)} of {limit_of(row)} ")
            text.append(verdict_of(row), style=_STYLE[row.verdict])
            console.print(text)


def actual_of(row: Row) -> str:
    """A row's time, `≥` when it was never reached."""
    if row.actual is None:
        return "–"
    if row.censored:
        return f"≥ {humane(row.actual)}"
    return humane(row.actual) if row.margin is None else f"{humane(row.actual)} ({row.margin:.0%})"


def verdict_of(row: Row) -> str:
    """The verdict; what was not asked and counts all the same is called that."""
    return "was not asked" if row.verdict is Verdict.NOT_REQUIRED else row.verdict.value


def limit_of(row: Row) -> str:
    return humane_limit(row.limit) if row.limit is not None else row.limit_says or "–"


def shown(path: Path, home: Path) -> str:
    """A path as a user would type it from the workspace's folder."""
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)

"""The chart of a drill: its milestones over what users suffered and what monitoring saw, as an SVG by matplotlib."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator, NullFormatter
from matplotlib.transforms import blended_transform_factory

from drills.model import events as e
from drills.model.durations import humane
from drills.model.playbook import Milestone
from drills.model.probe import Outcome
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.reporting.chart_colours import (
    ANSWERED,
    CALM,
    FAILED,
    FAINT,
    FAULT,
    GRID,
    MARK,
    OFFERED,
    P50,
    P95,
    TEXT,
    WAITING,
    Ink,
    in_css,
)
from drills.reporting.chart_labels import label_rows
from drills.reporting.series import Lane, Series, probe_lanes, series
from drills.reporting.wording import offset, percent, words

_WIDTH = 10.0
_LEFT, _RIGHT = 1.98, 0.25
_PANELS = (1.6, 1.6, 0.75)
_BETWEEN = 0.3
_ROW = 0.215
_TEXT_SIZE = 9.0
#: Width of an average letter of this size, in inches; labels are laid out with it, whatever font the reader has.
_LETTER = 0.073

#: Where a line is interrupted.
_GAP = float("nan")

_SHORT = {
    Milestone.INJECTED: "fault injected",
    Milestone.FIRST_IMPACT: "first user impact",
    Milestone.SEVERITY_DECLARED: "severity",
    Milestone.COMMANDER_NAMED: "commander",
    Milestone.FIRST_UPDATE: "first update",
    Milestone.CAUSE_NAMED: "cause named",
    Milestone.STATUS_PAGE: "status page",
}

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "drills",
    "text.parse_math": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "font.family": "sans-serif",
    "font.size": _TEXT_SIZE,
    "text.color": TEXT.placeholder,
    "axes.edgecolor": GRID.placeholder,
    "axes.labelcolor": FAINT.placeholder,
    "xtick.color": FAINT.placeholder,
    "ytick.color": FAINT.placeholder,
    "grid.color": GRID.placeholder,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "path.simplify": False,
}


def chart(timeline: Timeline, card: Scorecard) -> str | None:
    """The chart as one `<svg>` element; None when there was no traffic to draw."""
    curves = series(timeline)
    if not curves.t:
        return None
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(cast("Any", _STYLE))
        return in_css(_svg(_figure(timeline, card, curves)), _described(card, curves))


def _figure(timeline: Timeline, card: Scorecard, curves: Series) -> Figure:
    marks = sorted(((t, _label(milestone, t, card)) for milestone, t in card.milestones.items()), key=lambda m: m[0])
    plot_width = _WIDTH - _LEFT - _RIGHT
    begin = curves.t[0] - 1
    end = _room_for_labels(marks, begin, curves.t[-1], plot_width)
    per_inch = (end - begin) / plot_width
    rows = label_rows([t for t, _ in marks], [len(text) * _LETTER * per_inch for _, text in marks], 0.12 * per_inch)
    lanes = probe_lanes(timeline)
    sizes = [*_PANELS, *([_ROW * (len(lanes) + 0.2)] if lanes else [])]
    head, foot = _ROW * (max(rows, default=-1) + 1) + 0.12, 0.46
    height = head + sum(sizes) + _BETWEEN * (len(sizes) - 1) + foot
    figure = Figure(figsize=(_WIDTH, height))
    top = height - head
    panels = []
    for size in sizes:
        panels.append(figure.add_axes((_LEFT / _WIDTH, (top - size) / height, plot_width / _WIDTH, size / height)))
        top -= size + _BETWEEN
    for panel in panels:
        _windows(panel, timeline, card, end)
        panel.set_xlim(begin, end)
        panel.grid(True, axis="y", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.tick_params(length=0, labelbottom=panel is panels[-1])
    _suffering(panels[0], curves)
    _latency(panels[1], timeline, curves)
    _requests(panels[2], curves)
    if lanes:
        _probes(panels[3], lanes)
    panels[-1].xaxis.set_major_locator(MultipleLocator(_tick(end - begin)))
    panels[-1].xaxis.set_major_formatter(FuncFormatter(lambda t, _: offset(t).split(".")[0]))
    panels[-1].set_xlabel("minutes and seconds since the drill began")
    _milestones(panels, marks, rows)
    return figure


def _tick(seconds: float) -> float:
    """Seconds between two ticks of the clock: round, and at most ten of them."""
    return next((step for step in (5, 10, 15, 30, 60, 120, 300, 600, 1800) if seconds / step <= 10), 3600)


def _label(milestone: Milestone, t: float, card: Scorecard) -> str:
    name = _SHORT.get(milestone, words(milestone))
    impact = card.milestones.get(Milestone.FIRST_IMPACT)
    if impact is None or milestone in (Milestone.INJECTED, Milestone.FIRST_IMPACT):
        return name
    return f"{name} {'+' if t >= impact else '−'}{humane(abs(t - impact))}"


def _room_for_labels(marks: list[tuple[float, str]], begin: float, end: float, width: float) -> float:
    """The right end of the axis, so far out that the last labels fit."""
    needed = end
    for t, text in marks:
        free = 1 - min(0.6, (len(text) * _LETTER + 0.1) / width)
        needed = max(needed, begin + (t - begin) / free)
    return needed


def _windows(panel: Axes, timeline: Timeline, card: Scorecard, end: float) -> None:
    baseline = timeline.first(e.BaselineTaken)
    if baseline is not None:
        panel.axvspan(baseline.since, baseline.until, color=CALM.placeholder, alpha=0.13, linewidth=0)
    injected, mitigated = card.milestones.get(Milestone.INJECTED), card.milestones.get(Milestone.MITIGATED)
    if injected is not None:
        until = mitigated if mitigated is not None else min(end, timeline.ended)
        panel.axvspan(injected, until, color=FAULT.placeholder, alpha=0.07, linewidth=0)
    if mitigated is not None:
        settled = mitigated + timeline.start.scenario.settle.total_seconds()
        panel.axvspan(mitigated, settled, color=CALM.placeholder, alpha=0.13, linewidth=0)


def _titled(panel: Axes, *parts: tuple[str, Ink]) -> None:
    """A panel's name at its left, and beneath it its curves' names in their own colours: no legend to look up."""
    inches = panel.get_position().height * panel.get_figure().get_figheight()  # type: ignore[union-attr]
    for line, (text, ink) in enumerate(parts):
        panel.text(
            -_LEFT / (_WIDTH - _LEFT - _RIGHT), 1 - (line * 0.19) / inches, text, transform=panel.transAxes, va="top",
            ha="left", color=ink.placeholder, fontsize=_TEXT_SIZE,
        )  # fmt: skip


def _suffering(panel: Axes, curves: Series) -> None:
    failed = [value or 0.0 for value in curves.failed]
    hurt = [(failing or 0.0) + (waiting or 0.0) for failing, waiting in zip(curves.failed, curves.waiting, strict=True)]
    panel.fill_between(curves.t, 0, failed, step="pre", color=FAILED.placeholder, alpha=0.75, linewidth=0)
    panel.fill_between(curves.t, failed, hurt, step="pre", color=WAITING.placeholder, alpha=0.6, linewidth=0)
    top = max(0.1, max(hurt, default=0.0) * 1.12)
    panel.set_ylim(0, min(1.04, top))
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:.0f} %" if share <= 1 else ""))
    _titled(panel, ("Requests that hurt", TEXT), ("failed", FAILED), ("slow or unanswered", WAITING))


def _latency(panel: Axes, timeline: Timeline, curves: Series) -> None:
    known = [value for value in (*curves.p50, *curves.p95) if value]
    low, high = (min(known), max(known)) if known else (0.001, 1.0)
    panel.set_yscale("log")
    traffic = timeline.first(e.TrafficStarted)
    # The limit is always visible, so that one sees how far from it the users were.
    panel.set_ylim(low / 1.6, max(high, low * 10, traffic.slow_after if traffic is not None else 0.0) * 1.6)
    if traffic is not None:
        panel.axhline(traffic.slow_after, color=WAITING.placeholder, linewidth=0.9, linestyle=(0, (4, 3)))
    panel.plot(curves.t, [_GAP if v is None else v for v in curves.p50], color=P50.placeholder, linewidth=1.4)
    panel.plot(curves.t, [_GAP if v is None else v for v in curves.p95], color=P95.placeholder, linewidth=1.9)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda s, _: f"{s:g} s" if s >= 1 else f"{s * 1000:g} ms"))
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.tick_params(which="minor", length=0)
    limit = () if traffic is None else ((f"- - too slow, {humane(timedelta(seconds=traffic.slow_after))}", WAITING),)
    _titled(panel, ("Response time", TEXT), ("p95", P95), ("p50", P50), *limit)


def _requests(panel: Axes, curves: Series) -> None:
    panel.fill_between(curves.t, 0, curves.answered, step="pre", color=ANSWERED.placeholder, alpha=0.35, linewidth=0)
    panel.step(curves.t, curves.offered, where="pre", color=OFFERED.placeholder, linewidth=1.1)
    panel.set_ylim(0, max(1, *curves.offered, *curves.answered) * 1.2)
    panel.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    _titled(panel, ("Requests per s", TEXT), ("offered", OFFERED), ("answered well", ANSWERED))


def _probes(panel: Axes, lanes: tuple[Lane, ...]) -> None:
    """One lane for each probe (and one for the alerts): a bar for what lasted, a mark for each check."""
    checks = ((Outcome.DEGRADED, WAITING, "D", 3.6), (Outcome.FAIL, FAILED, "s", 4.6),
             (Outcome.UNKNOWN, FAINT, "x", 4.6))  # fmt: skip
    for row, lane in enumerate(lanes):
        for since, until in lane.spans:
            panel.plot(
                [since, until], [row, row], color=MARK.placeholder, linewidth=6.5, solid_capstyle="butt", alpha=0.8
            )
        passes = [t for t, outcome in lane.checks if outcome is Outcome.PASS]
        # One path for all of them: a long drill has thousands.
        panel.plot(
            [x for t in passes for x in (t, t, _GAP)], [y for _ in passes for y in (row - 0.17, row + 0.17, _GAP)],
            color=CALM.placeholder, linewidth=1.1,
        )  # fmt: skip
        for outcome, ink, marker, size in checks:
            seen = [t for t, what in lane.checks if what is outcome]
            panel.plot(
                seen, [row] * len(seen), linestyle="none", marker=marker, markersize=size, markeredgewidth=1.1,
                color=ink.placeholder,
            )  # fmt: skip
    panel.set_ylim(len(lanes) - 0.4, -0.6)
    panel.set_yticks(range(len(lanes)), [lane.name for lane in lanes])
    panel.grid(False)
    panel.text(
        -_LEFT / (_WIDTH - _LEFT - _RIGHT), 1.02, "What monitoring saw", transform=panel.transAxes, va="bottom",
        ha="left", color=TEXT.placeholder, fontsize=_TEXT_SIZE,
    )  # fmt: skip


def _milestones(panels: list[Axes], marks: list[tuple[float, str]], rows: tuple[int, ...]) -> None:
    top = panels[0]
    inch = 1 / _PANELS[0]
    coordinates = blended_transform_factory(top.transData, top.transAxes)
    for (t, text), row in zip(marks, rows, strict=True):
        height = 1 + (_ROW * row + 0.06) * inch
        top.plot(
            [t, t],
            [1, height + 0.11 * inch],
            transform=coordinates,
            color=MARK.placeholder,
            linewidth=0.9,
            clip_on=False,
        )
        for panel in panels:
            panel.axvline(t, color=MARK.placeholder, linewidth=0.7, alpha=0.55)
        top.annotate(
            text, (t, height), xycoords=coordinates, xytext=(3, 0), textcoords="offset points", va="bottom", ha="left",
            color=MARK.placeholder, fontsize=_TEXT_SIZE, annotation_clip=False, gid="milestone",
        )  # fmt: skip


def _described(card: Scorecard, curves: Series) -> tuple[str, str]:
    hurt = [(failed or 0) + (waiting or 0) for failed, waiting in zip(curves.failed, curves.waiting, strict=True)]
    moments = "; ".join(
        f"{words(milestone)} at {offset(t)}" for milestone, t in sorted(card.milestones.items(), key=lambda m: m[1])
    )
    worst = f"At worst {percent(max(hurt, default=0.0))} of the requests of a second hurt their users."
    return f"Chart of drill {card.drill_id}", f"{worst} Milestones: {moments or 'none'}."


def _svg(figure: Figure) -> str:
    written = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(written, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return written.getvalue()

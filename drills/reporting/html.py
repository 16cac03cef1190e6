"""The report as one self-contained HTML page: no script, nothing fetched from anywhere."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from drills.model.durations import humane
from drills.model.scorecard import DrillResult, Verdict
from drills.reporting import wording
from drills.reporting.content import Content

#: A sign for each verdict, so that colour is never the only difference.
SIGNS = {Verdict.MET: "✓", Verdict.MISSED: "✗", Verdict.PENDING: "…", Verdict.NOT_REQUIRED: "–"}

RESULT_WORDS = {
    DrillResult.MET: "Met",
    DrillResult.MISSED: "Missed",
    DrillResult.INVALID: "Not valid",
    DrillResult.ABORTED: "Aborted",
    DrillResult.SKIPPED: "Skipped",
    DrillResult.RUNNING: "Still running",
}

NOT_SCORED_WORDS = {
    DrillResult.INVALID: "Not scored, because the drill is not valid:",
    DrillResult.ABORTED: "Not scored, because the drill was aborted:",
    DrillResult.SKIPPED: "Not run, and so not scored:",
    DrillResult.RUNNING: "Not scored yet:",
}


def html(report: Content) -> str:
    """The page of this drill, also of one that is not scored."""
    # 0.7 s to load. `drills stop` has to be quick, and drills are to begin; what they draw comes last.
    from drills.reporting.charts import chart

    drawn = chart(report.timeline, report.card)
    template = _environment().get_template("report.html.j2")
    return template.render(
        r=report,
        card=report.card,
        start=report.timeline.start,
        chart=None if drawn is None else Markup(drawn),
        result_words=_result_words(report),
        not_scored_words=NOT_SCORED_WORDS.get(report.card.result, ""),
        signs=SIGNS,
        Verdict=Verdict,
    )


def _result_words(report: Content) -> str:
    others = report.others_missed
    if report.card.result is DrillResult.MET and others:
        return f"Met; {others} lesser limit{'s' if others > 1 else ''} missed"
    return RESULT_WORDS[report.card.result]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("drills.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printable,
    )
    environment.filters |= {
        name: getattr(wording, name)
        for name in (
            "count",
            "date_and_time",
            "day",
            "latency",
            "offset",
            "one_line",
            "percent",
            "points",
            "prose",
            "words",
        )
    } | {"humane": humane}
    return environment


def _printable(value: object) -> object:
    """Every text on the page is made harmless; what is already markup is left as it is."""
    return wording.harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value

"""The report as Markdown, for a forge, a chat, or as the start of a post-mortem."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.durations import humane
from drills.reporting.content import Content
from drills.reporting.markdown_table import escaped, fence, table
from drills.reporting.wording import count, date_and_time, points, words


def markdown(report: Content) -> str:
    """The whole report; sections that are empty are left out."""
    blocks = [
        *_head(report),
        *_scorecard(report),
        *_course(report),
        *_monitoring(report),
        *_response(report),
        *_debrief(report),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(title: str, *blocks: str) -> Iterator[str]:
    filled = [block for block in blocks if block]
    if filled:
        yield f"## {title}"
        yield from filled


def _head(report: Content) -> Iterator[str]:
    card = report.card
    yield f"# {card.drill_id}: {escaped(card.title)}"
    grade = f", grade {card.grade}, {points(card.score)} of 100" if card.score is not None else ""
    yield f"**This was a drill.** Result: **{card.result.value}**{grade}."
    yield escaped(card.headline)
    if card.why_not and card.why_not not in card.headline:
        yield f"{'Missed' if report.scored else 'Not scored'}: {escaped(card.why_not)}"
    yield table(("Figure", "Value", ""), [(figure.label, figure.value, figure.note) for figure in report.figures])
    runbook = report.timeline.start.runbook
    about = [
        ("Scenario", card.scenario),
        ("Playbook", card.playbook),
        ("Sandbox", card.driver),
        ("Responder", f"{card.responder.value}{f' ({runbook})' if runbook else ''}"),
        ("Began", date_and_time(card.started_at)),
        ("Lasted", humane(card.duration)),
    ]
    yield table(("Drill", ""), about)


def _scorecard(report: Content) -> Iterator[str]:
    card = report.card
    rows = [
        (
            f"{line.label}{' (decides)' if line.decides else ''}",
            line.limit,
            line.actual,
            words(line.verdict),
            line.points,
            line.why,
            line.source,
        )
        for line in report.limits
    ]
    rows += [(item.label, "", "", item.summary, item.points, "see below", "") for item in report.subtotals]
    head = ("Milestone", "Limit", "Actual", "Verdict", "Points", "Why", "Source")
    skipped = [
        f"- {escaped(line.label)}, limit {escaped(line.limit)}: {escaped(line.why)}" for line in report.not_required
    ]
    asked = ["Not required here:", "\n".join(skipped)] if skipped else []
    yield from _section("Scorecard", table(head, rows), *asked)
    if card.score is not None:
        deductions = [f"- {points(item.points)} off: {escaped(item.reason)}" for item in card.deductions]
        yield from _section(
            "How the score was computed",
            f"{escaped(card.arithmetic)}  \nGrades: {escaped(card.grade_rule)}. Rules version {card.rules_version}.",
            "\n".join(deductions),
            "\n".join(f"- {escaped(line)}" for line in report.beside_the_score),
            _severity(report),
        )
    if report.corrections is not None:
        corrected = [
            (
                line.label,
                "not reached" if line.recorded is None else f"{line.recorded.clock}, {line.recorded.stopwatch}",
                f"{line.corrected.clock}, {line.corrected.stopwatch}",
                line.why,
            )
            for line in report.corrections.lines
        ]
        yield from _section(
            "Corrected after the drill",
            table(("Milestone", "Timeline", "Corrected", "Why"), corrected),
            report.corrections.scores,
        )
    if report.comparison is not None:
        changes = [(item.label, item.then, item.now, item.change) for item in report.comparison.changes]
        yield from _section(
            f"Compared with {report.comparison.drill_id} of {report.comparison.when}",
            table(("", "Then", "Now", "Change"), changes, frozenset({1, 2, 3})),
        )
    yield from _section("What to improve", "\n".join(f"- {escaped(item)}" for item in card.improve))
    open_actions = [
        (f"{item.drill_id} #{item.number}", item.action, item.owner, item.priority.value, item.due.isoformat())
        for item in report.timeline.start.open_actions
    ]
    yield from _section(
        "Action items still open from earlier drills",
        table(("From", "Action", "Owner", "Priority", "Due"), open_actions),
    )


def _severity(report: Content) -> str:
    severity = report.card.severity
    if severity.true_level is None and severity.declared is None:
        return ""
    true = f"True severity {severity.true_level or 'none'} ({severity.why})" if severity.why else ""
    return f"{escaped(true)}; declared {severity.declared or 'none'}: {escaped(severity.reason)}."


def _course(report: Content) -> Iterator[str]:
    stages = [(stage.name, stage.ends_with, stage.took) for stage in report.stages]
    phases = [
        (
            item.name,
            f"{item.planned} from {item.counted_from}",
            item.ends_with,
            item.actual,
            words(item.verdict),
            item.points,
        )
        for item in report.phases
    ]
    yield from _section(
        "Where the time went",
        table(("Phase", "Ends with", "Took"), stages, frozenset({2})),
        table(("Playbook phase", "Planned", "Ends with", "Actual", "Verdict", "Points"), phases),
    )
    rows = [(item.moment.clock, item.moment.stopwatch, item.by, item.what, item.detail) for item in report.happenings]
    yield from _section("Timeline (UTC)", table(("Time", "Drill", "By", "What", "Detail"), rows))


def _monitoring(report: Content) -> Iterator[str]:
    alerts = [
        (
            item.level,
            item.title,
            item.reason,
            f"{item.fired.clock}, {item.after}",
            "; ".join(item.changes),
            "still open" if item.resolved is None else item.resolved.clock,
        )
        for item in report.alerts
    ]
    probes = [
        (
            item.probe,
            item.kind,
            count(item.checks),
            count(item.failed),
            "" if item.failed_first is None or item.failed_last is None
            else f"{item.failed_first.clock} to {item.failed_last.clock}",
            item.why,
        )
        for item in report.probes
    ]  # fmt: skip
    yield from _section(
        "What monitoring saw",
        table(("Level", "Alert", "Why", "Fired", "Changed", "Resolved"), alerts),
        "\n".join(f"- held back: {escaped(item.key)}, because {escaped(item.because)}" for item in report.held_back),
        table(("Probe", "Kind", "Checks", "Failed", "When", "Why"), probes, frozenset({2, 3})),
    )
    metrics = [(item.label, item.probe, *item.texts) for item in report.metrics]
    yield from _section(
        "Key metrics", table(("Metric", "Probe", "Baseline", "Worst", "End"), metrics, frozenset({2, 3, 4}))
    )
    impact = report.card.impact
    yield from _section(
        "What users suffered",
        _measured_by(report) if impact.by_route or impact.errors else "",
        table(("Route", "Requests hurt"), [(k, count(v)) for k, v in impact.by_route.items()], frozenset({1})),
        table(("Error", "Requests"), [(k, count(v)) for k, v in impact.errors.items()], frozenset({1})),
    )


def _measured_by(report: Content) -> str:
    if not report.measured_by:
        return ""
    names = ", ".join(escaped(name) for name in report.measured_by)
    return f"Measured by the probes that the drill's users repeated ({names}); there was no Locust file."


def _response(report: Content) -> Iterator[str]:
    steps = []
    for step in report.steps:
        steps.append(f"### {step.moment.clock} {escaped(step.name)}: {escaped(step.result)}")
        steps.append(fence(step.command, "sh"))
        steps.append(fence(step.output) if step.output else "")
    yield from _section("What was run", *steps)
    checks = [
        (
            item.step,
            item.by,
            "not ticked" if item.ticked is None else f"{item.ticked.clock}, {item.after}",
            "" if item.verdict is None else words(item.verdict),
            item.points,
        )
        for item in report.checklist
    ]
    yield from _section("Triage checklist", table(("Step", "By", "Ticked", "Verdict", "Points"), checks))
    tasks = [
        (item.of, item.text, "not ticked" if item.ticked is None else f"{item.ticked.clock}, {item.after}")
        for item in report.tasks
    ]
    said = "\n".join(f"- {escaped(line)}" for line in report.roles)
    yield from _section("Roles, actions and checklists", said, table(("Of", "Line", "Ticked"), tasks) if tasks else "")
    decided = [
        f"{item.moment.clock} **{item.choice}**: {escaped(item.grounds)}. {escaped(item.reason)}"
        for item in report.decisions
    ]
    rules = [(item.when, item.decide, item.why, item.source) for item in report.rules]
    if decided:
        judged = f"{words(report.judged.verdict).capitalize()}: {escaped(report.judged.why)}" if report.judged else ""
        yield from _section("Decision", *decided, judged, table(("When", "Decide", "Why", "Source"), rules))
    messages = []
    for item in report.messages:
        due = f", next update due {item.next_due.clock}" if item.next_due is not None else ""
        messages.append(f"{item.moment.clock} to {words(item.audience)} ({item.status}){due}")
        messages.append(fence(item.message))
    yield from _section("Communication", *messages)


def _debrief(report: Content) -> Iterator[str]:
    yield from _truth(report)
    undos = [
        (f"#{item.journal_id}", item.summary, item.state, "; ".join(item.put_back) or item.reason)
        for item in report.undos
    ]
    yield from _section("What was undone", table(("Undo", "What", "State", "Also restored"), undos))
    checks = [
        (item.what, {True: "yes", False: "no", None: "not known"}[item.holds], item.evidence)
        for item in report.validity
    ]
    yield from _section("Is the drill valid?", table(("Condition", "Holds", "Evidence"), checks))
    versions = f"drills {report.timeline.start.drills_version}, scoring rules {report.card.rules_version}"
    yield f"---\n\n{report.card.drill_id}: this was a drill. {versions}."


def _truth(report: Content) -> Iterator[str]:
    truth = report.truth
    if truth is None:
        return
    cause = f"Cause: **{escaped(truth.cause)}** (among {escaped(', '.join(truth.among))})." if truth.cause else ""
    known = [f"- {item.moment.clock} {escaped(item.what)}" for item in truth.known]
    yield from _section(
        "The truth, and what was known when",
        f"The story: {escaped(truth.story)}",
        f"What was broken: {escaped('; '.join(truth.broken))}." if truth.broken else "",
        cause,
        f"Remedy: {escaped(truth.remedy)}" if truth.remedy else "",
        escaped(truth.named),
        "\n".join(known),
    )

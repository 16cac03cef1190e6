"""The scorecard's rows in words, and the comparison with the last drill of the same scenario."""

from __future__ import annotations

from dataclasses import dataclass

from drills.model.durations import humane, humane_limit
from drills.model.events import Predecessor
from drills.model.scorecard import Row, Scorecard, Topic, Verdict
from drills.model.timeline import Timeline
from drills.reporting.wording import day, one_line, points, words
from drills.scoring.history import compare


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One row of the scorecard, each cell as text."""

    label: str
    basis: str
    counted_from: str
    limit: str
    actual: str
    verdict: Verdict
    points: str
    why: str
    source: str
    decides: bool


@dataclass(frozen=True, slots=True)
class Subtotal:
    """Rows that are shown in a section of their own, summed up."""

    label: str
    summary: str
    points: str


def limit_lines(card: Scorecard) -> tuple[LimitLine, ...]:
    """The rows that were judged, but those of the triage list and the phases, which have sections of their own."""
    return tuple(_line(card, row) for row in _own(card) if row.is_listed)


def not_required_lines(card: Scorecard) -> tuple[LimitLine, ...]:
    """The rows that nothing was asked for, with why."""
    return tuple(_line(card, row) for row in _own(card) if not row.is_listed)


def _own(card: Scorecard) -> list[Row]:
    scored = card.result.is_scored
    return [row for row in card.rows if row.topic not in _ELSEWHERE] if scored else []


def decision_line(card: Scorecard) -> LimitLine | None:
    """How the scorecard judges the decision, if it does."""
    return next((_line(card, row) for row in rows_of(card, Topic.DECISION)), None)


def subtotals(card: Scorecard) -> tuple[Subtotal, ...]:
    """One line for each group of rows that is shown elsewhere and weighs something, so that points add up."""
    groups = [(label, rows_of(card, topic)) for topic, label in _ELSEWHERE.items()]
    return tuple(_subtotal(label, rows) for label, rows in groups if earned(*rows))


def rows_of(card: Scorecard, topic: Topic) -> list[Row]:
    """The rows of one topic, in order."""
    return [row for row in card.rows if row.topic is topic]


def earned(*rows: Row) -> str:
    """`7.5 of 10`; empty when these rows weigh nothing."""
    weight = sum(row.weight for row in rows)
    return f"{points(sum(row.points for row in rows))} of {points(weight)}" if weight else ""


_ELSEWHERE = {Topic.TRIAGE: "Triage checklist", Topic.PHASE: "Phases of the playbook"}


def _subtotal(label: str, rows: list[Row]) -> Subtotal:
    numbers = [(sum(row.verdict is verdict for row in rows), words(verdict)) for verdict in Verdict]
    return Subtotal(label, ", ".join(f"{number} {name}" for number, name in numbers if number), earned(*rows))


def _line(card: Scorecard, row: Row) -> LimitLine:
    return LimitLine(
        label=one_line(card.label_of(row)),
        basis=row.basis.value,
        counted_from=one_line(row.counted_from),
        limit=(humane_limit(row.limit) if row.limit is not None else one_line(row.limit_says)) or "none",
        actual=f"{actual(row)} ({row.margin:.0%})" if row.margin is not None and not row.censored else actual(row),
        verdict=row.verdict,
        points=earned(row),
        why=one_line(row.reason),
        source=_source(row),
        decides=row.decides,
    )


def beside_the_score(card: Scorecard) -> tuple[str, ...]:
    """What the score alone does not say: how much users suffered, what was not credited, what nothing is worth."""
    told = []
    if card.impact.user_minutes is not None:
        told.append(f"Users suffered for {card.impact.user_minutes:g} user-minutes.")
    uncredited = list(dict.fromkeys(command for each in card.incidents for command in each.uncredited))
    if uncredited:
        told.append(f"Changed, but none of the scenario's remedies: {one_line('; '.join(uncredited))}.")
    if card.baselines:
        scores = "; ".join(f"{each.says}: {points(each.score)}" for each in card.baselines)
        told.append(f"What nothing is worth in the same drill: {scores}.")
    return tuple(told)


def _source(row: Row) -> str:
    source = one_line(row.source)
    return source if source.startswith(row.basis.value) else f"{row.basis.value}: {source}"


def actual(row: Row) -> str:
    """`5.2 s`; what was never reached is `not within 38.6 s`: at least that long, never a zero."""
    if row.actual is None or (row.censored and row.verdict is Verdict.NOT_REQUIRED):
        return ""
    return f"not within {humane(row.actual)}" if row.censored else humane(row.actual)


@dataclass(frozen=True, slots=True)
class Change:
    """One figure then and now. `better` is None where neither is better."""

    label: str
    then: str
    now: str
    change: str
    better: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """With the last scored drill of the same scenario."""

    drill_id: str
    when: str
    changes: tuple[Change, ...]


def comparison(timeline: Timeline, card: Scorecard) -> Comparison | None:
    """None when there was no such drill, or this one has no score to compare."""
    before = timeline.start.predecessor
    if before is None or card.score is None:
        return None
    return Comparison(before.drill_id, day(before.ended_at), (_score(before, card), *_milestones(before, card)))


def _score(before: Predecessor, card: Scorecard) -> Change:
    gained = (card.score or 0.0) - before.score
    then, now = f"{points(before.score)} ({before.grade})", f"{points(card.score or 0.0)} ({card.grade})"
    return Change("Score", then, now, f"{gained:+.1f}", None if round(gained, 1) == 0 else gained > 0)


def _milestones(before: Predecessor, card: Scorecard) -> list[Change]:
    changes = []
    for change in compare(card, before):
        then, now = change.before, change.now
        label = words(change.milestone).capitalize()
        if then is None or now is None:
            texts = [humane(value) if value is not None else "not reached" for value in (then, now)]
            changes.append(Change(label, texts[0], texts[1], "", now is not None))
            continue
        slower = now - then
        sign = "±" if abs(slower) < 0.05 else "+" if slower > 0 else "−"
        better = None if abs(slower) < 0.05 else slower < 0
        changes.append(Change(label, humane(then), humane(now), f"{sign}{humane(abs(slower))}", better))
    return changes

"""Each alert that pages is acknowledged by itself; the row is the worst of them."""

from __future__ import annotations

from collections.abc import Iterator

from drills.model.events import AlertResolved
from drills.model.playbook import Milestone
from drills.model.scorecard import Row, Verdict
from drills.scoring.version_2 import weights
from drills.scoring.version_2.case import Case, Due
from drills.scoring.version_2.detection import Page, pages
from drills.scoring.version_2.rows.row import Asked, Duty, row_of


def rows(case: Case) -> Iterator[Row]:
    """The one that detected is always asked; another one is left open until it is resolved or the incident closed."""
    due = _due(case, case.incident.response)
    if due is not None:
        each = [_first(case, due), *_further(case)]
        yield min(each, key=lambda row: (row.points, row.verdict is not Verdict.MISSED))


def _first(case: Case, due: Due) -> Row:
    detection = case.incident.detection
    duty = _duty(case.incident.response, case.response_says, due, Asked.ALWAYS)
    if detection is None:
        # Nothing was detected: who takes the incident on all the same, has acknowledged it.
        return row_of(case, duty, min(case.said.taken, default=None))
    return row_of(case, duty, case.said.acknowledged.get(detection.alert.alert_id))


def _further(case: Case) -> Iterator[Row]:
    detected = case.incident.detection.alert.alert_id if case.incident.detection is not None else ""
    for page in pages(case.timeline, case.incident.injected, case.closed):
        since = max(page.t, case.incident.response)
        due = _due(case, since)
        if page.alert.alert_id != detected and due is not None:
            yield _of_another(case, page, _duty(since, f"the alert {page.alert.title}", due, Asked.BY_ITS_LIMIT))


def _of_another(case: Case, page: Page, duty: Duty) -> Row:
    """Another alert: acknowledged, or left open until it was resolved; whichever is better."""
    resolved = next((e.t for e in case.timeline.all(AlertResolved) if e.alert_id == page.alert.alert_id), None)
    open_until = row_of(case, duty, None, until=resolved if resolved is not None and resolved <= case.closed else None)
    acknowledged = case.said.acknowledged.get(page.alert.alert_id)
    if acknowledged is None:
        return open_until
    return max(row_of(case, duty, acknowledged), open_until, key=lambda row: row.points)


def _due(case: Case, since: float) -> Due | None:
    return case.due(since, lambda level: level.respond)


def _duty(since: float, counted_from: str, due: Due, asked: Asked) -> Duty:
    return Duty(Milestone.ACKNOWLEDGED, "Acknowledged", since, counted_from, due, weights.ACKNOWLEDGED, asked=asked)

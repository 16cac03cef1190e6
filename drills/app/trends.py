"""The history of drills in figures: times by severity, the playbooks' goals, runbooks, action items."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from drills.app.access import Act, allowed
from drills.app.follow_ups import FollowUps, after_drills
from drills.app.situations import of_drill
from drills.errors import BadInput
from drills.model.events import AlertFired, RunbookStarted
from drills.model.playbook import Goals, Playbook
from drills.model.responder_kind import ResponderKind
from drills.scoring.targets import Evidence, RunbookState, Target, targets
from drills.scoring.trends import Group, groups, times_of
from drills.scoring.trends import GroupBy as GroupBy

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.model.scorecard import Scorecard
    from drills.store.store import Store

#: Version of the JSON form.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Trends:
    """What the drills of a range say together. `as_of` is the moment at which deadlines are judged."""

    since: datetime
    until: datetime
    as_of: datetime
    by: GroupBy
    groups: tuple[Group, ...]
    targets: Mapping[str, tuple[Target, ...]]
    """By playbook."""
    runbooks: tuple[RunbookState, ...]
    uncovered_alerts: tuple[str, ...]
    """What alerts of the range were about that no drill of a scenario with a runbook raised."""
    drills_per_month: float
    cards: tuple[Scorecard, ...]


def day(text: str, option: str, *, end: bool = False) -> datetime:
    """A date as the beginning of that day in UTC, or as its end. Raises BadInput."""
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option}: {text!r} is not a date; write one such as 2026-11-30") from None
    return datetime.combine(wanted + timedelta(days=1 if end else 0), time(), UTC)


def trends(context: Context, by: GroupBy, *, since: datetime | None = None, until: datetime | None = None) -> Trends:
    """The drills that began in [since, until), judged as of `until` or now, whichever is earlier.

    Raises BadInput for a range that ends before it begins; NotAllowed, EnvironmentFailed.
    """
    context.require_on_sandbox(Act.READ_HISTORY)
    now = context.clock.now()
    until = until or now
    with context.store() as store:
        records = store.drills()
        named = {each.drill_id for each in records if allowed(context.caller, Act.NAME_DRILL, of_drill(each))}
        cards = [card for card in store.scorecards() if card.drill_id in named and card.result.is_scored]
        since = since or min((card.started_at for card in cards), default=until - timedelta(weeks=1))
        if since >= until:
            raise BadInput(f"--since {since:%Y-%m-%d} is not before --until {until:%Y-%m-%d}; name an earlier day")
        return _trends(context, store, cards, by, since, until, min(now, until))


def _trends(
    context: Context,
    store: Store,
    cards: Sequence[Scorecard],
    by: GroupBy,
    since: datetime,
    until: datetime,
    as_of: datetime,
) -> Trends:
    chosen = tuple(card for card in cards if since <= card.started_at < until)
    playbooks = store.playbooks()
    follows = {each.drill_id: each for each in after_drills(store, cards, playbooks, as_of)}
    runbooks = _runbooks(context, store, [card for card in cards if card.started_at < until])
    fired = {
        drill_id: [event for event in events if isinstance(event, AlertFired)]
        for drill_id, events in store.events_of(AlertFired).items()
    }
    weeks = max(1.0, (until - since) / timedelta(weeks=1))
    judged = {}
    for name in sorted({card.playbook for card in chosen}):
        own = [card for card in chosen if card.playbook == name]
        goals = _goals(context, playbooks, own[-1])
        if goals is not None:
            judged[name] = targets(goals, _evidence(playbooks, own, follows, runbooks, fired, weeks, as_of))
    covered = {
        alert.key
        for card in cards
        if any(each.scenario == card.scenario and each.runbook for each in runbooks)
        for alert in fired.get(card.drill_id, ())
    }
    raised = {alert.key for card in chosen for alert in fired.get(card.drill_id, ())}
    return Trends(
        since,
        until,
        as_of,
        by,
        groups(chosen, by),
        judged,
        runbooks,
        tuple(sorted(raised - covered)),
        len(chosen) / (weeks * 7 / 30),
        chosen,
    )


def _goals(context: Context, playbooks: Mapping[str, Playbook], card: Scorecard) -> Goals | None:
    """The goals of the playbook as it is now; as it was when that drill began, where it is gone."""
    known = context.workspace.playbooks
    playbook = known[card.playbook] if card.playbook in known else playbooks.get(card.drill_id)
    return None if playbook is None else playbook.goals


def _evidence(
    playbooks: Mapping[str, Playbook],
    cards: Sequence[Scorecard],
    follows: Mapping[str, FollowUps],
    runbooks: Sequence[RunbookState],
    fired: Mapping[str, Sequence[AlertFired]],
    weeks: float,
    as_of: datetime,
) -> Evidence:
    followed = [follows[card.drill_id] for card in cards if card.drill_id in follows]
    by_people = [card for card in cards if card.responder is ResponderKind.PERSON]
    return Evidence(
        groups=groups(cards, GroupBy.SEVERITY),
        tasks=[task for each in followed for task in each.tasks],
        items=[state for each in followed for state in each.items],
        alerts=sum(len(fired.get(card.drill_id, ())) for card in cards),
        false_alarms=sum(card.false_alarms for card in cards),
        pages=sum(
            _pages(playbooks[card.drill_id], fired.get(card.drill_id, ()))
            for card in by_people
            if card.drill_id in playbooks
        ),
        weeks=weeks,
        runbooks=runbooks,
        as_of=as_of,
    )


def _pages(playbook: Playbook, alerts: Sequence[AlertFired]) -> int:
    paging = playbook.paging
    return sum(alert.level in paging for alert in alerts)


def _runbooks(context: Context, store: Store, cards: Sequence[Scorecard]) -> tuple[RunbookState, ...]:
    from drills.drill.planning import runbook_digest

    runs = store.events_of(RunbookStarted)
    states = []
    for name, scenario in context.workspace.scenarios.items():
        if scenario.is_control:
            continue
        if scenario.runbook is None:
            states.append(RunbookState(name, None, None, None))
            continue
        digest = runbook_digest(context.workspace, name)
        own = [
            (card, run)
            for card in cards
            if card.runbook == name
            for run in runs.get(card.drill_id, ())
            if isinstance(run, RunbookStarted) and run.resumed_from is None
        ]
        same = [card for card, run in own if run.digest == digest]
        last = max(same, key=lambda card: card.ended_at, default=None)
        states.append(
            RunbookState(
                name,
                scenario.runbook,
                None if last is None else last.ended_at,
                None if last is None else last.drill_id,
                older_text=last is None and bool(own),
            )
        )
    return tuple(states)


def as_json(found: Trends) -> str:
    """All of it as JSON; times in seconds, moments in RFC 3339."""
    document = {
        "format": FORMAT,
        "are_drills": True,
        **{name: getattr(found, name).isoformat() for name in ("since", "until", "as_of")},
        "by": found.by.value,
        "groups": [asdict(group) for group in found.groups],
        "targets": {name: [asdict(target) for target in each] for name, each in found.targets.items()},
        "runbooks": [asdict(each) for each in found.runbooks],
        "uncovered_alerts": found.uncovered_alerts,
        "drills_per_30_days": found.drills_per_month,
    }
    return json.dumps(document, ensure_ascii=False, indent=2, default=str)


def as_csv(found: Trends) -> str:
    """The raw points, one line for each drill; times in seconds, empty where nothing is measured."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    measured = ("detect", "acknowledge", "mitigate")
    head = [f"{name}_{part}" for name in measured for part in ("seconds", "reached")]
    writer.writerow(["drill_id", "started_at", "scenario", "playbook", "severity", "responder", "result", *head])
    for card in found.cards:
        times = times_of(card)
        cells: list[object] = []
        for interval in (times.to_detect, times.to_acknowledge, times.to_mitigate):
            cells += ["", ""] if interval is None else [interval.seconds, str(not interval.censored).lower()]
        writer.writerow(
            [
                card.drill_id,
                card.started_at.isoformat(),
                card.scenario,
                card.playbook,
                card.severity.true_level or "",
                card.responder.value,
                card.result.value,
                *cells,
            ]
        )
    return out.getvalue()

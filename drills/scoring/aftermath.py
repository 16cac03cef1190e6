"""How far a drill's post-mortem, action items and follow-up tasks are, as of a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from drills.model.aftermath import ActionClosed, ActionItem, AfterEvent, FollowUpDone, ItemStatus, PostMortemHandedIn
from drills.model.business_time import due
from drills.model.playbook import Limit, Playbook
from drills.model.scorecard import Scorecard


class TaskState(StrEnum):
    """`due`: open, its deadline ahead or none stated. `overdue`: open, its deadline over. `late`: done after it.

    `ended`: the same drill was run again before the task was done, so that it is asked for anew.
    """

    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    LATE = "late"
    ENDED = "ended"

    @property
    def open(self) -> bool:
        return self in (TaskState.DUE, TaskState.OVERDUE)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do after a drill. `number` is its place in the list of that drill, from 1."""

    number: int
    text: str
    deadline: datetime | None
    state: TaskState
    done_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class ItemState:
    """An action item, and when it was closed first as it stands; None while it is open."""

    item: ActionItem
    status: ItemStatus
    closed_at: datetime | None

    @property
    def deadline(self) -> datetime:
        """The end of the day on which it is due, in UTC."""
        return datetime.combine(self.item.due + timedelta(days=1), time(), UTC)

    def in_time(self, as_of: datetime) -> bool | None:
        """Whether it was done by its due date; None for one that was dropped, or is open with its date ahead."""
        if self.status is ItemStatus.DROPPED:
            return None
        if self.closed_at is not None:
            return self.closed_at < self.deadline
        return None if as_of < self.deadline else False


def handed_in(events: Iterable[AfterEvent], as_of: datetime) -> tuple[PostMortemHandedIn, ...]:
    """Every time that the post-mortem was handed in by that moment; the first counts for its deadline."""
    return tuple(event for event in events if isinstance(event, PostMortemHandedIn) and event.at <= as_of)


def item_states(events: Sequence[AfterEvent], as_of: datetime) -> tuple[ItemState, ...]:
    """The action items of the post-mortem that was handed in last, in order.

    An item that was closed by a command stays closed when the document is handed in again; one that the document
    closed is open again when a later version says so.
    """
    versions = handed_in(events, as_of)
    if not versions:
        return ()
    commanded: dict[int, tuple[ItemStatus, datetime]] = {}
    for event in events:
        if isinstance(event, ActionClosed) and event.at <= as_of:
            commanded.setdefault(event.number, (event.status, event.at))
    written: dict[int, tuple[ItemStatus, datetime]] = {}
    for version in versions:
        for item in version.items:
            if not item.status.closed:
                written.pop(item.number, None)
            elif written.get(item.number, (None,))[0] is not item.status:
                written[item.number] = (item.status, version.at)
    states = []
    for item in versions[-1].items:
        status, at = commanded.get(item.number) or written.get(item.number) or (item.status, None)
        states.append(ItemState(item, status, at))
    return tuple(states)


def post_mortem_limit(card: Scorecard, playbook: Playbook) -> Limit | None:
    """What the playbook asks for at the drill's true level; None when it asks for no post-mortem there."""
    level = card.severity.true_level
    known = {each.name: each for each in playbook.levels}
    return known[level].post_mortem if level in known else None


def post_mortem_due(card: Scorecard, playbook: Playbook) -> datetime | None:
    """When the post-mortem is due, counted from the end of the drill; None where the playbook gives no number."""
    limit = post_mortem_limit(card, playbook)
    return None if limit is None else due(limit, card.ended_at, playbook.business_time)


def tasks_of(
    card: Scorecard,
    playbook: Playbook,
    events: Sequence[AfterEvent],
    *,
    rerun_at: datetime | None,
    as_of: datetime,
) -> tuple[Task, ...]:
    """What is to be done after this drill: the post-mortem, its review, the runbook's review, the playbook's tasks.

    Deadlines count from the end of the drill, the review's from when the post-mortem was handed in. A run of the same
    scenario at `rerun_at` ends what is still open, but for the post-mortem.
    """
    if not card.result.is_scored:
        return ()
    done = {event.task: event.at for event in events if isinstance(event, FollowUpDone) and event.at <= as_of}
    rerun = rerun_at if rerun_at is not None and rerun_at <= as_of else None
    tasks: list[Task] = []

    def add(text: str, deadline: datetime | None, at: datetime | None, ended: datetime | None, source: str) -> None:
        tasks.append(Task(len(tasks) + 1, text, deadline, _state(deadline, at, ended, as_of), at, source))

    versions = handed_in(events, as_of)
    written = versions[0].at if versions else None
    if (limit := post_mortem_limit(card, playbook)) is not None:
        add(POST_MORTEM, post_mortem_due(card, playbook), written, None, limit.source)
    for task in playbook.follow_ups:
        by = None if task.by is None else card.ended_at + task.by
        add(task.task, by, done.get(task.task), rerun, task.source)
    goals = playbook.goals
    if goals is not None and goals.runbook_reviewed_after_use and card.runbook is not None:
        review = f"Review the runbook {card.runbook}, which was used"
        add(review, None, done.get(review), rerun, goals.source)
    if goals is not None and goals.post_mortem_review_after is not None and written is not None:
        by = written + goals.post_mortem_review_after
        add(POST_MORTEM_REVIEW, by, done.get(POST_MORTEM_REVIEW), rerun, goals.source)
    return tuple(tasks)


POST_MORTEM = "Hand in the post-mortem"
POST_MORTEM_REVIEW = "Check what became of the post-mortem's action items"


def _state(deadline: datetime | None, done: datetime | None, ended: datetime | None, as_of: datetime) -> TaskState:
    if done is not None:
        return TaskState.LATE if deadline is not None and done > deadline else TaskState.DONE
    if ended is not None:
        return TaskState.ENDED
    return TaskState.OVERDUE if deadline is not None and as_of > deadline else TaskState.DUE


def reruns(cards: Iterable[Scorecard]) -> Mapping[str, datetime]:
    """When the scenario of each scored drill was scored the next time; drills that are the last are left out."""
    found: dict[str, datetime] = {}
    last: dict[str, str] = {}
    for card in sorted((card for card in cards if card.result.is_scored), key=lambda card: card.started_at):
        if card.scenario in last:
            found[last[card.scenario]] = card.started_at
        last[card.scenario] = card.drill_id
    return found

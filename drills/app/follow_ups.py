"""What is still to be done after drills: the playbook's tasks, the post-mortems, and their action items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from drills.app.access import Act, allowed, require
from drills.app.situations import of_drill
from drills.errors import BadInput
from drills.masking.masking import mask
from drills.model.aftermath import ActionClosed, AfterEvent, FollowUpDone, ItemStatus
from drills.responders.plain_text import plain
from drills.scoring.aftermath import (
    POST_MORTEM,
    TaskState,
    item_states,
    reruns,
    tasks_of,
)
from drills.scoring.aftermath import ItemState as ItemState
from drills.scoring.aftermath import Task as Task

if TYPE_CHECKING:
    from drills.app.context import Context
    from drills.model.playbook import Playbook
    from drills.model.scorecard import Scorecard
    from drills.store.store import Store


@dataclass(frozen=True, slots=True)
class FollowUps:
    """What follows one drill."""

    drill_id: str
    scenario: str
    ended_at: datetime
    tasks: tuple[Task, ...]
    items: tuple[ItemState, ...]

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.state.open)

    @property
    def open_items(self) -> tuple[ItemState, ...]:
        return tuple(state for state in self.items if not state.status.closed)

    def overdue(self, as_of: datetime) -> int:
        """How many tasks and action items are open though their time is over."""
        late_items = sum(as_of >= state.deadline for state in self.open_items)
        return late_items + sum(task.state is TaskState.OVERDUE for task in self.tasks)


def follow_ups(context: Context, *, as_of: datetime | None = None) -> tuple[FollowUps, ...]:
    """What follows each scored drill, in the order in which they began; drills that nothing follows are left out.

    A drill that the caller may not name is left out too. Raises NotAllowed, EnvironmentFailed.
    """
    context.require_on_sandbox(Act.READ_HISTORY)
    with context.store() as store:
        named = {
            record.drill_id for record in store.drills() if allowed(context.caller, Act.NAME_DRILL, of_drill(record))
        }
        found = tuple(_all(store, as_of or context.clock.now()))
    return tuple(each for each in found if each.drill_id in named and (each.tasks or each.items))


def finish_task(context: Context, drill_id: str, number: int, note: str = "") -> str:
    """Record that a task is done; returns its text.

    Raises BadInput when the drill has no such task, or it is not open; NotAllowed for who may not, or not yet.
    """
    with context.store() as store:
        follows = _of(context, store, drill_id)
        task = next((task for task in follows.tasks if task.number == number), None)
        if task is None:
            raise BadInput(f"{drill_id}: there is no task {number}; `drills follow-ups --all` lists them")
        if task.text == POST_MORTEM:
            raise BadInput(f"{drill_id}: run `drills postmortem {drill_id} --done`, which hands in the document")
        if not task.state.open:
            raise BadInput(f"{drill_id}: task {number} is not open, it is {task.state.value}")
        _keep(store, drill_id, FollowUpDone(at=context.clock.now(), task=task.text, note=_plain(note)))
    return task.text


def close_action(
    context: Context,
    drill_id: str,
    number: int,
    status: Literal[ItemStatus.DONE, ItemStatus.DROPPED] = ItemStatus.DONE,
    note: str = "",
) -> str:
    """Close an action item of the post-mortem that was handed in; returns its text. Raises as `finish_task` does."""
    with context.store() as store:
        follows = _of(context, store, drill_id)
        state = next((each for each in follows.items if each.item.number == number), None)
        if state is None:
            known = ", ".join(str(each.item.number) for each in follows.items)
            right = (
                f"it has {known}" if known else f"hand in its post-mortem with `drills postmortem {drill_id} --done`"
            )
            raise BadInput(f"{drill_id}: there is no action item {number}; {right}")
        if state.status.closed:
            raise BadInput(f"{drill_id}: action item {number} is closed already, as {state.status.value}")
        event = ActionClosed(at=context.clock.now(), number=number, status=status, note=_plain(note))
        _keep(store, drill_id, event)
    return state.item.action


def _plain(note: str) -> str:
    return mask(plain(note, "--because"))


def _keep(store: Store, drill_id: str, event: AfterEvent) -> None:
    from drills.store.after_log import AfterLog

    AfterLog(store).append(drill_id, event)


def _of(context: Context, store: Store, drill_id: str) -> FollowUps:
    require(context.caller, Act.FOLLOW_UP, of_drill(store.drill(drill_id)))
    found = next((each for each in _all(store, context.clock.now()) if each.drill_id == drill_id), None)
    if found is None:
        raise BadInput(f"{drill_id}: it has no score, so nothing follows it")
    return found


def _all(store: Store, as_of: datetime) -> Iterator[FollowUps]:
    cards = [card for card in store.scorecards() if card.result.is_scored]
    found = after_drills(store, cards, store.playbooks(), as_of)
    return (each for each in found if each.ended_at <= as_of)


def after_drills(
    store: Store, cards: Sequence[Scorecard], playbooks: Mapping[str, Playbook], as_of: datetime
) -> Iterator[FollowUps]:
    """What follows each of these scored drills, whose playbooks these are (by drill). Raises EnvironmentFailed."""
    from drills.store.after_log import AfterLog

    after, again = AfterLog(store).all(), reruns(cards)
    for card in cards:
        if card.drill_id not in playbooks:
            continue
        events = after.get(card.drill_id, ())
        tasks = tasks_of(card, playbooks[card.drill_id], events, rerun_at=again.get(card.drill_id), as_of=as_of)
        yield FollowUps(card.drill_id, card.scenario, card.ended_at, tasks, item_states(events, as_of))

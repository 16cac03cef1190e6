"""A workspace of the included system in a folder of its own, and drills in its store that this process conducts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drills.app.access import TERMINAL
from drills.app.context import Context
from drills.model.events import ResponderKind
from drills.scoring.score import score
from drills.store.holder import hold
from drills.store.records import DrillRecord
from drills.store.store import Store
from drills.workspace.workspace import Workspace
from tests.scoring.timelines import Drill

ROOT = Path(__file__).parents[2]

#: Begins a drill of that scenario, blind or not, which this process holds the sandbox for.
Begin = Callable[..., DrillRecord]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "drills.yaml").write_text("format: 1\nplaybook: fastapi\nsandbox: {driver: local}\n", encoding="utf-8")
    for folder in ("scenarios", "probes", "playbooks", "shop"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return Context(Workspace.load(tmp_path), TERMINAL)


@pytest.fixture
def begin(context: Context) -> Iterator[Begin]:
    workspace = context.workspace
    with ExitStack() as held:
        store = Store.open(workspace.store_url)
        held.callback(store.close)

        def begun(scenario: str = "slow-query", *, blind: bool) -> DrillRecord:
            held.enter_context(hold(workspace.state_dir, "default", "a drill", drill=True))
            return store.begin_drill(scenario=scenario, sandbox="default", responder=ResponderKind.PERSON, blind=blind)

        yield begun


#: Stores a drill that has ended and been scored, as its events tell it; returns its id.
Ended = Callable[[Drill], str]


@pytest.fixture
def ended(context: Context) -> Ended:
    def keep(drill: Drill) -> str:
        timeline = drill.timeline()
        with context.store() as store:
            record = store.begin_drill(
                scenario=timeline.start.scenario.name, sandbox="default", responder=timeline.start.responder
            )
            card = score(timeline).model_copy(update={"drill_id": record.drill_id})
            own = (event.model_copy(update={"drill_id": record.drill_id}) for event in drill.events[:1])
            store.keep(record.drill_id, [*own, *drill.events[1:]], scorecard=card, reason="the drill ended")
        return record.drill_id

    return keep

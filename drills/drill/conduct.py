"""Begin a drill, run its course, and give back its timeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drills import __version__
from drills.clock import Clock
from drills.drill.course import Course
from drills.drill.kept_specs import kept_probes, kept_scenario
from drills.drill.plan import DrillPlan
from drills.drill.recorder import Recorder
from drills.masking.masking import mask
from drills.model.events import DrillStarted, Event
from drills.model.on_call import people_on_call
from drills.model.scorecard import Scorecard
from drills.responders.runbook import Surroundings
from drills.sandbox.known_secrets import KnownSecrets
from drills.sandbox.sandbox import Sandbox
from drills.scoring.history import predecessor_of
from drills.scoring.score import RULES_VERSION
from drills.store.after_log import open_actions_before
from drills.store.records import DrillRecord
from drills.store.store import Store


def begin(
    plan: DrillPlan, secrets: KnownSecrets, *, driver: str, sandbox_name: str, store: Store
) -> tuple[DrillRecord, DrillStarted]:
    """Store a new drill with its first event; returns both."""
    alike, known = _alike(store, plan), secrets()
    open_actions = open_actions_before(store, plan.scenario.name)

    def first(record: DrillRecord) -> DrillStarted:
        return DrillStarted(
            t=0.0,
            at=record.started_at,
            drill_id=record.drill_id,
            drills_version=__version__,
            rules_version=RULES_VERSION,
            scenario=kept_scenario(plan.scenario, secrets.names),
            playbook=plan.playbook,
            probes=kept_probes(plan.probes, secrets.names),
            driver=driver,
            responder=plan.responder,
            runbook=plan.runbook,
            blind=plan.blind,
            on_call=people_on_call(plan.on_call, record.started_at),
            predecessor=predecessor_of(plan.scenario.name, alike, record.started_at),
            open_actions=open_actions,
            remedies=tuple(mask(remedy, known, names=secrets.names) for remedy in plan.remedies),
        )

    record = store.begin_drill(
        scenario=plan.scenario.name, sandbox=sandbox_name, responder=plan.responder, blind=plan.blind, first=first
    )
    return record, first(record).model_copy(update={"seq": 0})


async def conduct(
    plan: DrillPlan,
    *,
    sandbox: Sandbox,
    sandbox_name: str,
    folder: Path,
    store: Store,
    clock: Clock,
    show: Callable[[Event], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
    announce: Callable[[Recorder], None] = lambda _: None,
) -> Recorder:
    """Conduct one drill on a sandbox that the caller holds. The caller closes the recorder, which stores the rest.

    When this returns or raises, everything that the drill broke was undone or is still owed. `announce` is given the
    recorder as soon as there is one. Raises CancelledError when it was cancelled; the drill is then aborted.
    """
    secrets = KnownSecrets(sandbox)
    record, started = begin(plan, secrets, driver=sandbox.driver, sandbox_name=sandbox_name, store=store)
    recorder = Recorder(store, record, clock, show, say, plan.store_patience, known=[started])
    announce(recorder)
    surroundings = Surroundings.of(folder, record.drill_id, secrets)
    await Course(plan, sandbox, store, recorder, clock, surroundings).run()
    return recorder


def _alike(store: Store, plan: DrillPlan) -> list[Scorecard]:
    """Scorecards that can be compared with this drill's: answered in the same way, under the same playbook."""
    return [
        card
        for card in store.scorecards(plan.scenario.name)
        if (card.responder, card.runbook, card.playbook) == (plan.responder, plan.runbook, plan.playbook.name)
    ]

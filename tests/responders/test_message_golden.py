"""Every template of every included playbook at three moments of an incident, as a person has checked them.

Renew them with `RENEW_GOLDEN=1 pytest tests/responders/test_message_golden.py`, look at what changed, and commit it
only if it is better.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from drills.included import included_root
from drills.model.events import ActionTaken, Escalated, ResponderKind
from drills.model.playbook import Choice, MessageStatus, Playbook, Template
from drills.responders.messages import compose
from drills.responders.updates import incident_facts
from drills.workspace.workspace import Workspace
from tests.scoring import timelines
from tests.scoring.timelines import BEGAN, Drill

WORKSPACE = Workspace.load(included_root())
PLAYBOOKS = {name: WORKSPACE.playbook(name) for name in WORKSPACE.playbooks}
FOLDER = Path(__file__).parent / "golden"


def alerted(playbook: Playbook) -> Drill:
    """The alert has just come; nothing is known but what monitoring sees."""
    begun = timelines.drill(ResponderKind.PERSON, playbook=playbook).baseline().fault().well(2).suffering(5, "checkout")
    return begun.alert(11.0, playbook.levels[1].name).observed(11.5, "home", ok=False, error_rate=0.31, p95=1.9)


def identified(playbook: Playbook) -> Drill:
    """The cause is named, a decision taken, somebody called, a first command typed."""
    drill = (
        alerted(playbook).severity(playbook.levels[1].name, 13.0).commander(14.0, "the lead").suffering(50, "checkout")
    )
    drill = drill.cause("bad-deploy", 40.0).decided(Choice.ROLLBACK, 42.0, cause_known=True, fix_minutes=20)
    drill = drill.add(Escalated, 44.0, rung="Team lead", contact="team-lead")
    return drill.add(
        ActionTaken, 50.0, command="drills sandbox rollback", read_only=False, exit_status=0, seconds=2.0
    ).observed(60.0, "home", ok=False, error_rate=0.28, p95=1.7)


def resolved(playbook: Playbook) -> Drill:
    """Users have been well for a while."""
    return identified(playbook).well(60).observed(120.0, "home", ok=True, error_rate=0.0005, p95=0.085)


MOMENTS = {
    "alerted": (alerted, MessageStatus.INVESTIGATING, "", 12.0),
    "identified": (identified, MessageStatus.IDENTIFIED, "The new release cannot write orders.", 62.0),
    "resolved": (resolved, MessageStatus.RESOLVED, "The release was rolled back; orders work again.", 122.0),
}


def rendered(playbook: Playbook, template: Template, moment: str) -> str:
    make, status, text, t = MOMENTS[moment]
    if template.kind != "all-clear" and status is MessageStatus.RESOLVED:
        status = [each for each in template.statuses if each is not MessageStatus.RESOLVED][-1]
    elif status not in template.statuses:
        status = template.statuses[0]
    timeline = make(playbook).timeline()
    facts = incident_facts(timeline, text, status, BEGAN + timedelta(seconds=t), t, template.audience)
    only = playbook.model_copy(update={"templates": (template,)})
    return compose(only, template.kind, template.audience, status, facts)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_every_template_reads_as_it_was_checked(name: str) -> None:
    playbook = PLAYBOOKS[name]
    parts = [
        f"=== {template.audience}, {template.kind}, {moment}\n{rendered(playbook, template, moment)}\n"
        for template in playbook.templates
        for moment in MOMENTS
    ]
    text, path = "\n".join(parts), FOLDER / f"{name}.txt"
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; RENEW_GOLDEN=1 renews it"


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_once_all_is_known_no_message_has_a_gap(name: str) -> None:
    playbook = PLAYBOOKS[name]
    for template in playbook.templates:
        said = rendered(playbook, template, "resolved")
        for gap in ("not known yet", "none yet", "nothing yet", "not measured", "being "):
            assert gap not in said

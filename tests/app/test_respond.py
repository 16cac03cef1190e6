"""A person at the desk: each thing said is an event at once, and nothing of the truth is within reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drills.app.access import TERMINAL, Caller, Role
from drills.app.context import Context
from drills.app.respond import Desk, incident_status, responding
from drills.errors import BadInput, NotAllowed
from drills.model.events import (
    Acknowledged,
    AlertFired,
    AllClear,
    CauseNamed,
    CommanderNamed,
    Decided,
    Escalated,
    HintTaken,
    NoteTaken,
    ResponderKind,
    SeverityDeclared,
    StepChecked,
    TaskChecked,
    UpdatePosted,
    event_to_json,
)
from drills.model.playbook import Audience, Choice, MessageStatus
from drills.model.timeline import Timeline
from drills.processes.mark import DRILL
from drills.store.store import Store
from tests.app.conftest import Begin
from tests.scoring import timelines
from tests.store.drill_data import StoppedClock

LADDER = [
    {"name": "First on call", "contact": "pager", "levels": ["SEV1", "SEV2"], "source": "line 30"},
    {"name": "Second on call", "contact": "telephone", "source": "line 31"},
    {"name": "Director", "contact": "telephone", "levels": ["SEV1"], "source": "line 32"},
]
PLAYBOOK = timelines.playbook(escalation=LADDER)


class Office:
    """A desk with its store, its clock and the drill that goes on."""

    def __init__(self, folder: Path) -> None:
        self.clock = StoppedClock()
        self.store = Store.open(f"sqlite:///{folder}/drills.db", clock=self.clock)
        self.record = self.store.begin_drill(
            scenario="bad-deploy", sandbox="default", responder=ResponderKind.PERSON, blind=True
        )
        begun = timelines.drill(ResponderKind.PERSON, playbook=PLAYBOOK, blind=True).baseline().fault().suffering(2)
        self.store.append_many(self.record.drill_id, begun.alert(8.0, "SEV2").events)
        self.clock.seconds += 10.0
        self.desk = Desk(self.store, self.record, self.clock)

    @property
    def timeline(self) -> Timeline:
        """As any other process reads it."""
        return self.store.timeline(self.record.drill_id)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def test_each_thing_said_is_an_event_at_its_time(office: Office) -> None:
    desk = office.desk
    assert desk.acknowledge().text == "acknowledged error-rate-1: error-rate is over its threshold"
    assert desk.declare_severity("sev2", "checkout fails").text.startswith("SEV2 declared\n")
    assert desk.name_commander("the on-call lead").text == "the on-call lead commands"
    assert desk.take_note("the database answers").text == "noted"
    assert desk.check("2").text == "☑ Look at what changed"
    assert desk.decide("Rollback", cause_known=True, fix_minutes=20, because="deployed a moment ago")
    assert desk.name_cause("bad-deploy").text == "cause named: bad-deploy"
    office.clock.seconds += 5.0
    desk.all_clear("rolled back")
    timeline = office.timeline
    assert [type(event) for event in timeline if event.t >= 10.0] == [
        Acknowledged,
        SeverityDeclared,
        CommanderNamed,
        NoteTaken,
        StepChecked,
        Decided,
        CauseNamed,
        AllClear,
        UpdatePosted,
    ]
    assert timeline.all(Acknowledged)[0].t == 10.0
    assert timeline.all(AllClear)[0].t == 15.0
    assert timeline.all(Decided)[0].choice is Choice.ROLLBACK
    assert timeline.all(StepChecked)[0].step == 1


def test_an_answer_has_the_events_that_were_stored_and_none_when_nothing_changed(office: Office) -> None:
    assert [type(event) for event in office.desk.acknowledge().events] == [Acknowledged]
    assert office.desk.acknowledge().events == ()
    assert [type(event) for event in office.desk.all_clear("over").events] == [AllClear, UpdatePosted]


def test_saying_it_again_changes_nothing(office: Office) -> None:
    office.desk.acknowledge()
    assert office.desk.acknowledge().text == "already acknowledged: error-rate-1"
    office.desk.check("2")
    assert office.desk.check("2").text.startswith("already ticked")
    assert len(office.timeline.all(Acknowledged, StepChecked)) == 2


def test_each_alert_is_acknowledged_by_itself(office: Office) -> None:
    """A false alarm that was acknowledged says nothing about the real alert that follows."""
    office.desk.acknowledge()
    later = timelines.drill(ResponderKind.PERSON).alert(12.0, "SEV1", key="site").alert(12.5, "SEV2", key="login")
    office.store.append_many(office.record.drill_id, later.events[1:])
    office.clock.seconds += 5.0
    assert "1 of 3 alerts" in office.desk.status()
    assert "☐ by 1m   Acknowledge the alert" in office.desk.status()
    assert office.desk.acknowledge("login").text == "acknowledged login-1: login is over its threshold"
    assert office.desk.acknowledge().text == "acknowledged site-1: site is over its threshold"
    assert [event.alerts for event in office.timeline.all(Acknowledged)] == [
        ("error-rate-1",),
        ("login-1",),
        ("site-1",),
    ]
    assert "☑ by 1m   Acknowledge the alert" in office.desk.status()
    assert office.desk.acknowledge("site-1").text == "already acknowledged: site-1"


def test_a_declared_level_says_what_it_asks_for_and_its_lines_are_ticked(tmp_path: Path) -> None:
    book = timelines.playbook(
        levels=[
            {
                "name": "SEV1",
                "means": "Complete outage",
                "respond": {"within": "5m", "source": "line 1"},
                "status-page": {"within": "4m", "source": "line 2"},
                "post-mortem": {"within": "48h", "counted-from": "all-clear", "source": "line 3"},
                "notify": ["lead"],
                "actions": ["Page the lead", "All hands"],
                "channel": "#incident-YYYYMMDD",
                "urgency": "high",
            }
        ],
        thresholds=[],
        contacts=[{"name": "lead", "role": "Team lead", "reach": "@team-lead"}],
        escalation=[{"name": "Lead", "contact": "lead", "after": "30m", "source": "line 4"}],
        phases=[
            {
                "name": "Investigation",
                "by": "15m",
                "ends-with": "cause-named",
                "checklist": ["Read the logs"],
                "source": "line 5",
            }
        ],
        communication_rules=[{"says": "Tag people", "source": "line 6"}],
        commander_duties=[{"says": "Coordinate", "source": "line 7"}],
        commander_may_repair=False,
        post_mortem_attendees=[{"contact": "lead", "when": "if applicable"}],
        follow_ups=[{"by": "24h", "task": "List action items", "source": "line 8"}],
        statuses=["investigating", "resolved"],
    )
    clock = StoppedClock()
    store = Store.open(f"sqlite:///{tmp_path}/drills.db", clock=clock)
    record = store.begin_drill(scenario="bad-deploy", sandbox="default", responder=ResponderKind.PERSON)
    store.append_many(record.drill_id, timelines.drill(ResponderKind.PERSON, playbook=book).baseline().events)
    desk = Desk(store, record, clock)
    assert "SEV1: Complete outage" in desk.status()
    assert desk.declare_severity("SEV1", "").text.splitlines() == [
        "SEV1 declared",
        "Complete outage",
        "Call with urgency high: lead (@team-lead)",
        "Channel: #incident-20261119",
        "Status page: within 4 m",
        "Rule: Tag people",
        "To do, ticked by `drills respond check a1 a2`:",
        "    a1 ☐ Page the lead",
        "    a2 ☐ All hands",
    ]
    assert desk.check("A1", "p1", "2", "a1").text.splitlines() == [
        "☑ Page the lead",
        "☑ Read the logs",
        "☑ Look at what changed",
    ]
    assert desk.check("a1").text == "already ticked: Page the lead"
    assert [(event.list, event.of, event.index) for event in store.timeline(record.drill_id).all(TaskChecked)] == [
        ("actions", "SEV1", 0),
        ("phases", "Investigation", 0),
    ]
    status = desk.status()
    assert "a1 ☑ Page the lead" in status
    assert "a2 ☐ All hands" in status
    assert "☐ Lead: lead (@team-lead), 30m after detected" in status
    assert "Investigation (by 15m)" in status
    assert "p1 ☑ Read the logs" in status
    with pytest.raises(
        BadInput, match="there is no step a3; the triage list has 2; the level's other lines are a1, a2, p1"
    ):
        desk.check("a3")
    with pytest.raises(BadInput, match="there is no status 'monitoring'"):
        desk.post_update("x", "monitoring", status_page=False, users=False)
    assert desk.name_commander("the lead").text.splitlines() == [
        "the lead commands",
        "  Coordinate",
        "  the lead does not type commands of the sandbox: whoever does says so by DRILLS_AS=NAME",
    ]
    assert desk.escalate(None, "").text == "escalated to Lead: lead (@team-lead)"
    assert "☑ Lead" in desk.status()
    closed = desk.all_clear("over").text.splitlines()
    assert closed[-3:] == [
        f"Post-mortem: within 2 d of all clear, by {clock.now() + timedelta(hours=48):%Y-%m-%d %H:%M} UTC",
        "Attended by: lead (if applicable)",
        "Afterwards, within 1 d: List action items",
    ]
    store.close()


def test_a_step_that_a_command_does_is_not_ticked_by_hand(office: Office) -> None:
    answer = office.desk.check("1", "2", "2")
    assert answer.text.splitlines() == [
        "Acknowledge the alert: done by `drills respond ack`, not by a tick",
        "☑ Look at what changed",
    ]
    assert [event.step for event in office.timeline.all(StepChecked)] == [1]
    assert "☐ by 1m   Acknowledge the alert" in office.desk.status()


def test_an_update_is_composed_and_the_next_one_computed_from_the_declared_level(office: Office) -> None:
    office.desk.declare_severity("SEV1", "")
    messages = office.desk.post_update("we check it", "investigating", status_page=True, users=True).text
    posted = office.timeline.all(UpdatePosted)
    assert [event.audience for event in posted] == [Audience.TEAM, Audience.STATUS_PAGE, Audience.USERS]
    assert messages.count("[DRILL]") == 3
    assert posted[0].next_due == pytest.approx(10.0 + timedelta(minutes=15).total_seconds())


def test_the_next_update_follows_the_alert_while_no_level_is_declared(office: Office) -> None:
    office.desk.post_update("we check it", "investigating", status_page=False, users=False)
    assert office.timeline.all(UpdatePosted)[0].next_due == pytest.approx(10.0 + 1800.0)


def test_after_the_all_clear_no_update_is_due(office: Office) -> None:
    office.desk.all_clear("")
    posted = office.timeline.last(UpdatePosted)
    assert posted is not None
    assert (posted.status, posted.next_due) == (MessageStatus.RESOLVED, None)


def test_the_named_cause_is_told_to_others_once_it_was_named(office: Office) -> None:
    office.desk.name_cause("lock-contention")
    posted = office.desk.post_update("we know it", "identified", status_page=False, users=False)
    assert "bad-deploy" not in posted.text


def test_the_order_of_the_causes_that_a_refusal_lists_does_not_show_the_true_one(office: Office) -> None:
    truth = office.timeline.start.scenario.truth
    assert truth is not None
    assert list(truth.among) != sorted(truth.among)
    with pytest.raises(BadInput, match=f"known: {', '.join(sorted(truth.among))}$"):
        office.desk.name_cause("nonsense")


def test_the_ladder_is_climbed_rung_by_rung_for_the_level_of_the_incident(office: Office) -> None:
    assert office.desk.escalate(None, "").text == "escalated to First on call: pager"
    assert office.desk.escalate(None, "no progress").text == "escalated to Second on call: telephone"
    assert office.desk.escalate(None, "").text == "everybody on the ladder has been brought in"
    office.desk.declare_severity("SEV1", "")
    assert office.desk.escalate(None, "").text == "escalated to Director: telephone"
    assert [event.reason for event in office.timeline.all(Escalated)] == ["", "no progress", ""]


def test_hints_come_one_by_one_and_end(office: Office) -> None:
    assert office.desk.take_hint().text == "hint 1 of 1: What changed?"
    assert office.desk.take_hint().text == "there are no more hints"
    assert len(office.timeline.all(HintTaken)) == 1


@pytest.mark.parametrize(
    ("say", "told"),
    [
        (lambda desk: desk.declare_severity("SEV11", ""), "did you mean SEV1? known: SEV1, SEV2, SEV3"),
        (lambda desk: desk.name_cause("bad-deplyo"), "did you mean bad-deploy?"),
        (
            lambda desk: desk.decide("rollbak", cause_known=False, fix_minutes=None, because=""),
            "did you mean rollback?",
        ),
        (lambda desk: desk.post_update("x", "resolvd", status_page=False, users=False), "did you mean resolved?"),
        (lambda desk: desk.escalate("Second on cal", ""), "did you mean Second on call?"),
        (lambda desk: desk.check("2", "3"), "there is no step 3; the triage list has 2"),
        (lambda desk: desk.check("0"), "there is no step 0"),
        (lambda desk: desk.check("two"), "there is no step two"),
        (lambda desk: desk.acknowledge("error-rat"), "did you mean error-rate? known: error-rate-1, error-rate"),
        (lambda desk: desk.decide("fix", cause_known=False, fix_minutes=float("nan"), because=""), "--fix-minutes nan"),
        (lambda desk: desk.decide("fix", cause_known=False, fix_minutes=-1, because=""), "--fix-minutes -1"),
        (lambda desk: desk.take_note("  "), "note: the text is empty"),
        (
            lambda desk: desk.post_update("", "investigating", status_page=False, users=False),
            "update: the text is empty",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_would_be_right_and_stored_nowhere(
    office: Office, say: object, told: str
) -> None:
    before = len(office.timeline)
    with pytest.raises(BadInput) as refused:
        say(office.desk)  # type: ignore[operator]
    assert told in str(refused.value)
    assert len(office.timeline) == before


def test_bytes_that_are_no_text_and_signs_that_move_the_cursor_are_stored_as_plain_text(office: Office) -> None:
    office.desk.take_note("caf\udce9 \x1b[2Jgone\x00")
    assert office.timeline.all(NoteTaken)[0].text == r"caf\udce9 \x1b[2Jgone\x00"


def test_a_template_that_cannot_be_rendered_is_told_in_one_line(tmp_path: Path) -> None:
    template = {
        "audience": "team",
        "statuses": ["investigating"],
        "kind": "declared",
        "text": "{{ 1 / 0 }}",
        "source": "line 1",
    }
    store = Store.open(f"sqlite:///{tmp_path}/drills.db", clock=StoppedClock())
    record = store.begin_drill(scenario="bad-deploy", sandbox="default", responder=ResponderKind.PERSON)
    broken = timelines.drill(ResponderKind.PERSON, playbook=timelines.playbook(templates=[template]))
    store.append_many(record.drill_id, broken.events)
    with pytest.raises(BadInput, match="playbook test: template for declared"):
        Desk(store, record, StoppedClock()).post_update("x", "investigating", status_page=False, users=False)
    store.close()


def test_a_clock_that_is_set_back_moves_no_duration(office: Office) -> None:
    """Wall times go backwards; the timeline keeps the order in which things happened."""
    office.desk.acknowledge()
    office.clock.wall -= timedelta(hours=3)
    office.clock.seconds += 7.0
    office.desk.take_note("later")
    acknowledged, note = office.timeline.all(Acknowledged, NoteTaken)
    assert note.at < acknowledged.at
    assert note.t - acknowledged.t == pytest.approx(7.0)
    assert "9.0 s ago" in office.desk.status()


def test_the_status_lists_what_was_done_and_what_is_due(office: Office) -> None:
    office.desk.acknowledge()
    office.desk.post_update("we check", "investigating", status_page=False, users=False)
    office.clock.seconds += 200.0
    status = office.desk.status()
    assert "☑ by 1m   Acknowledge the alert" in status
    assert "☐ by 2m   Look at what changed   overdue" in status
    assert "Acknowledged: 3 m 20 s ago" in status
    assert "not acknowledged (" not in status
    assert "Next update:  in" in status
    office.clock.seconds += 3600.0
    assert "overdue by" in office.desk.status()


def test_before_an_alert_the_status_says_so(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/drills.db", clock=StoppedClock())
    record = store.begin_drill(scenario="bad-deploy", sandbox="default", responder=ResponderKind.PERSON)
    store.append_many(record.drill_id, timelines.drill(ResponderKind.PERSON).events)
    desk = Desk(store, record, StoppedClock())
    assert "No alert has fired yet." in desk.status()
    with pytest.raises(BadInput, match="nothing to acknowledge yet: no alert has fired"):
        desk.acknowledge()
    assert not store.timeline(record.drill_id).all(AlertFired)
    store.close()


def test_secrets_in_what_a_person_says_are_not_kept(tmp_path: Path) -> None:
    office = Office(tmp_path)
    desk = Desk(office.store, office.record, office.clock, lambda: ("lantern-key-7",))
    said = "the key was lantern-key-7, password=X"
    desk.take_note(said)
    desk.declare_severity("SEV2", said)
    desk.decide("fix", cause_known=True, fix_minutes=5, because=said)
    desk.post_update(said, "investigating", status_page=True, users=False)
    desk.escalate(None, said)
    desk.all_clear(said)
    stored = "".join(event_to_json(event) for event in office.store.events(office.record.drill_id))
    assert "lantern-key-7" not in stored
    assert "password=X" not in stored
    assert stored.count("the key was •••, password=•••") >= 6


def running(context: Context, begin: Begin) -> None:
    record = begin("bad-deploy", blind=True)
    with context.store() as store:
        store.append_many(record.drill_id, timelines.drill(ResponderKind.PERSON, blind=True).baseline().events)


def test_without_a_drill_there_is_nothing_to_respond_to(context: Context) -> None:
    for asked in (lambda: responding(context).__enter__(), lambda: incident_status(context)):
        with pytest.raises(BadInput, match="no incident is going on; start one with `drills practice`"):
            asked()


def test_a_responder_answers_the_drill_that_runs(context: Context, begin: Begin) -> None:
    running(context, begin)
    for caller in (TERMINAL, Caller(Role.RESPONDER)):
        with responding(replace(context, caller=caller)) as desk:
            desk.take_note("seen")
    assert "this is a drill" in incident_status(context)


def test_observers_and_reviewers_see_the_incident_and_say_nothing(context: Context, begin: Begin) -> None:
    running(context, begin)
    for role in (Role.OBSERVER, Role.REVIEWER):
        theirs = replace(context, caller=Caller(role))
        assert "bad-deploy" not in incident_status(theirs).partition("Plausible causes")[0]
        with pytest.raises(NotAllowed), responding(theirs):
            pass


def test_a_step_of_another_drills_runbook_responds_to_none(
    context: Context, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(context, begin)
    monkeypatch.setenv(DRILL, "INC-20200101-001")
    with pytest.raises(BadInput, match="no incident is going on"):
        incident_status(context)

"""The included playbooks against their documents: every figure, row by row, and every place that has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drills.included import included_root
from drills.model.conditions import compile_condition
from drills.model.durations import parse_duration
from drills.model.metrics import CATALOGUE
from drills.model.playbook import Audience, Choice, Limit, MessageStatus, Milestone, Playbook, Urgency
from drills.responders.messages import check_template
from drills.workspace.layout import playbook_files
from drills.workspace.models import build, load_model
from drills.workspace.validate import validate
from drills.workspace.yaml_lines import parse_document

FILES = playbook_files(included_root())
NAMES = ("emotionscare", "fastapi", "nutriprofile", "pagerduty", "slurpy")
PLAYBOOKS = {name: load_model(FILES[name], Playbook).require() for name in NAMES}


def stated(limit: Limit | None) -> str | None:
    """`5m` for a number, `"next sprint"` in quotes for words alone, None for a document that is silent."""
    if limit is None:
        return None
    if limit.business_days is not None:
        return f"{limit.business_days} business day"
    if limit.within is None:
        return f'"{limit.says}"'
    return limit.within


def expected(text: str | None) -> object:
    return text if text is None or text.startswith('"') or text.endswith("day") else parse_duration(text)


#: playbook, level, respond, update-every, mitigate, resolve, status-page, post-mortem; in quotes: words, no number.
NO_DEADLINE = '"asked for, with no deadline"'
LIMITS = [
    ("nutriprofile", "SEV-1", "1m", "15m", "1h", None, None, NO_DEADLINE),
    ("nutriprofile", "SEV-2", "30m", "30m", "4h", None, None, NO_DEADLINE),
    ("nutriprofile", "SEV-3", "2h", "2h", "24h", None, None, None),
    ("nutriprofile", "SEV-4", "1 business day", "1 business day", "1w", None, None, None),
    ("slurpy", "P0", "5m", "15m", "30m", "60m", "5m", "48h"),
    ("slurpy", "P1", "1h", "15m", "30m", "60m", "5m", "48h"),
    ("slurpy", "P2", "24h", None, None, None, None, None),
    ("slurpy", "P3", '"next sprint"', None, None, None, None, None),
    ("fastapi", "SEV1", "5m", "15m", None, None, "4m", "48h"),
    ("fastapi", "SEV2", "15m", "30m", None, None, "4m", "48h"),
    ("fastapi", "SEV3", "1h", "2h", None, None, None, '"a lightweight review"'),
    ("fastapi", "SEV4", "4h", "24h", None, None, None, None),
    ("pagerduty", "SEV-1", "5m", "15m", None, "1h", "5m", "48h"),
    ("pagerduty", "SEV-2", "15m", "15m", None, "4h", "5m", "48h"),
    ("pagerduty", "SEV-3", "1h", None, None, None, None, None),
    ("pagerduty", "SEV-4", "1 business day", None, None, None, None, None),
    ("emotionscare", "P1", "5m", "10m", None, None, None, "24h"),
    ("emotionscare", "P2", "15m", "10m", None, None, None, "24h"),
    ("emotionscare", "P3", "1h", None, None, None, None, None),
    ("emotionscare", "P4", "1 business day", None, None, None, None, None),
]


@pytest.mark.parametrize(("name", "level", "respond", "update", "mitigate", "resolve", "page", "post_mortem"), LIMITS)
def test_a_level_has_the_limits_of_its_document(name, level, respond, update, mitigate, resolve, page, post_mortem):
    found = PLAYBOOKS[name].level(level)
    assert stated(found.respond) == expected(respond)
    assert stated(found.update_every) == expected(update)
    assert stated(found.mitigate) == expected(mitigate)
    assert stated(found.resolve) == expected(resolve)
    assert stated(found.status_page) == expected(page)
    assert stated(found.post_mortem) == expected(post_mortem)


@pytest.mark.parametrize("name", NAMES)
def test_the_levels_are_those_of_the_document_the_worst_first(name):
    assert [level.name for level in PLAYBOOKS[name].levels] == [row[1] for row in LIMITS if row[0] == name]


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        ("slurpy", "P0", "immediate (< 5 minutes)"),
        ("fastapi", "SEV1", "immediate (< 5 min)"),
        ("pagerduty", "SEV-1", "immediate (< 5 minutes)"),
        ("pagerduty", "SEV-4", "next business day (< 24 hours)"),
        ("emotionscare", "P4", "next business day (< 24 hours)"),
    ],
)
def test_the_documents_words_stay_beside_the_number(name, level, said):
    assert PLAYBOOKS[name].level(level).respond.says == said


#: playbook, level, condition, `for`: all that playbook has, in its order.
THRESHOLDS = [
    ("nutriprofile", "SEV-1", "error_rate > 0.20", "10s"),
    ("nutriprofile", "SEV-1", "p95 > 10.0", "10s"),
    ("nutriprofile", "SEV-1", "site_failing && journeys_failing >= 0.5", "5s"),
    ("nutriprofile", "SEV-2", "error_rate > 0.05", "10s"),
    ("nutriprofile", "SEV-2", "p95 > 5.0", "10s"),
    ("nutriprofile", "SEV-2", "site_failing", "5s"),
    ("nutriprofile", "SEV-2", "health_failing", "5s"),
    ("nutriprofile", "SEV-2", "database_failing", "5s"),
    ("nutriprofile", "SEV-2", "login_failing", "5s"),
    ("nutriprofile", "SEV-2", "payment_failing", "5s"),
    ("nutriprofile", "SEV-3", "error_rate > 0.01", "10s"),
    ("nutriprofile", "SEV-3", "p95 > 2.0", "10s"),
    ("nutriprofile", "SEV-3", "feature_failing", "5s"),
    ("nutriprofile", "SEV-3", "worst_journey_error_rate > 0.5", "10s"),
    ("nutriprofile", "SEV-3", "site_degraded", "5s"),
    ("nutriprofile", "SEV-4", "probe_degraded", "5s"),
    ("nutriprofile", "SEV-4", "probe_failing", "5s"),
    ("slurpy", "P0", "site_failing && journeys_failing >= 0.5", "5s"),
    ("slurpy", "P0", "database_failing", "5s"),
    ("slurpy", "P0", "login_failing", "5s"),
    ("slurpy", "P0", "payment_failing", "5s"),
    ("slurpy", "P1", "error_rate > 0.10", "10s"),
    ("slurpy", "P1", "p95 > 5.0 && journeys_affected >= 0.5", "10s"),
    ("slurpy", "P1", "site_failing", "5s"),
    ("slurpy", "P1", "memory > 0.95", "10s"),
    ("slurpy", "P1", "cpu > 0.95", "10s"),
    ("slurpy", "P2", "error_rate >= 0.05", "10s"),
    ("slurpy", "P2", "p95 > 2.0", "10s"),
    ("slurpy", "P2", "health_failing", "5s"),
    ("slurpy", "P2", "feature_failing", "5s"),
    ("slurpy", "P2", "external_api_failing", "5s"),
    ("slurpy", "P2", "worst_journey_error_rate > 0.5", "10s"),
    ("slurpy", "P2", "site_degraded", "5s"),
    ("slurpy", "P2", "feature_degraded", "5s"),
    ("slurpy", "P3", "error_rate >= 0.01", "10s"),
    ("slurpy", "P3", "probe_degraded", "5s"),
    ("slurpy", "P3", "probe_failing", "5s"),
    ("fastapi", "SEV1", "site_failing && journeys_failing >= 0.5", "5s"),
    ("fastapi", "SEV1", "error_rate > 0.5", "5s"),
    ("fastapi", "SEV2", "site_failing", "5s"),
    ("fastapi", "SEV2", "database_failing", "5s"),
    ("fastapi", "SEV2", "login_failing", "5s"),
    ("fastapi", "SEV2", "payment_failing", "5s"),
    ("fastapi", "SEV2", "error_rate > 0.1", "5s"),
    ("fastapi", "SEV2", "p95 > 2.0", "5s"),
    ("fastapi", "SEV3", "error_rate > 0.01", "5s"),
    ("fastapi", "SEV3", "p95 > 1.5", "5s"),
    ("fastapi", "SEV3", "feature_failing", "5s"),
    ("fastapi", "SEV3", "cache_failing", "5s"),
    ("fastapi", "SEV3", "external_api_failing", "5s"),
    ("fastapi", "SEV3", "worst_journey_error_rate > 0.5", "5s"),
    ("fastapi", "SEV3", "site_degraded", "5s"),
    ("fastapi", "SEV3", "external_api_degraded", "5s"),
    ("fastapi", "SEV4", "probe_degraded", "5s"),
    ("fastapi", "SEV4", "probe_failing", "5s"),
    ("pagerduty", "SEV-1", "site_failing && journeys_failing >= 0.5", "5s"),
    ("pagerduty", "SEV-1", "error_rate >= 0.95", "10s"),
    ("pagerduty", "SEV-1", "database_failing", "5s"),
    ("pagerduty", "SEV-1", "payment_failing", "5s"),
    ("pagerduty", "SEV-2", "error_rate > 0.10", "10s"),
    ("pagerduty", "SEV-2", "p95 > 5.0", "10s"),
    ("pagerduty", "SEV-2", "site_failing", "5s"),
    ("pagerduty", "SEV-2", "worst_journey_error_rate >= 0.95", "10s"),
    ("pagerduty", "SEV-2", "login_failing", "5s"),
    ("pagerduty", "SEV-2", "replication_lag > 30.0", "10s"),
    ("pagerduty", "SEV-3", "error_rate >= 0.05", "10s"),
    ("pagerduty", "SEV-3", "p95 > 1.0", "10s"),
    ("pagerduty", "SEV-3", "p99 > 5.0", "10s"),
    ("pagerduty", "SEV-3", "feature_failing", "5s"),
    ("pagerduty", "SEV-3", "external_api_failing", "5s"),
    ("pagerduty", "SEV-3", "site_degraded", "5s"),
    ("pagerduty", "SEV-3", "feature_degraded", "5s"),
    ("pagerduty", "SEV-4", "probe_degraded", "5s"),
    ("pagerduty", "SEV-4", "probe_failing", "5s"),
    ("emotionscare", "P1", "site_failing", "5s"),
    ("emotionscare", "P1", "error_rate >= 0.95", "10s"),
    ("emotionscare", "P1", "database_failing", "5s"),
    ("emotionscare", "P1", "login_failing", "5s"),
    ("emotionscare", "P1", "memory >= 0.99", "5m"),
    ("emotionscare", "P1", "cpu >= 0.99", "5m"),
    ("emotionscare", "P2", "error_rate > 0.05", "10s"),
    ("emotionscare", "P2", "p95 > 3.0", "10s"),
    ("emotionscare", "P2", "auth_failure_rate > 0.10", "10s"),
    ("emotionscare", "P2", "external_api_failing", "5s"),
    ("emotionscare", "P2", "payment_failing", "5s"),
    ("emotionscare", "P3", "error_rate >= 0.01", "10s"),
    ("emotionscare", "P3", "p95 >= 1.0", "10s"),
    ("emotionscare", "P3", "feature_failing", "5s"),
    ("emotionscare", "P3", "worst_journey_error_rate > 0.5", "10s"),
    ("emotionscare", "P3", "site_degraded", "5s"),
    ("emotionscare", "P3", "feature_degraded", "5s"),
    ("emotionscare", "P4", "probe_degraded", "5s"),
    ("emotionscare", "P4", "probe_failing", "5s"),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_thresholds_are_those_of_the_document(name):
    found = [(name, each.level, each.when, each.for_) for each in PLAYBOOKS[name].thresholds]
    assert found == [(*row[:3], parse_duration(row[3])) for row in THRESHOLDS if row[0] == name]


@pytest.mark.parametrize("name", NAMES)
def test_a_reading_of_ours_is_called_so(name):
    for threshold in PLAYBOOKS[name].thresholds:
        ours = "our reading" in threshold.source
        from_document = threshold.when.startswith(("memory >= ", "cpu >= ")) and "5+ minutes" in threshold.source
        assert ours or from_document, threshold


@pytest.mark.parametrize("name", NAMES)
def test_any_failing_probe_is_noticed_at_the_least_severe_level(name):
    playbook = PLAYBOOKS[name]
    assert playbook.thresholds[-1].when == "probe_failing"
    assert playbook.thresholds[-1].level == playbook.levels[-1].name


#: playbook, level, minute, milestone: the checklist's steps that complete a milestone.
TRIAGE_MILESTONES = [
    ("nutriprofile", "SEV-1", "5m", Milestone.ACKNOWLEDGED),
    ("nutriprofile", "SEV-1", "5m", Milestone.SEVERITY_DECLARED),
    ("nutriprofile", "SEV-2", "5m", Milestone.FIRST_UPDATE),
    ("nutriprofile", "SEV-3", None, Milestone.FIRST_UPDATE),
    ("slurpy", "P0", "5m", Milestone.ACKNOWLEDGED),
    ("slurpy", "P0", "5m", Milestone.SEVERITY_DECLARED),
    ("slurpy", "P0", "5m", Milestone.COMMANDER_NAMED),
    ("slurpy", "P1", "5m", Milestone.STATUS_PAGE),
    ("slurpy", "P2", None, Milestone.STATUS_PAGE),
    ("fastapi", "SEV1", "1m", Milestone.ACKNOWLEDGED),
    ("fastapi", "SEV1", "1m", Milestone.SEVERITY_DECLARED),
    ("fastapi", "SEV4", "1m", Milestone.COMMANDER_NAMED),
    ("fastapi", "SEV1", "4m", Milestone.FIRST_UPDATE),
    ("fastapi", "SEV2", "4m", Milestone.STATUS_PAGE),
    ("fastapi", "SEV3", None, Milestone.STATUS_PAGE),
    ("pagerduty", "SEV-1", "5m", Milestone.ACKNOWLEDGED),
    ("pagerduty", "SEV-1", None, Milestone.COMMANDER_NAMED),
    ("pagerduty", "SEV-2", "5m", Milestone.STATUS_PAGE),
    ("pagerduty", "SEV-3", None, Milestone.STATUS_PAGE),
    ("emotionscare", "P1", "1m", Milestone.ACKNOWLEDGED),
    ("emotionscare", "P2", None, Milestone.ACKNOWLEDGED),
]


@pytest.mark.parametrize(("name", "level", "by", "milestone"), TRIAGE_MILESTONES)
def test_a_milestone_of_the_checklist_has_its_minute(name, level, by, milestone):
    steps = [
        step.by
        for step in PLAYBOOKS[name].triage
        if step.milestone is milestone and step.by is not None and (not step.levels or level in step.levels)
    ]
    assert steps == ([] if by is None else [parse_duration(by)])


#: playbook, minute → number of steps of the checklist.
TRIAGE_STEPS = {
    "nutriprofile": {"5m": 4, "15m": 5},
    "slurpy": {"5m": 9},
    "fastapi": {"1m": 3, "2m": 3, "3m": 3, "4m": 3, "5m": 2},
    "pagerduty": {"5m": 2, None: 8},
    "emotionscare": {"1m": 5, "2m": 4, "3m": 4, "5m": 1, "15m": 1, "1h": 1},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_checklist_has_every_step_at_its_minute(name):
    found: dict[object, int] = {}
    for step in PLAYBOOKS[name].triage:
        found[step.by] = found.get(step.by, 0) + 1
    assert found == {None if by is None else parse_duration(by): n for by, n in TRIAGE_STEPS[name].items()}


#: playbook, phase, starts, by, the milestone that ends it.
PHASES = [
    ("nutriprofile", "Detect", None, None, "detected"),
    ("nutriprofile", "Triage", None, None, "severity-declared"),
    ("nutriprofile", "Investigate", None, None, "cause-named"),
    ("nutriprofile", "Mitigate", None, None, "mitigated"),
    ("nutriprofile", "Resolve", None, None, "all-clear"),
    ("nutriprofile", "Post-mortem", None, None, "post-mortem"),
    ("slurpy", "Detection", "0m", "5m", "commander-named"),
    ("slurpy", "Investigation", "5m", "15m", "cause-named"),
    ("slurpy", "Mitigation", "15m", "30m", "mitigated"),
    ("slurpy", "Resolution", "30m", "60m", "all-clear"),
    ("slurpy", "Post-mortem", "24h", "48h", "post-mortem"),
    ("fastapi", "Acknowledge and classify", "0m", "1m", "commander-named"),
    ("fastapi", "Initial communication", "3m", "4m", "first-update"),
    ("fastapi", "Investigate", None, None, "cause-named"),
    ("fastapi", "Mitigate", None, None, "mitigated"),
    ("fastapi", "Close", None, None, "all-clear"),
    ("fastapi", "Post-mortem", None, "48h", "post-mortem"),
    ("pagerduty", "Investigating", None, None, "cause-named"),
    ("pagerduty", "Identified", None, None, "mitigated"),
    ("pagerduty", "Monitoring", None, None, "all-clear"),
    ("pagerduty", "Resolved", None, "48h", "post-mortem"),
    ("emotionscare", "Acknowledge", "0m", "1m", "acknowledged"),
    ("emotionscare", "Post-mortem", None, "24h", "post-mortem"),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_phases_have_their_deadlines(name):
    def duration(text):
        return None if text is None else parse_duration(text)

    found = [(name, each.name, each.starts, each.by, each.ends_with) for each in PLAYBOOKS[name].phases]
    assert found == [(row[0], row[1], duration(row[2]), duration(row[3]), row[4]) for row in PHASES if row[0] == name]


#: playbook, level, the ladder: whom, after how long (None: at once), counted from.
LADDERS = [
    ("nutriprofile", "SEV-1", [("everyone", None), ("relevant-team-members", None)]),
    ("nutriprofile", "SEV-2", [("relevant-team-members", None)]),
    ("nutriprofile", "SEV-3", []),
    ("slurpy", "P0", [("on-call-engineer", None), ("tech-lead", "30m"), ("cto", "1h"), ("cto", None)]),
    ("slurpy", "P1", [("on-call-engineer", None), ("tech-lead", "30m"), ("cto", "1h")]),
    ("slurpy", "P2", []),
    ("fastapi", "SEV1", [("on-call-engineer", None), ("engineering-manager", None)]),
    ("fastapi", "SEV2", [("on-call-engineer", None), ("engineering-manager", None)]),
    ("fastapi", "SEV3", [("on-call-engineer", None)]),
    ("fastapi", "SEV4", []),
    (
        "pagerduty",
        "SEV-1",
        [
            ("on-call-team", None),
            ("stakeholders", None),
            ("team-lead", "30m"),
            ("engineering-manager", "60m"),
            ("vp-engineering", "60m"),
        ],
    ),
    (
        "pagerduty",
        "SEV-2",
        [("primary-on-call", None), ("team-lead", "30m"), ("engineering-manager", "60m"), ("vp-engineering", "60m")],
    ),
    ("pagerduty", "SEV-3", [("on-call-engineer", None), ("vp-engineering", "60m")]),
    (
        "emotionscare",
        "P1",
        [("on-call-engineer", None), ("team-lead", None), ("security-team", None), ("devops", None)],
    ),
    ("emotionscare", "P2", [("on-call-engineer", None), ("team-lead", None), ("devops", None)]),
    ("emotionscare", "P3", [("team", None)]),
    ("emotionscare", "P4", []),
]


@pytest.mark.parametrize(("name", "level", "ladder"), LADDERS)
def test_the_escalation_ladder_is_the_documents(name, level, ladder):
    rungs = [rung for rung in PLAYBOOKS[name].escalation if not rung.levels or level in rung.levels]
    assert [(rung.contact, rung.after) for rung in rungs] == [
        (contact, None if after is None else parse_duration(after)) for contact, after in ladder
    ]


def test_only_the_rung_for_long_customer_impact_counts_from_the_first_impact():
    counted = {
        (name, rung.contact): rung.counted_from
        for name in NAMES
        for rung in PLAYBOOKS[name].escalation
        if rung.counted_from is not Milestone.DETECTED
    }
    assert counted == {("pagerduty", "vp-engineering"): Milestone.FIRST_IMPACT}


#: What the decision matrix says: minutes since a deployment (None: none), cause known, estimate → the choice.
DECISIONS = [
    ("emotionscare", 15, True, 2, Choice.FIX),
    ("emotionscare, down", 15, True, 2, Choice.ROLLBACK),
    ("emotionscare, down", 16, True, 2, Choice.FIX),
    ("emotionscare", 16, True, 2, Choice.FIX),
    ("emotionscare", None, True, 4.9, Choice.FIX),
    ("emotionscare", None, True, 5, Choice.ROLLBACK),
    ("emotionscare", None, True, 30, Choice.ROLLBACK),
    ("emotionscare", None, False, None, Choice.ROLLBACK),
    ("emotionscare", None, True, None, None),
    ("fastapi", 3, True, 2, Choice.ROLLBACK),
    ("fastapi", 16, True, 2, None),
    ("fastapi", None, False, None, None),
    ("slurpy", 3, True, 2, Choice.ROLLBACK),
    ("slurpy", None, False, None, None),
    ("nutriprofile", 3, True, 2, None),
    ("pagerduty", 3, True, 2, None),
]


@pytest.mark.parametrize(("name", "since_deploy", "known", "estimate", "choice"), DECISIONS)
def test_the_decision_rules_choose_as_the_document_does(name, since_deploy, known, estimate, choice):
    name, _, down = name.partition(", ")
    facts = {"cause_known": known, "site_failing": bool(down)}
    facts |= {"minutes_since_deploy": since_deploy} if since_deploy is not None else {}
    facts |= {"fix_minutes": estimate} if estimate is not None else {}
    rules = PLAYBOOKS[name].decisions
    first = next((rule for rule in rules if compile_condition(rule.when).holds(facts)), None)
    assert (first.decide if first else None) == choice


def test_the_goals_of_the_documents_are_data():
    goals = PLAYBOOKS["pagerduty"].goals
    assert goals is not None
    assert goals.mtta is not None
    assert goals.mtta.within == parse_duration("5m")
    assert {level: stated(limit) for level, limit in goals.mttr.items()} == {
        "SEV-1": parse_duration("1h"),
        "SEV-2": parse_duration("4h"),
    }
    assert (goals.false_positive_share, goals.pages_per_week, goals.action_items_in_time_share) == (0.05, 10, 0.9)
    assert (goals.post_mortem_share, goals.post_mortem_review_after) == (1.0, parse_duration("30d"))
    assert (goals.runbook_tested_every, goals.runbook_reviewed_after_use) == (parse_duration("13w"), True)
    nutriprofile = PLAYBOOKS["nutriprofile"].goals
    assert nutriprofile is not None
    assert {level: stated(limit) for level, limit in nutriprofile.mttr.items()} == {
        "SEV-1": parse_duration("1h"),
        "SEV-2": parse_duration("4h"),
        "SEV-3": parse_duration("24h"),
        "SEV-4": parse_duration("1w"),
    }
    assert all(PLAYBOOKS[name].goals is None for name in ("slurpy", "fastapi", "emotionscare"))


def test_what_is_to_be_done_afterwards_has_its_deadlines():
    found = {name: [task.by for task in PLAYBOOKS[name].follow_ups] for name in NAMES}
    day, week, month = parse_duration("24h"), parse_duration("1w"), parse_duration("30d")
    assert found["slurpy"] == [day] * 4 + [week] * 4 + [month] * 4
    assert found["emotionscare"] == [day] * 5 + [None] * 5
    assert found["pagerduty"] == [None, parse_duration("48h"), None, None]
    assert set(found["fastapi"]) == set(found["nutriprofile"]) == {None}


def test_only_the_document_that_speaks_of_urgency_has_one():
    urgencies = {name: [level.urgency for level in PLAYBOOKS[name].levels] for name in NAMES}
    assert urgencies.pop("pagerduty") == [Urgency.HIGH, Urgency.HIGH, Urgency.LOW, Urgency.LOW]
    assert all(urgency is None for levels in urgencies.values() for urgency in levels)


def test_a_restart_is_right_beside_a_rollback_where_the_document_offers_it_first():
    (rule,) = PLAYBOOKS["slurpy"].decisions
    assert (rule.decide, rule.also_right) == (Choice.ROLLBACK, (Choice.FIX,))


def test_the_statuses_are_the_documents():
    said = {name: [status.value for status in PLAYBOOKS[name].statuses] for name in NAMES}
    assert said["fastapi"] == ["investigating", "identified", "mitigating", "resolved"]
    assert said["pagerduty"] == said["nutriprofile"] == ["investigating", "identified", "monitoring", "resolved"]


def test_the_commander_of_fastapi_has_five_duties_and_the_team_five_rules():
    fastapi = PLAYBOOKS["fastapi"]
    assert [duty.says.split(":")[0] for duty in fastapi.commander_duties] == [
        "Coordinate",
        "Communicate",
        "Decide",
        "Track",
        "Close",
    ]
    assert len(fastapi.communication_rules) == 5


def test_the_post_mortem_of_pagerduty_is_counted_from_the_resolution():
    pagerduty = PLAYBOOKS["pagerduty"]
    for level in ("SEV-1", "SEV-2"):
        limit = pagerduty.level(level).post_mortem
        assert limit is not None
        assert limit.counted_from is Milestone.ALL_CLEAR
    assert [phase.counted_from for phase in pagerduty.phases if phase.by] == [Milestone.ALL_CLEAR]


def test_each_next_business_day_has_a_calendar_and_says_why_it_is_taken():
    for name in ("nutriprofile", "pagerduty", "emotionscare"):
        assert PLAYBOOKS[name].business_time is not None
    for name, level in (("pagerduty", "SEV-4"), ("emotionscare", "P4")):
        assert "We take the business day" in PLAYBOOKS[name].level(level).respond.source


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("nutriprofile", ["", "", "", ""]),
        ("slurpy", ["#incident-YYYYMMDD", "", "", ""]),
        ("fastapi", ["#incidents", "#incidents", "#incidents-low", "#incidents-low"]),
        ("pagerduty", ["#incident-YYYY-MM-DD", "#incident-YYYY-MM-DD", "", ""]),
        ("emotionscare", ["#incidents", "#incidents", "", ""]),
    ],
)
def test_channels_are_those_of_the_document(name, channels):
    assert [level.channel for level in PLAYBOOKS[name].levels] == channels


def test_who_commands_does_not_repair_where_the_document_says_so():
    assert [name for name in NAMES if not PLAYBOOKS[name].commander_may_repair] == ["fastapi"]


def test_contacts_of_escalation_vendors_and_security_are_data():
    slurpy = {contact.name for contact in PLAYBOOKS["slurpy"].contacts}
    assert {"on-call-engineer", "tech-lead", "cto", "security-team", "fly-io", "supabase", "clerk"} <= slurpy
    emotionscare = {contact.name: contact.reach for contact in PLAYBOOKS["emotionscare"].contacts}
    assert "security@emotionscare.com" in emotionscare["security-team"]
    assert {"on-call-engineer", "team-lead", "devops"} <= emotionscare.keys()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["declared", "update", "all-clear"])
def test_the_team_is_told_in_the_documents_form_at_every_status(name, kind):
    told = {
        status
        for template in PLAYBOOKS[name].templates
        if template.kind == kind and template.audience is Audience.TEAM
        for status in template.statuses
    }
    assert told == set(MessageStatus)


@pytest.mark.parametrize("name", ["slurpy", "fastapi", "pagerduty"])
def test_the_status_page_has_a_text_for_what_is_investigated_identified_and_resolved(name):
    texts = {
        (template.kind, status)
        for template in PLAYBOOKS[name].templates
        if template.audience is Audience.STATUS_PAGE
        for status in template.statuses
    }
    assert {
        ("declared", MessageStatus.INVESTIGATING),
        ("update", MessageStatus.INVESTIGATING),
        ("update", MessageStatus.IDENTIFIED),
        ("update", MessageStatus.MONITORING),
        ("all-clear", MessageStatus.RESOLVED),
    } <= texts


@pytest.mark.parametrize("name", NAMES)
def test_every_template_can_be_rendered_whatever_is_known(name):
    assert [
        check_template(template.text) for template in PLAYBOOKS[name].templates if check_template(template.text)
    ] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_survives_being_stored_with_a_drill(name):
    stored = PLAYBOOKS[name].model_dump_json(by_alias=True)
    assert Playbook.model_validate_json(stored) == PLAYBOOKS[name]


def test_the_included_playbooks_have_no_errors():
    problems = [each for each in validate(included_root()) if each.file.startswith("playbooks/")]
    assert [str(problem) for problem in problems if not problem.warning] == []


def test_every_metric_of_the_catalogue_that_a_threshold_names_exists():
    names = {
        name
        for playbook in PLAYBOOKS.values()
        for each in playbook.thresholds
        for name in compile_condition(each.when).names
    }
    assert names <= set(CATALOGUE)


def test_the_smallest_playbook_of_the_documentation_is_one():
    text = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    assert build(parse_document(example[1], "docs/playbooks.md"), Playbook).problems == ()
    assert all(f"`{metric}`" in text for metric in CATALOGUE)

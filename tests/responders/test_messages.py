from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drills.model.playbook import Audience, Level, Limit, MessageStatus, Playbook, Template
from drills.responders.messages import MessageFacts, check_template, compose, next_update

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FACTS = MessageFacts(
    title="Checkout fails",
    drill_id="INC-20261121-001",
    started=NOON,
    now=NOON + timedelta(minutes=7),
    level="SEV2",
    commander="incident commander",
    duration=425.0,
    impact="one checkout in five fails",
    text="The database refuses connections.",
    actions=("restarted the pool", "watching"),
    next_update=NOON + timedelta(minutes=37),
    share_failed=0.214,
)


def playbook(*templates: Template, update_every: Limit | None = None) -> Playbook:
    level = Level(
        name="SEV2",
        means="major",
        respond=Limit(within=timedelta(minutes=15), source="line 1"),
        update_every=update_every,
    )
    return Playbook(name="p", title="P", levels=(level,), templates=templates)


def template(text: str, kind: str = "update", audience: Audience = Audience.TEAM) -> Template:
    return Template(audience=audience, statuses=tuple(MessageStatus), kind=kind, text=text, source="line 9")


def team(book: Playbook, facts: MessageFacts = FACTS, kind: str = "update") -> str:
    return compose(book, kind, Audience.TEAM, MessageStatus.IDENTIFIED, facts)


def test_a_message_is_the_playbooks_template_filled_with_the_facts() -> None:
    text = "INCIDENT UPDATE: {{ title }}\nSeverity: {{ level }}\nFor {{ duration | humane }}\nStatus: {{ status }}"
    assert team(playbook(template(text))) == (
        "[DRILL] INCIDENT UPDATE: Checkout fails\nSeverity: SEV2\nFor 7 m 05 s\nStatus: Identified"
    )


def test_times_lists_and_shares_read_as_people_write_them() -> None:
    text = "{{ started }}|{{ next_update | clock }}|{{ share_failed | percent }}|\n{{ actions }}"
    assert team(playbook(template(text))) == (
        "[DRILL] 2026-11-21 12:00 UTC|12:37 UTC|21.4 %|\n- restarted the pool\n- watching"
    )


def test_what_nobody_knows_yet_is_said_so() -> None:
    book = playbook(template("Cause: {{ cause }}, p95 {{ p95 }}, next {{ next_update | clock }}"))
    facts = replace(FACTS, next_update=None)
    assert team(book, facts) == "[DRILL] Cause: not known yet, p95 not known yet, next not known yet"


def test_the_template_is_chosen_by_kind_audience_and_status() -> None:
    only_resolved = Template(
        audience=Audience.STATUS_PAGE, statuses=(MessageStatus.RESOLVED,), kind="update", text="over", source="line 3"
    )
    book = playbook(only_resolved, template("for the team"), template("declared!", kind="declared"))
    assert compose(book, "update", Audience.STATUS_PAGE, MessageStatus.RESOLVED, FACTS) == "[DRILL] over"
    assert compose(book, "declared", Audience.TEAM, MessageStatus.INVESTIGATING, FACTS) == "[DRILL] declared!"
    other = compose(book, "update", Audience.STATUS_PAGE, MessageStatus.INVESTIGATING, FACTS)
    assert other.startswith("[DRILL] INCIDENT UPDATE: Checkout fails (INC-20261121-001)")


@pytest.mark.parametrize("kind", ["declared", "update", "all-clear"])
@pytest.mark.parametrize("audience", list(Audience))
def test_every_message_begins_with_the_mark_of_a_drill(kind: str, audience: Audience) -> None:
    for book in (playbook(), playbook(template("\n  hello", kind, audience)), playbook(template("[DRILL] x", kind))):
        message = compose(book, kind, audience, MessageStatus.RESOLVED, FACTS)
        assert message.startswith("[DRILL] ")
        assert message.count("[DRILL]") == 1


def test_without_a_template_a_plain_message_says_what_is_known() -> None:
    message = team(playbook(), replace(FACTS, commander=None), kind="declared")
    assert message.splitlines() == [
        "[DRILL] INCIDENT DECLARED: Checkout fails (INC-20261121-001)",
        "Status: identified",
        "Severity: SEV2",
        "Started: 2026-11-21 12:00 UTC (7 m 05 s ago)",
        "Impact: one checkout in five fails",
        "Actions: restarted the pool; watching",
        "Next update: 2026-11-21 12:37 UTC",
        "The database refuses connections.",
    ]


def test_text_of_people_is_never_run_as_a_template() -> None:
    assert "{{ 7 * 7 }}" in team(playbook(template("{{ text }}")), replace(FACTS, text="{{ 7 * 7 }}"))


def test_a_good_template_has_nothing_wrong() -> None:
    assert check_template("{{ title }} {% if cause %}{{ cause }}{% endif %} {{ duration | humane }}") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ sverity }}", "unknown variable sverity; known are actions, affected, cause,"),
        ("{% if false %}{{ hidden }}{% endif %}", "unknown variable hidden"),
        ("line one\n{{ title", "line 2: "),
        ("{{ title | shout }}", "line 1: No filter named 'shout'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ share_failed * 100 }}", "unsupported operand"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_bad_template_is_told_in_one_line(text: str, says: str) -> None:
    wrong = check_template(text)
    assert wrong is not None
    assert says in wrong
    assert "\n" not in wrong


def test_a_template_that_cannot_be_rendered_raises_one_line() -> None:
    with pytest.raises(ValueError, match=r"^template for update, team, identified: .*undefined$"):
        team(playbook(template("{{ nothing }}")))


def test_the_next_update_follows_the_cadence_of_the_level() -> None:
    book = playbook(update_every=Limit(within=timedelta(minutes=30), source="line 4"))
    assert next_update(book, "SEV2", NOON) == NOON + timedelta(minutes=30)


def test_no_update_is_promised_where_the_document_states_no_number() -> None:
    assert next_update(playbook(update_every=Limit(says="daily or so", source="line 4")), "SEV2", NOON) is None
    assert next_update(playbook(), "SEV2", NOON) is None
    assert next_update(playbook(), None, NOON) is None

"""A facilitator corrects when a milestone was reached; both scores are kept, and the report shows both.

The drill of these tests began at 13:00:00 UTC on 19 November 2026; its fault came at +00:05, its end at +00:51.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.corrections import CORRECTABLE, MEASURED, correct
from drills.app.records import history, report_markdown
from drills.errors import BadInput, NotAllowed
from drills.model.events import Corrected, EndReason, ResponderKind
from drills.model.playbook import Milestone
from drills.model.scorecard import DrillResult
from tests.app.conftest import Begin, Ended
from tests.cli.typed import drills_here, one_line
from tests.scoring.timelines import QUIET, Drill, by_a_person, drill

BY_PHONE = "told by phone"


def without(kind: str) -> Drill:
    """The drill of a person who did everything but that."""
    whole = by_a_person()
    return replace(whole, events=tuple(event for event in whole.events if event.kind != kind))


@pytest.mark.parametrize(
    ("told", "t"),
    [
        ("13:00:20", 20.0),
        ("2026-11-19T13:00:20Z", 20.0),
        ("2026-11-19T14:00:20.5+01:00", 20.5),
        ("+00:20", 20.0),
        ("+0:00:20.25", 20.25),
    ],
)
def test_a_moment_may_be_told_in_each_form(context: Context, ended: Ended, told: str, t: float) -> None:
    drill_id = ended(without("acknowledged"))
    amended = correct(context, drill_id, {Milestone.ACKNOWLEDGED: told}, BY_PHONE)
    assert amended.scorecard.milestones[Milestone.ACKNOWLEDGED] == t


@pytest.mark.parametrize("milestone", CORRECTABLE)
def test_each_milestone_of_a_responder_can_be_corrected(context: Context, ended: Ended, milestone: Milestone) -> None:
    # After users were well again: an earlier all-clear would be premature.
    amended = correct(context, ended(by_a_person()), {milestone: "+00:48.5"}, BY_PHONE)
    assert amended.scorecard.milestones[milestone] == 48.5
    assert amended.scorecard.corrected


def test_both_scores_are_kept_and_the_report_shows_both(context: Context, ended: Ended) -> None:
    drill_id = ended(without("acknowledged"))
    with context.store() as store:
        ended_at = store.drill(drill_id).ended_at
    amended = correct(context, drill_id, {Milestone.ACKNOWLEDGED: "13:00:16"}, BY_PHONE)
    with context.store() as store:
        first, second = store.scorecards_of(drill_id)
        corrected = store.timeline(drill_id).last(Corrected)
        assert store.drill(drill_id).ended_at == ended_at
    assert first.scorecard.score == second.scorecard.original_score
    assert second.scorecard == amended.scorecard
    assert second.reason == "corrected: acknowledged"
    assert (second.scorecard.score or 0) > (first.scorecard.score or 0)
    assert corrected is not None
    assert (corrected.when, corrected.why) == (16.0, BY_PHONE)
    page = amended.report.read_text(encoding="utf-8")
    for score in (first.scorecard.score, second.scorecard.score):
        assert f"{score:.1f}".removesuffix(".0") in page
    assert "| Acknowledged | not reached | 13:00:16, 00:16.0 | told by phone |" in report_markdown(context, drill_id)


def test_the_last_of_two_corrections_counts_and_the_original_score_stays(context: Context, ended: Ended) -> None:
    drill_id = ended(by_a_person())
    first = correct(context, drill_id, {Milestone.ACKNOWLEDGED: "+00:30"}, "read off the pager")
    second = correct(context, drill_id, {Milestone.ACKNOWLEDGED: "+00:20"}, BY_PHONE)
    assert second.scorecard.milestones[Milestone.ACKNOWLEDGED] == 20.0
    assert first.scorecard.original_score == second.scorecard.original_score == 100.0


def test_a_result_that_a_correction_changes_is_the_historys_too(context: Context, ended: Ended) -> None:
    drill_id = ended(by_a_person())
    amended = correct(context, drill_id, {Milestone.ALL_CLEAR: "+00:30"}, "the call was ended while users had errors")
    assert amended.scorecard.premature_all_clear
    assert [each.result for each in history(context, last=1)] == [DrillResult.MISSED]


@pytest.mark.parametrize("milestone", MEASURED)
def test_what_is_measured_is_refused(context: Context, ended: Ended, milestone: Milestone) -> None:
    drill_id = ended(by_a_person())
    done = drills_here(
        "correct", drill_id, f"--{milestone.value}", "13:00:20", "--because", "so", folder=context.workspace.home
    )
    assert done.returncode == 2
    assert one_line(done).startswith(f"--{milestone.value}: ")
    assert "so it cannot be corrected; correct --acknowledged, " in done.stderr
    with context.store() as store:
        assert len(store.scorecards_of(drill_id)) == 1


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("12:59:59", "that is before the drill; write a moment from 13:00:05 to 13:00:51 UTC on 2026-11-19, +00:05"),
        ("2026-11-18T13:00:20Z", "that is before the drill"),
        ("+00:04", "nothing was wrong yet; write a moment from 13:00:05"),
        ("13:00", "nothing was wrong yet"),
        ("+00:52", "that is after the end of the drill; write a moment from 13:00:05 to 13:00:51"),
        ("13:01", "that is after the end of the drill"),
        ("14h03", "is not a moment; write 14:03 (UTC), "),
        ("25:00", "is not a moment"),
        ("+1:2:3:4", "is not a moment"),
        ("", "is not a moment"),
        ("2026-11-19T13:00:20", "says no time zone; write 2026-11-19T13:00:20Z for UTC"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_refused(context: Context, ended: Ended, told: str, why: str) -> None:
    drill_id = ended(by_a_person())
    with pytest.raises(BadInput) as refused:
        correct(context, drill_id, {Milestone.ACKNOWLEDGED: told}, BY_PHONE)
    assert str(refused.value).startswith(f"--acknowledged {told}: {why}")
    assert "\n" not in str(refused.value)
    with context.store() as store:
        assert store.timeline(drill_id).first(Corrected) is None


def test_a_time_of_day_after_midnight_is_the_next_day(context: Context, ended: Ended) -> None:
    whole = by_a_person()
    late = [event.model_copy(update={"at": event.at.replace(hour=23, minute=59, second=30)}) for event in whole.events]
    drill_id = ended(replace(whole, events=tuple(late)))
    amended = correct(context, drill_id, {Milestone.ACKNOWLEDGED: "00:00:10"}, BY_PHONE)
    assert amended.scorecard.milestones[Milestone.ACKNOWLEDGED] == 40.0


def test_a_reason_and_a_milestone_are_asked_for(context: Context, ended: Ended) -> None:
    drill_id = ended(by_a_person())
    with pytest.raises(BadInput, match="--because: say how it is known"):
        correct(context, drill_id, {Milestone.ACKNOWLEDGED: "+00:20"}, "  ")
    with pytest.raises(BadInput, match="say what to correct: --acknowledged TIME, --severity-declared TIME"):
        correct(context, drill_id, {}, BY_PHONE)


def test_a_post_mortem_is_handed_in_instead(context: Context, ended: Ended) -> None:
    drill_id = ended(by_a_person())
    with pytest.raises(BadInput, match=f"hand it in with `drills postmortem {drill_id} --done`"):
        correct(context, drill_id, {Milestone.POST_MORTEM: "+00:20"}, BY_PHONE)


def test_a_drill_without_a_score_has_nothing_to_correct(context: Context, begin: Begin) -> None:
    record = begin("bad-deploy", blind=False)
    with context.store() as store:
        store.end_unscored(record.drill_id, DrillResult.ABORTED)
    with pytest.raises(BadInput, match="it is aborted and has no score"):
        correct(context, record.drill_id, {Milestone.ACKNOWLEDGED: "+00:20"}, BY_PHONE)


def test_a_control_drill_asks_for_no_response(context: Context, ended: Ended) -> None:
    quiet = drill(ResponderKind.PERSON, scenario=QUIET).baseline().well(20).ended(EndReason.CONTROL_COMPLETE)
    with pytest.raises(BadInput, match="nothing was injected in this drill, so it asks for no response"):
        correct(context, ended(quiet), {Milestone.ACKNOWLEDGED: "+00:20"}, BY_PHONE)


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.OBSERVER, Role.REVIEWER])
def test_only_a_facilitator_corrects(context: Context, ended: Ended, role: Role) -> None:
    drill_id = ended(by_a_person())
    other = replace(context, caller=Caller(role))
    with pytest.raises(NotAllowed, match="milestones are corrected for facilitators only"):
        correct(other, drill_id, {Milestone.ACKNOWLEDGED: "+00:20"}, BY_PHONE)


def test_nobody_corrects_a_drill_that_goes_on(context: Context, begin: Begin) -> None:
    record = begin("bad-deploy", blind=True)
    with pytest.raises(NotAllowed, match="still going on; milestones are corrected when it has ended"):
        correct(context, record.drill_id, {Milestone.ACKNOWLEDGED: "+00:20"}, BY_PHONE)


def test_a_secret_in_the_reason_is_masked(context: Context, ended: Ended) -> None:
    drill_id = ended(by_a_person())
    correct(context, drill_id, {Milestone.ACKNOWLEDGED: "+00:20"}, "password=hunter2hunter2 was read out")
    with context.store() as store:
        corrected = store.timeline(drill_id).last(Corrected)
    assert corrected is not None
    assert "hunter2" not in corrected.why


def test_the_command_prints_both_scores(context: Context, ended: Ended) -> None:
    drill_id = ended(by_a_person())
    words = ("--acknowledged", "13:00:20", "--because", BY_PHONE)
    done = drills_here("correct", drill_id, *words, folder=context.workspace.home)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (f"Score 100  A   met; 100 without the correction\nReport: reports/{drill_id}/index.html\n")

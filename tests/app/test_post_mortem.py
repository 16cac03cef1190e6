"""A post-mortem is drafted from the stored events, edited as a file, and handed in with its time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.post_mortem import hand_in, write_draft
from drills.app.records import report_markdown
from drills.errors import BadInput, InvalidFiles, NotAllowed
from drills.model.aftermath import PostMortemHandedIn
from drills.model.events import DrillEnded
from drills.model.scorecard import DrillResult
from drills.store.after_log import AfterLog
from tests.app.conftest import Begin, Ended
from tests.cli.typed import drills_here
from tests.fakes import FakeClock
from tests.scoring.timelines import by_a_person, playbook

#: The whole drill of a person, whose level has a post-mortem within two days.
DRILL = by_a_person()


def filled(text: str) -> str:
    """The draft as somebody has edited it: what was asked for is written, and there is one action item."""
    kept = "\n".join(line for line in text.splitlines() if "TODO:" not in line or line.startswith("Write what"))
    item = "| 1 | Roll back by itself | @platform | P1 | 2026-12-01 | open |"
    return re.sub(r"(\| #   \|[^\n]*\n\|[^\n]*\n)(?:\|[^\n]*\n)*", rf"\1{item}\n", kept + "\n")


def test_a_draft_is_written_beside_the_report_and_never_over_a_file(context: Context, ended: Ended) -> None:
    drill_id = ended(DRILL)
    path = write_draft(context, drill_id)
    assert path == context.workspace.reports_dir / drill_id / "post-mortem.md"
    path.write_text("edited", encoding="utf-8")
    with pytest.raises(BadInput, match="is there already, and may have been edited; hand it in with --done"):
        write_draft(context, drill_id)
    assert path.read_text(encoding="utf-8") == "edited"
    other = write_draft(context, drill_id, path.with_name("second.md"))
    assert other.read_text(encoding="utf-8").startswith("# Post-mortem: A release with a bug\n")


def test_an_edited_one_is_handed_in_with_its_time_and_its_items(context: Context, ended: Ended) -> None:
    clock = FakeClock()
    drill_id = ended(DRILL)
    path = write_draft(context, drill_id)
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    before = report_markdown(context, drill_id)
    handed_in = hand_in(replace(context, clock=clock), drill_id)
    assert (handed_in.at, len(handed_in.items)) == (clock.now(), 1)
    with context.store() as store:
        (event,) = AfterLog(store).all()[drill_id]
    assert isinstance(event, PostMortemHandedIn)
    assert (event.at, event.items, event.text) == (clock.now(), handed_in.items, path.read_text(encoding="utf-8"))
    # What comes after a drill changes neither its timeline nor its score.
    assert report_markdown(context, drill_id) == before


def test_each_version_that_is_handed_in_is_kept(context: Context, ended: Ended) -> None:
    drill_id = ended(DRILL)
    path = write_draft(context, drill_id)
    text = filled(path.read_text(encoding="utf-8"))
    for status in ("open", "done"):
        path.write_text(text.replace("| open |", f"| {status} |"), encoding="utf-8")
        hand_in(context, drill_id)
    with context.store() as store:
        events = AfterLog(store).all()[drill_id]
    assert [event.items[0].status for event in events if isinstance(event, PostMortemHandedIn)] == ["open", "done"]


def test_a_draft_that_nobody_edited_is_not_handed_in(context: Context, ended: Ended) -> None:
    drill_id = ended(DRILL)
    path = write_draft(context, drill_id)
    with pytest.raises(InvalidFiles, match=re.escape(f"{path}:")) as refused:
        hand_in(context, drill_id)
    assert "still to be written" in str(refused.value)
    with context.store() as store:
        assert AfterLog(store).all() == {}


def test_without_a_draft_the_command_that_writes_one_is_told(context: Context, ended: Ended) -> None:
    drill_id = ended(DRILL)
    with pytest.raises(InvalidFiles, match=f"there is no such file; `drills postmortem {drill_id}` writes a draft"):
        hand_in(context, drill_id)


def test_a_deadline_counts_from_the_end_of_the_drill(context: Context, ended: Ended) -> None:
    levels = [level.model_dump(mode="json", by_alias=True) for level in playbook().levels]
    levels[1]["post-mortem"] = {"within": "24h", "source": "line 22"}
    first, *rest = DRILL.events
    strict = first.model_copy(update={"playbook": playbook(levels=levels)})
    drill_id = ended(replace(DRILL, events=(strict, *rest)))
    path = write_draft(context, drill_id)
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    handed_in = hand_in(context, drill_id)
    end = DRILL.timeline().first(DrillEnded)
    assert end is not None
    assert handed_in.due == end.at + timedelta(hours=24)


@pytest.mark.parametrize("role", [Role.OBSERVER])
def test_observers_write_none(context: Context, ended: Ended, role: Role) -> None:
    drill_id = ended(DRILL)
    other = replace(context, caller=Caller(role))
    for act in (write_draft, hand_in):
        with pytest.raises(NotAllowed, match="post-mortems are written and tasks are closed for"):
            act(other, drill_id)


def test_nobody_writes_one_while_the_drill_goes_on(context: Context, begin: Begin) -> None:
    record = begin("bad-deploy", blind=True)
    with pytest.raises(NotAllowed, match="still going on; post-mortems are written and tasks are closed when"):
        write_draft(context, record.drill_id)


def test_a_drill_without_a_score_has_none(context: Context, begin: Begin, ended: Ended) -> None:
    record = begin("bad-deploy", blind=False)
    with context.store() as store:
        store.append(record.drill_id, DRILL.events[0])
        store.end_unscored(record.drill_id, DrillResult.ABORTED)
    with pytest.raises(BadInput, match="has no score"):
        write_draft(context, record.drill_id)


def test_the_command_writes_refuses_and_hands_in(context: Context, ended: Ended) -> None:
    drill_id, home = ended(DRILL), context.workspace.home
    written = drills_here("postmortem", drill_id, folder=home)
    shown = f"reports/{drill_id}/post-mortem.md"
    assert written.stdout == f"{shown}: edit it, then run `drills postmortem {drill_id} --done`\n"
    refused = drills_here("postmortem", drill_id, "--done", folder=home)
    assert refused.returncode == 2
    assert all(f"{shown}:" in line for line in refused.stderr.splitlines())
    path = home / shown
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = drills_here("postmortem", drill_id, "--done", folder=home)
    assert re.fullmatch(r"handed in at \d{4}-\d\d-\d\d \d\d:\d\d UTC, with 1 action item\n", done.stdout)

"""Texts from outside, on every surface that shows them: none steers the terminal, is markup, or breaks a document."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from drills.app.access import TERMINAL
from drills.app.context import Context
from drills.app.live import Happened
from drills.app.outcome import outcome_of
from drills.cli.live import Live, make_console
from drills.cli.outcome import print_outcome
from drills.errors import BadInput
from drills.json_log import JsonLog
from drills.model import events as ev
from drills.model.scorecard import Scorecard
from drills.model.timeline import Timeline
from drills.model.visible import visible, visible_json
from drills.reporting.content import content
from drills.reporting.html import html
from drills.reporting.json_report import json_report
from drills.reporting.junit import junit
from drills.reporting.markdown import markdown
from drills.responders.plain_text import LONGEST
from drills.workspace.workspace import Workspace
from tests.app.test_respond import Office
from tests.cli.typed import drills_here
from tests.faults.paper_sandbox import PaperSandbox
from tests.reporting import example
from tests.store.drill_data import StoppedClock
from tests.wild.cases import Case, cases_of
from tests.workspace import sample

#: What must reach no terminal and no document: all but tab and line feed, which the surfaces write themselves.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
cases = pytest.mark.parametrize("case", cases_of("texts"))


def text_of(case: Case) -> str:
    return str(case.given["text"]) * int(case.given.get("times", 1))


def stored(case: Case) -> str:
    """As an event can hold it: halves of surrogate pairs are in no text that was decoded."""
    text = text_of(case)
    return text if text.isascii() or not re.search(r"[\ud800-\udfff]", text) else visible(text)


def shown_in(case: Case, output: str) -> bool:
    """Whether the right text is in what was printed, however its lines were folded."""
    return "".join(str(case.right["shown"]).split()) in "".join(output.split())


def terminal(case: Case, output: str) -> None:
    assert not UNSEEN.search(output), UNSEEN.findall(output)
    assert shown_in(case, output)


def with_text(text: str) -> tuple[Timeline, Scorecard]:
    """The rich drill of the reports' tests, with this for all texts that came from outside."""
    fields = ("text", "reason", "title", "output", "message")
    events = [
        event.model_copy(update={name: text for name in fields if hasattr(event, name)}) for event in example.timeline()
    ]
    card = example.scorecard(title=text, headline=text)
    row = card.rows[0].model_copy(update={"label": text, "reason": text, "limit_says": text, "limit": None})
    return Timeline(events), card.model_copy(update={"rows": (row, *card.rows[1:])})


@cases
def test_lists_and_stories(case: Case, tmp_path: Path) -> None:
    written = visible_json(json.dumps(text_of(case), ensure_ascii=False))
    scenario = re.sub(r"(?m)^(title|story): .*$", lambda line: f"{line[1]}: {written}", sample.SCENARIO)
    scenario = re.sub(r"(?m)^hints: .*$", lambda _: f"hints: [{written}]", scenario)
    sample.write_workspace(tmp_path, sample.FILES | {"scenarios/slow-query/scenario.yaml": scenario})
    for words, lines in ((("list",), 2), (("show", "slow-query", "--spoil"), None)):
        done = drills_here(*words, folder=tmp_path)
        assert not UNSEEN.search(done.stdout + done.stderr)
        if done.returncode:
            assert "scenario.yaml:1: " in done.stderr, "a text that cannot be one is refused with its place"
            continue
        terminal(case, done.stdout)
        assert lines in (None, len(done.stdout.splitlines()))


@cases
@pytest.mark.parametrize("width", [60, 140])
def test_a_drill_as_it_happens_and_its_outcome(case: Case, width: int, tmp_path: Path) -> None:
    timeline, card = with_text(stored(case))
    console = make_console()
    stream = console.file = io.StringIO()
    console.width = width
    live = Live(console)
    live.show(Happened(ev.NoteTaken(t=1.0, at=example.at(1.0), text=stored(case))))
    alert = ev.AlertFired(
        t=1.0, at=example.at(1.0), alert_id="a", key="k", level="SEV1", title=stored(case), reason="x"
    )
    live.show(Happened(alert))
    terminal(case, stream.getvalue())
    assert len(stream.getvalue().splitlines()) == 2
    session: Any = SimpleNamespace(
        scorecard=card,
        record=SimpleNamespace(drill_id=card.drill_id, blind=True),
        timeline=timeline,
        owed=(),
        report=tmp_path / "r\x1b.html",
        unstored="",
        interrupted=False,
    )
    print_outcome(console, outcome_of(session), tmp_path)
    terminal(case, stream.getvalue())


@cases
def test_reports(case: Case) -> None:
    timeline, card = with_text(stored(case))
    report = content(timeline, card)
    page, text, document, suites = html(report), markdown(report), json_report(report), junit([card])
    for each in (page, text, document, suites):
        assert not UNSEEN.search(each)
    assert json.loads(document)["scorecard"]["title"] == stored(case)
    assert shown_in(case, "".join(ET.fromstring(suites).itertext()))
    ordinary = content(*with_text("plain words"))
    assert tags(page) == tags(html(ordinary))
    assert len(text) < 3 * len(markdown(ordinary)) + 20 * len(stored(case))
    assert elements(text) == elements(markdown(ordinary))


def elements(text: str) -> list[str]:
    """What a Markdown document is made of."""
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return re.findall(r"</?(?:h\d|td|th|tr|table|ul|script|a|img)\b", rendered)


def tags(page: str) -> list[str]:
    """The page's elements, but for those of its chart."""
    return re.findall(r"<(/?\w+)", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))


@cases
def test_what_a_responder_says(case: Case, tmp_path: Path) -> None:
    desk = Office(tmp_path).desk
    said = text_of(case)
    if len(said) > LONGEST:
        said_at = (desk.take_note, desk.name_commander, partial(desk.declare_severity, "SEV1"), desk.name_cause)
        for say in said_at:
            with pytest.raises(BadInput) as told:
                say(said)
            assert len(str(told.value)) < 200
        return
    desk.name_commander(said)
    terminal(case, desk.post_update(said, "investigating", status_page=False, users=False).text)
    desk.take_note(said)
    desk.declare_severity("SEV1", said)
    status = desk.status()
    terminal(case, status)
    (tmp_path / "other").mkdir()
    plain = Office(tmp_path / "other").desk
    plain.name_commander("Ann")
    plain.post_update("we look", "investigating", status_page=False, users=False)
    plain.take_note("seen")
    plain.declare_severity("SEV1", "errors")
    assert len(status.splitlines()) == len(plain.status().splitlines()), "no line besides"


@cases
def test_a_service_log_and_containers_logs(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    JsonLog(lines.append, StoppedClock()).say("alert", reason=text_of(case))
    assert not UNSEEN.search(lines[0])
    assert json.loads(lines[0])["reason"] == text_of(case)

    class Talkative(PaperSandbox):
        def logs(self, service: str, *, since: timedelta | None = None, grep: str | None = None) -> Sequence[str]:
            return [text_of(case)]

    opened = (Context(Workspace.load(tmp_path), TERMINAL), Talkative())
    monkeypatch.setattr("drills.cli.sandbox.asking.open_sandbox", lambda _, **_options: opened)
    assert not UNSEEN.search(drills_here("sandbox", "logs", "app", folder=tmp_path).stdout)


@cases
def test_commands_that_are_given_it(case: Case, tmp_path: Path) -> None:
    sample.write_workspace(tmp_path, sample.FILES)
    for words in (("show", text_of(case)), ("report", text_of(case)), ("probe", text_of(case))):
        done = drills_here(*words, folder=tmp_path)
        assert done.returncode == 2
        assert not UNSEEN.search(done.stdout + done.stderr)
        assert "Traceback" not in done.stderr
        assert len(done.stderr) < 3000

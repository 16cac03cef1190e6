"""Health over a while, names of services, links and migrations, on a sandbox on paper."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, repeat

import pytest

from drills.app.context import Context
from drills.app.sandbox.changes import change_link, links, revert_last_migration
from drills.app.sandbox.questions import known_services, wait_for_health
from drills.errors import BadInput, NotSupported
from drills.sandbox.capabilities.links import Toxic
from tests.app.conftest import Begin
from tests.faults.paper_sandbox import PaperSandbox


class Answering(PaperSandbox):
    """Whether its app is well, answer by answer; the last one goes on."""

    def __init__(self, *well: bool) -> None:
        super().__init__()
        self._answers = chain(well, repeat(well[-1]))
        self.asked = 0

    def health(self) -> Mapping[str, tuple[bool, str]]:
        self.asked += 1
        return {"app /health": (next(self._answers), "said"), "cache": (False, "not an endpoint")}

    def refusal(self, service: str, act: str) -> str | None:
        return f"{service}: {act} is not allowed" if service.endswith("cache") else None


def test_without_patience_it_is_asked_once() -> None:
    sandbox = Answering(False)
    assert not wait_for_health(sandbox, every=False, patience=0.0, steady=0.0).well
    assert sandbox.asked == 1


def test_it_is_waited_for_and_one_good_answer_is_not_steady() -> None:
    sandbox = Answering(True, False, True)
    found = wait_for_health(sandbox, every=False, patience=20.0, steady=0.3)
    assert found.well
    assert sandbox.asked >= 4
    assert list(found.answers) == ["app /health"]


def test_every_service_is_asked_if_that_is_wanted() -> None:
    found = wait_for_health(Answering(True), every=True, patience=0.0, steady=0.0)
    assert (found.well, set(found.answers)) == (False, {"app /health", "cache"})


def test_services_are_known_by_name_each_once_and_replicas_by_that_of_their_service() -> None:
    assert known_services(PaperSandbox(), ["app/2", "cache", "app/2"]) == ("app/2", "cache")
    with pytest.raises(BadInput, match="there is no service 'chache'; did you mean cache"):
        known_services(PaperSandbox(), ["app", "chache"])


def test_a_link_is_cut_and_opened_by_its_name(context: Context) -> None:
    sandbox = Answering(True)
    name = next(each.name for each in sandbox.links.list() if not each.name.endswith("cache"))
    change_link(sandbox, name, cut=True)
    assert [each.condition for each in links(context, sandbox, name)] == ["CUT"]
    change_link(sandbox, name, cut=False)
    assert {each.condition for each in links(context, sandbox)} == {"open"}


def test_a_slow_link_is_shown_as_slow_except_to_the_responder_of_a_blind_drill(context: Context, begin: Begin) -> None:
    sandbox = PaperSandbox()
    name = next(each.name for each in sandbox.links.list())
    sandbox.links.add_toxic(name, Toxic("latency", "latency", attributes={"latency": 2000, "jitter": 0}))
    assert [each.condition for each in links(context, sandbox, name)] == ["slow (+2 s)"]
    begin(blind=True)
    assert [each.condition for each in links(context, sandbox, name)] == ["open"]
    sandbox.links.set(name, enabled=False)
    assert [each.condition for each in links(context, sandbox, name)] == ["CUT"]


def test_a_link_that_there_is_not_or_that_must_not_be_cut_is_refused(context: Context) -> None:
    sandbox = Answering(True)
    forbidden = next(each.name for each in sandbox.links.list() if each.name.endswith("cache"))
    with pytest.raises(NotSupported, match="cut is not allowed"):
        change_link(sandbox, forbidden, cut=True)
    with pytest.raises(BadInput, match="name the link; "):
        change_link(sandbox, None, cut=True)
    with pytest.raises(BadInput, match="there is no link 'app-chache'; did you mean app-cache"):
        change_link(sandbox, "app-chache", cut=False)
    assert {each.condition for each in links(context, sandbox)} == {"open"}


def test_the_last_migration_alone_is_reverted() -> None:
    sandbox = PaperSandbox()

    def applied() -> list[str]:
        return [each.version for each in sandbox.migrations.list() if each.applied_at is not None]

    before = applied()
    assert before
    for left in range(len(before) - 1, -1, -1):
        revert_last_migration(sandbox)
        assert applied() == before[:left]
    with pytest.raises(BadInput, match="no migration is applied"):
        revert_last_migration(sandbox)

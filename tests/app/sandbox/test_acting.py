"""Who may operate the sandbox, and that what is done to it during a drill becomes evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.sandbox.acting import acting, open_sandbox
from drills.app.sandbox.state import take_down, whole_state
from drills.errors import EnvironmentFailed, ExitCode, NotAllowed, SandboxBusy
from drills.model.events import ActionTaken
from drills.processes.mark import RUNBOOK_STEP
from tests.app.conftest import Begin
from tests.faults.paper_sandbox import PaperSandbox


def recorded(context: Context, drill_id: str) -> list[ActionTaken]:
    with context.store() as store:
        return [event for event in store.events(drill_id) if isinstance(event, ActionTaken)]


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.REVIEWER])
def test_onlookers_do_not_operate_the_sandbox(context: Context, role: Role) -> None:
    with pytest.raises(NotAllowed, match="the sandbox is operated for responders and facilitators only"):
        open_sandbox(replace(context, caller=Caller(role)))


def test_a_sandbox_that_is_down_is_told_with_how_to_start_it(context: Context) -> None:
    with pytest.raises(EnvironmentFailed, match="the sandbox is down; start it with `drills sandbox up`"):
        open_sandbox(context)
    assert not open_sandbox(context, must_be_up=False).is_up()


def test_an_action_during_a_drill_is_an_event_of_it(context: Context, begin: Begin) -> None:
    record = begin(blind=True)
    with acting(context, ["sandbox", "restart", "app"], read_only=False) as evidence:
        evidence.output = "app restarted"
    (event,) = recorded(context, record.drill_id)
    assert (event.command, event.output) == ("drills sandbox restart app", "app restarted")
    assert (event.read_only, event.exit_status) == (False, 0)


def test_an_action_that_fails_is_kept_with_its_status(context: Context, begin: Begin) -> None:
    record = begin(blind=False)
    with pytest.raises(EnvironmentFailed), acting(context, ["sandbox", "restart", "app"], read_only=False):
        raise EnvironmentFailed("app does not start")
    assert [event.exit_status for event in recorded(context, record.drill_id)] == [ExitCode.NOT_VALID]


def test_a_runbooks_step_is_its_own_evidence(context: Context, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    record = begin(blind=False)
    monkeypatch.setenv(RUNBOOK_STEP, "restart")
    with acting(context, ["sandbox", "restart", "app"], read_only=False):
        pass
    assert recorded(context, record.drill_id) == []


def test_the_whole_state_is_kept_from_the_terminal_of_a_blind_drill(context: Context, begin: Begin) -> None:
    sandbox = PaperSandbox()
    assert "settings" in whole_state(context, sandbox)
    begin(blind=True)
    with pytest.raises(NotAllowed, match="the whole state is shown when it has ended"):
        whole_state(context, sandbox)
    assert "settings" in whole_state(replace(context, caller=Caller(Role.FACILITATOR)), sandbox)


def test_a_sandbox_is_not_taken_down_under_a_drill(context: Context, begin: Begin) -> None:
    sandbox = PaperSandbox()
    begin(blind=False)
    with pytest.raises(SandboxBusy):
        take_down(context, sandbox)
    assert sandbox.is_up()

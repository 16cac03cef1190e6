"""Who may start what; which scenarios are drawn for a practice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.rehearsal import rehearse
from drills.app.start import conduct, plan, plan_practice
from drills.errors import Aborted, BadInput, NotAllowed
from drills.model.responder_kind import ResponderKind
from drills.store.switch import KillSwitch
from drills.workspace.workspace import Workspace


def test_a_drill_is_answered_by_its_runbook_if_nothing_else_is_said(context: Context) -> None:
    planned = plan(context, "slow-query", on_copy=True)
    assert (planned.responder, planned.blind, planned.on_copy) == (ResponderKind.RUNBOOK, False, True)


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.OBSERVER, Role.REVIEWER])
def test_only_a_facilitator_starts_a_drill_that_everybody_knows(context: Context, role: Role) -> None:
    planned = plan(context, "database-failure")
    theirs = replace(context, caller=Caller(role))
    for refused in (lambda: plan(theirs, "slow-query"), lambda: rehearse(theirs, planned)):
        with pytest.raises(NotAllowed, match="drills are started for facilitators only"):
            refused()


def test_a_trainee_starts_a_practice(context: Context) -> None:
    trainee = replace(context, caller=Caller(Role.RESPONDER))
    planned = plan_practice(trainee, "slow-query")
    assert (planned.responder, planned.blind) == (ResponderKind.PERSON, True)
    with pytest.raises(NotAllowed):
        plan_practice(replace(context, caller=Caller(Role.OBSERVER)))


def with_only(context: Context, *names: str) -> Context:
    """The same workspace with these scenarios alone."""
    folder = context.workspace.home / "scenarios"
    included = folder.resolve()
    folder.unlink()
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(included / name)
    return replace(context, workspace=Workspace.load(context.workspace.home))


def test_a_control_drill_is_not_drawn(context: Context) -> None:
    two = with_only(context, "quiet", "slow-query")
    assert {plan_practice(two).scenario.name for _ in range(20)} == {"slow-query"}


def test_where_there_are_only_control_drills_none_is_drawn(context: Context) -> None:
    with pytest.raises(BadInput, match="there is no scenario to draw"):
        plan_practice(with_only(context, "quiet"))


def test_nothing_starts_while_the_kill_switch_is_on(context: Context) -> None:
    with context.store() as store:
        KillSwitch(store).stop("a real incident")
    with pytest.raises(Aborted, match=r"drills are stopped since .* \(a real incident\)"):
        asyncio.run(conduct(context, plan(context, "database-failure")))

"""Who may start what; which scenarios are drawn for a practice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.rehearsal import rehearse
from drills.app.start import conduct, plan, plan_practice
from drills.errors import Aborted, BadInput, InvalidFiles, NotAllowed
from drills.model.responder_kind import ResponderKind
from drills.service.serve import serve
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


def edited(context: Context, file: str, edit: Callable[[str], str]) -> Context:
    """The same workspace with that file edited; its folder is no longer the included one."""
    home = context.workspace.home
    folder = home / file.partition("/")[0]
    if folder.is_symlink():
        included = folder.resolve()
        folder.unlink()
        shutil.copytree(included, folder)
    (home / file).write_text(edit((home / file).read_text(encoding="utf-8")), encoding="utf-8")
    return replace(context, workspace=Workspace.load(home))


#: What can be read and is found wrong by `drills validate`: a file, what is replaced in it, and the error.
WRONG = {
    "a timeout that is longer than the time between two checks": (
        "probes/shop.yaml", "  timeout: 3s\n", "  timeout: 5s\n", "timeout: is longer than 'every'",
    ),
    "a cause that is not among the candidates": (
        "scenarios/slow-query/scenario.yaml", "cause: missing-index", "cause: no-index", "is not among the candidates",
    ),
    "a runbook that names another cause": (
        "scenarios/slow-query/runbook.md", '"cause":"missing-index"', '"cause":"no-index"', "is not among the",
    ),
    "a metric that is not there": (
        "playbooks/fastapi.yaml", "when: error_rate > ", "when: eror_rate > ", "eror_rate",
    ),
    "an address that is not there": (
        "probes/shop.yaml", "${edge}", "${egde}", "is not an address",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_validate_refuses_is_not_run_practised_or_served(
    context: Context, wrong: tuple[str, str, str, str]
) -> None:
    file, right, instead, said = wrong

    def edit(text: str) -> str:
        assert right in text
        return text.replace(right, instead, 1)

    home = context.workspace.home
    config = home / "drills.yaml"
    schedule = "schedule: [{drill: slow-query, monthly: first Monday 10:00}]\n"
    config.write_text(config.read_text(encoding="utf-8") + schedule, encoding="utf-8")
    edited_one = edited(context, file, edit)
    for refused in (
        lambda: plan(edited_one, "slow-query"),
        lambda: plan_practice(edited_one, "slow-query"),
        lambda: asyncio.run(serve(edited_one, lambda _: None)),
    ):
        with pytest.raises(InvalidFiles, match=rf"{file}:\d+: .*{said}"):
            refused()


def test_what_is_wrong_with_another_scenario_or_playbook_does_not_matter(context: Context) -> None:
    broken = edited(context, "scenarios/bad-deploy/scenario.yaml", lambda text: text + "unknown: 1\n")
    broken = edited(broken, "playbooks/slurpy.yaml", lambda text: text + "unknown: 1\n")
    assert plan(broken, "slow-query").scenario.name == "slow-query"
    with pytest.raises(InvalidFiles, match=r"slurpy.yaml:\d+: unknown"):
        plan(broken, "slow-query", playbook="slurpy")

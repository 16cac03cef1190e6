"""Who may end, recover and maintain; what is owed is told to those who may know what is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drills.app.access import Caller, Role
from drills.app.context import Context
from drills.app.files import check_files
from drills.app.probes import choose_probes
from drills.app.upkeep import check_machine, give_up, owed_undos, recover, resume, stop
from drills.errors import BadInput, EnvironmentFailed, ExitCode, NotAllowed, SandboxBusy
from drills.store.journal import Journal
from drills.store.switch import KillSwitch
from tests.app.conftest import Begin


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.RESPONDER])
def test_whoever_takes_part_may_stop_drills_and_they_stay_stopped(context: Context, role: Role) -> None:
    done = stop(replace(context, caller=Caller(role)), "a real incident", stay_stopped=True)
    assert done.exit_code is ExitCode.ALL_MET
    with context.store() as store:
        assert KillSwitch(store).state().why == "a real incident"


def test_drills_are_allowed_again_by_whoever_maintains_the_workspace(context: Context) -> None:
    stop(context, "a real incident", stay_stopped=True)
    with pytest.raises(NotAllowed):
        resume(replace(context, caller=Caller(Role.RESPONDER)))
    resume(context)
    with context.store() as store:
        assert not KillSwitch(store).state().stopped


def test_onlookers_change_nothing(context: Context) -> None:
    for role in (Role.OBSERVER, Role.REVIEWER):
        theirs = replace(context, caller=Caller(role))
        for refused in (
            lambda theirs=theirs: stop(theirs, "", stay_stopped=True),
            lambda theirs=theirs: recover(theirs),
            lambda theirs=theirs: give_up(theirs, 1, "gone", forced=True),
            lambda theirs=theirs: check_machine(theirs),
        ):
            with pytest.raises(NotAllowed):
                refused()


def test_the_terminal_of_a_blind_drill_may_still_recover_but_not_read_what_is_owed(
    context: Context, begin: Begin
) -> None:
    record = begin(blind=True)
    with context.store() as store:
        Journal(store).write(record.drill_id, "default", "kill-service", "kill database", {})
    with pytest.raises(NotAllowed, match="what is broken and measured is shown when it has ended"):
        owed_undos(context)
    with pytest.raises(SandboxBusy):  # nobody else may mend what its own runner mends
        recover(context)
    facilitator = replace(context, caller=Caller(Role.FACILITATOR))
    assert [(each.summary, each.attempts) for each in owed_undos(facilitator)] == [("kill database", 0)]


def test_an_undo_is_not_given_up_without_a_reason(context: Context) -> None:
    with pytest.raises(BadInput, match="--because: write why it cannot be undone"):
        give_up(context, 1, "  ", forced=True)


def test_probes_are_chosen_by_their_names(context: Context) -> None:
    with pytest.raises(BadInput, match="there is no probe 'serach'; did you mean search"):
        choose_probes(context, ["serach"])
    with pytest.raises(EnvironmentFailed, match="the sandbox is down"):
        choose_probes(context, ["search"])
    with pytest.raises(NotAllowed):
        choose_probes(replace(context, caller=Caller(Role.REVIEWER)), ["search"])


def test_files_are_checked_in_a_workspace_only(context: Context) -> None:
    assert [str(each) for each in check_files(context.workspace.home) if not each.warning] == []
    with pytest.raises(BadInput, match="this folder is not in a workspace"):
        check_files(context.workspace.home.parent)

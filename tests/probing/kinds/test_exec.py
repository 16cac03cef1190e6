"""exec probes: what is left of a command, what it gets, and where it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest

from drills.errors import BadInput
from drills.model.probe import Outcome, ProbeSpec
from drills.probing.bind import bind
from drills.probing.remote.messages import Question
from drills.probing.remote.server import ProbeServer, kinds_for_others
from tests.probing.checking import Checked, probe, run_probe

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        os.environ.clear()
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
while not os.path.exists(sys.argv[1]) or not open(sys.argv[1]).read():
    time.sleep(0.01)
print("OK")
"""


def runs(pid: int) -> bool:
    """Whether it does; one that nobody has waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def checked(command: Any, **more: Any) -> Checked:
    settings = {"command": command, **more.pop("settings", {})}
    return asyncio.run(run_probe("exec", settings, every="20s", timeout=more.pop("timeout", "20s"), **more))


@pytest.mark.parametrize("then", ["", "; sleep 60"])
def test_a_daemon_that_a_command_starts_is_ended_with_it(tmp_path: Path, then: str) -> None:
    program, noted = tmp_path / "daemon.py", tmp_path / "pid"
    program.write_text(DAEMON)
    found = checked(f"python3 {program} {noted}{then}", timeout="5s")
    assert found.outcome is (Outcome.FAIL if then else Outcome.PASS)
    assert not runs(int(noted.read_text()))


def test_nothing_is_left_of_a_command_whose_check_is_cancelled(tmp_path: Path) -> None:
    noted = tmp_path / "pid"

    async def cancelled() -> None:
        settings = {"command": f"echo $$ > {noted}; sleep 60"}
        check = asyncio.create_task(run_probe("exec", settings, every="20s", timeout="20s"))
        while not (noted.exists() and noted.read_text().strip()):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
        check.cancel()
        await asyncio.gather(check, return_exceptions=True)

    asyncio.run(cancelled())
    assert not runs(int(noted.read_text()))


def test_a_command_gets_few_variables_and_those_that_the_probe_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    monkeypatch.setenv("TOKEN", "token")
    settings = {"environment": {"SITE": "shop"}, "inherit": ["TOKEN"]}
    found = checked('echo "OK $${PGPASSWORD:-none} $TOKEN $SITE $LC_ALL"', settings=settings, asserts=["output != ''"])
    assert found.seen.values["output"] == "OK none token shop C.UTF-8"


def test_arguments_of_a_list_are_handed_on_as_they_are() -> None:
    found = checked(["printf", "%s|x=1", "OK $HOME; * 'a'"], asserts=["metrics.x == 1.0"])
    assert found.seen.values["output"] == "OK $HOME; * 'a'"


def test_it_runs_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "check_here").write_text("#!/bin/sh\necho OK here\n")
    (tmp_path / "check_here").chmod(0o755)
    found = checked(["./check_here"], settings={"folder": str(tmp_path)}, asserts=["output == 'OK here'"])
    assert (found.outcome, found.reason) == (Outcome.PASS, "")
    gone = str(tmp_path / "gone")
    with pytest.raises(BadInput, match=r"exec\.folder: .*gone is not a folder"):
        checked("true", settings={"folder": gone})


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"command": ""}, "command: is empty"),
        ({"command": []}, "command: is empty"),
        ({"command": "a\0b"}, "zero byte"),
        ({"command": ["check", 5]}, "command: 5 is not a text; write"),
        ({"command": {"a": "b"}}, "is not a text"),
        ({"command": "true", "environment": {"A B": "x"}}, "'A B' is not a variable's name"),
        ({"command": "true", "report": {"dsk": "used"}}, "'dsk' is not a metric of thresholds; did you mean disk?"),
        ({"command": "true", "report": {"site_failing": "x"}}, "'site_failing' is not a metric of thresholds"),
    ],
)
def test_settings_that_cannot_be_used_are_told(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput) as error:
        probe("exec", settings)
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_more_commands_than_may_run_at_once_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.probing.kinds.exec.probe._AT_ONCE", 1)

    async def both(timeout: str) -> list[Checked]:
        from contextlib import closing

        from drills.probing.engine.preparing import prepare
        from drills.probing.engine.verdict import judge
        from drills.probing.net.resolver import Resolver
        from drills.probing.seen import ProbeContext

        with closing(Resolver()) as resolver:
            context = ProbeContext(resolver, asyncio.get_running_loop().time)
            bound = [
                bind(ProbeSpec.model_validate({"name": "a", "exec": {"command": each}, "timeout": timeout}), {})
                for each in ("sleep 1; echo OK", "echo OK")
            ]
            seen = await asyncio.gather(*(prepare(each, context)() for each in bound))
            return [Checked(*await judge(*each, context.evaluator), each[1]) for each in zip(bound, seen, strict=True)]

    assert [each.outcome for each in asyncio.run(both("20s"))] == [Outcome.PASS, Outcome.PASS]
    first, second = asyncio.run(both("500ms"))
    assert first.outcome is Outcome.FAIL
    assert (second.outcome, second.reason) == (
        Outcome.UNKNOWN,
        "the prober is overloaded: 1 commands are already running",
    )


def _asked(kinds: frozenset[str] | None) -> str:
    async def answer() -> str:
        answering = ProbeServer(kinds=kinds)
        question = Question.model_validate(
            {"name": "a", "kind": "exec", "settings": {"command": "echo 'CRITICAL x'; exit 2"}, "timeout": "20s"}
        )
        try:
            return (await answering.answer(question)).reason
        finally:
            await answering.close()

    return asyncio.run(answer())


def test_no_command_is_run_for_another_machine_unless_the_owner_of_this_one_allows_it() -> None:
    with pytest.raises(BadInput, match="exec probes are refused here, unless with drills prober --allow exec"):
        _asked(None)
    assert _asked(kinds_for_others(["exec"])) == "CRITICAL x"
    with pytest.raises(BadInput, match="a heartbeat probe checks its own machine only"):
        kinds_for_others(["heartbeat"])
    with pytest.raises(BadInput, match="--allow: 'exce' is not a kind of probe; did you mean exec"):
        kinds_for_others(["exce"])

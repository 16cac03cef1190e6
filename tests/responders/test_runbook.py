"""Steps are executed by a real shell: their end, their output, and nothing left of them afterwards."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest

from drills.clock import SystemClock
from drills.masking.masking import MASK
from drills.model.playbook import Choice
from drills.responders.runbook import (
    OUTPUT_LIMIT,
    RunbookResult,
    StepResult,
    Surroundings,
    execute,
    rehearsable,
    run_by_itself,
)
from drills.responders.runbook_file import Block, parse_runbook


def blocks(*each: tuple[str, str]) -> tuple[Block, ...]:
    """Blocks of attributes and commands."""
    return parse_runbook("".join(f"```bash {attributes}\n{command}\n```\n\n" for attributes, command in each)).blocks


def run(
    these: Iterable[Block], folder: Path, *, secrets: tuple[str, ...] = (), choice: Choice | None = None
) -> tuple[RunbookResult, list[StepResult]]:
    seen: list[StepResult] = []
    surroundings = Surroundings(folder, dict(os.environ), lambda: secrets)
    result = asyncio.run(execute(these, surroundings, clock=SystemClock(), on_step=seen.append, choice=choice))
    return result, seen


def marked(mark: str) -> list[psutil.Process]:
    """Living processes whose command line holds that text."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and mark in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_steps_run_in_order_in_the_workspace_and_the_first_failure_stops_them(tmp_path: Path) -> None:
    result, seen = run(
        blocks(
            ('{"name":"first"}', "pwd; echo said >&2"),
            ('{"name":"second"}', "exit 3"),
            ('{"name":"third"}', "touch never"),
        ),
        tmp_path,
    )
    assert [(step.block.name, step.ok, step.exit_status) for step in seen] == [
        ("first", True, 0),
        ("second", False, 3),
    ]
    assert seen[0].output.split() == [str(tmp_path), "said"]
    assert (result.ok, result.stopped_at, result.reason) == (False, "second", "exit status 3, not 0")
    assert not (tmp_path / "never").exists()


def test_a_step_stops_at_its_first_failing_command(tmp_path: Path) -> None:
    result, _ = run(blocks(('{"name":"x"}', "false | true\ntouch never")), tmp_path)
    assert not result.ok
    assert not (tmp_path / "never").exists()


def test_an_expected_exit_status_is_a_success(tmp_path: Path) -> None:
    assert run(blocks(('{"name":"x","exit":3}', "exit 3")), tmp_path)[0].ok
    assert run(blocks(('{"name":"x","exit":3}', "true")), tmp_path)[0].reason == "exit status 0, not 3"


def test_an_expected_output_decides(tmp_path: Path) -> None:
    assert run(blocks(('{"name":"x","expect":"^rows: [0-9]+"}', "echo rows: 12")), tmp_path)[0].ok
    refused, _ = run(blocks(('{"name":"x","expect":"rows"}', "echo none")), tmp_path)
    assert refused.reason == "the output does not contain 'rows'"


def test_an_expected_output_is_found_also_where_the_evidence_is_cut(tmp_path: Path) -> None:
    filler = "head -c 60000 /dev/zero | tr '\\0' x"
    result, seen = run(blocks(('{"name":"x","expect":"needle"}', f"{filler}; echo needle; {filler}")), tmp_path)
    assert result.ok
    assert "needle" not in seen[0].output


def test_long_output_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    flood = "echo begin; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end"
    _, seen = run(blocks(('{"name":"x"}', flood)), tmp_path)
    output = seen[0].output
    assert output.startswith("begin")
    assert output.rstrip().endswith("end")
    assert "characters left out" in output
    assert len(output) < OUTPUT_LIMIT + 100


def test_secrets_are_masked_in_the_evidence(tmp_path: Path) -> None:
    _, seen = run(
        blocks(('{"name":"x"}', "echo the key is s3cr3t-key, password=abcdef")), tmp_path, secrets=("s3cr3t-key",)
    )
    assert seen[0].output == f"the key is {MASK}, password={MASK}\n"


def test_a_secret_that_a_step_types_is_masked_in_its_command_and_in_all_that_repeats_it(tmp_path: Path) -> None:
    these = blocks(
        ('{"name":"one"}', "true ALTER ROLE shop PASSWORD 'kingfisher-7'; echo it was kingfisher-7"),
        ('{"name":"two"}', "echo still kingfisher-7; exit 1"),
    )
    _, seen = run(these, tmp_path)
    assert seen[0].command == f"true ALTER ROLE shop PASSWORD '{MASK}'; echo it was {MASK}"
    assert [step.output for step in seen] == [f"it was {MASK}\n", f"still {MASK}\n"]


def test_a_secret_across_the_cut_of_a_long_output_leaves_no_half(tmp_path: Path) -> None:
    secret = "s3cr3t-" + "k" * 60
    for before in (OUTPUT_LIMIT // 2 - 30, OUTPUT_LIMIT // 2 + 9, 64_000 - 30):
        flood = f"printf '%{before}s%s%40000s' x {secret} y"
        _, seen = run(blocks(('{"name":"x"}', flood)), tmp_path, secrets=(secret,))
        assert "s3cr3t" not in seen[0].output
        assert "kkkk" not in seen[0].output


def test_what_is_expected_and_decided_is_asked_of_the_real_output(tmp_path: Path) -> None:
    said = "partner lantern  api-key: revoked  since 2026-11-02"
    result, seen = run(blocks(('{"name":"x","expect":"api-key: revoked"}', f"echo {said}")), tmp_path)
    assert result.ok
    assert MASK in seen[0].output
    decided, _ = run(blocks(('{"name":"x","decision":true}', "echo rollback")), tmp_path, secrets=("rollback",))
    assert decided.steps[0].choice is Choice.ROLLBACK


def test_a_coloured_or_carriage_returned_output_is_asked_as_a_terminal_shows_it(tmp_path: Path) -> None:
    said = "printf '\\033[32mready\\033[0m\\r\\n'"
    assert run(blocks(('{"name":"x","expect":"^ready$"}', said)), tmp_path)[0].ok


def test_a_pattern_that_would_never_end_lets_the_loop_run(tmp_path: Path) -> None:
    result, _ = run(blocks(('{"name":"x","expect":"(a+)+$"}', f"echo {'a' * 41}!")), tmp_path)
    assert result.reason == "the output does not contain '(a+)+$'"


def test_what_a_step_exports_is_there_in_later_steps_and_its_secrets_are_masked(tmp_path: Path) -> None:
    these = blocks(
        ('{"name":"one"}', "export ORDER_ID=42 SHOP_TOKEN=kingfisher-7; unset HOME; cd /"),
        (
            '{"name":"two"}',
            'echo "order $ORDER_ID with $SHOP_TOKEN at ${HOME-home} in $PWD, step $DRILLS_RUNBOOK_STEP"',
        ),
    )
    result, seen = run(these, tmp_path)
    assert result.ok
    assert seen[1].output == f"order 42 with {MASK} at home in {tmp_path}, step two\n"


def test_output_that_is_no_text_is_kept_as_far_as_it_can_be(tmp_path: Path) -> None:
    result, seen = run(blocks(('{"name":"x"}', "printf 'a\\377b'")), tmp_path)
    assert result.ok
    assert seen[0].output == "a\ufffdb"


def test_a_decision_chooses_the_steps_that_follow(tmp_path: Path) -> None:
    these = blocks(
        ('{"name":"decide","decision":true}', "echo thinking; echo rollback"),
        ('{"name":"fix","when":"fix"}', "touch fixed"),
        ('{"name":"roll-back","when":"rollback"}', "touch rolled-back"),
    )
    result, seen = run(these, tmp_path)
    assert result.ok
    assert [step.block.name for step in seen] == ["decide", "roll-back"]
    assert seen[0].choice is Choice.ROLLBACK
    assert [step.skipped for step in result.steps] == [False, True, False]
    assert {path.name for path in tmp_path.iterdir()} == {"rolled-back"}


def test_a_decision_that_decides_nothing_fails(tmp_path: Path) -> None:
    result, _ = run(blocks(('{"name":"x","decision":true}', "echo perhaps")), tmp_path)
    assert result.reason == "a decision ends with a line that says fix, rollback or wait"


def test_only_read_only_steps_are_rehearsed() -> None:
    text = '```sh {"name":"check","read-only":true}\ntrue\n```\n\n```sh {"name":"act"}\ntrue\n```\n'
    assert [block.name for block in rehearsable(parse_runbook(text).blocks)] == ["check"]


def test_optional_steps_are_left_to_people_and_rehearsed_all_the_same() -> None:
    these = blocks(
        ('{"name":"check","read-only":true}', "true"),
        ('{"name":"check-closer","read-only":true,"excludeFromRunAll":true}', "true"),
        ('{"name":"act"}', "true"),
        ('{"name":"last-resort","excludeFromRunAll":true}', "true"),
    )
    assert [block.name for block in run_by_itself(these)] == ["check", "act"]
    assert [block.name for block in rehearsable(these)] == ["check", "check-closer"]


def test_a_step_beyond_its_time_ends_with_all_that_it_started(tmp_path: Path) -> None:
    mark = f"drills-test-{os.getpid()}-timeout"
    child = f"{sys.executable} -c 'import time; time.sleep(300)' {mark}"
    # The child ignores SIGTERM's usual way through the shell: it is a grandchild in the background of a subshell.
    result, _ = run(blocks(('{"name":"x","timeout":"300ms"}', f"({child} &) ; {child}")), tmp_path)
    assert result.reason == "not finished after 0.3 s"
    assert marked(mark) == []


def test_a_step_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    mark = f"drills-test-{os.getpid()}-stubborn"
    child = f"{sys.executable} -c 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)' {mark}"
    result, _ = run(blocks(('{"name":"x","timeout":"1s"}', child)), tmp_path)
    assert not result.ok
    assert marked(mark) == []


def test_what_a_step_leaves_in_the_background_ends_with_it_and_holds_nothing_up(tmp_path: Path) -> None:
    mark = f"drills-test-{os.getpid()}-background"
    child = f"{sys.executable} -c 'import time; time.sleep(300)' {mark}"
    result, seen = run(blocks(('{"name":"x","timeout":"100s"}', f"{child} & echo done")), tmp_path)
    assert result.ok
    assert seen[0].output == "done\n"
    assert marked(mark) == []


def test_a_cancelled_runbook_leaves_no_process(tmp_path: Path) -> None:
    mark = f"drills-test-{os.getpid()}-cancelled"
    child = f"touch began; {sys.executable} -c 'import time; time.sleep(300)' {mark}; touch never"

    async def cancelled() -> None:
        surroundings = Surroundings(tmp_path, dict(os.environ))
        running = asyncio.create_task(
            execute(blocks(('{"name":"x"}', child)), surroundings, clock=SystemClock(), on_step=lambda _: None)
        )
        while not (tmp_path / "began").exists():  # noqa: ASYNC110 - a file is what the step tells us with
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert marked(mark) == []
    assert not (tmp_path / "never").exists()


def test_a_shell_that_cannot_be_started_is_a_failed_step(tmp_path: Path) -> None:
    surroundings = Surroundings(tmp_path / "gone", dict(os.environ))
    these = blocks(('{"name":"x"}', "true"))
    result = asyncio.run(execute(these, surroundings, clock=SystemClock(), on_step=lambda _: None))
    assert result.reason == "bash cannot be started: No such file or directory"


def test_durations_are_of_the_monotonic_clock(tmp_path: Path) -> None:
    class SetBack(SystemClock):
        def monotonic(self) -> float:
            return 5.0

    surroundings = Surroundings(tmp_path, dict(os.environ))
    result = asyncio.run(
        execute(blocks(('{"name":"x"}', "true")), surroundings, clock=SetBack(), on_step=lambda _: None)
    )
    assert result.steps[0].seconds == 0.0
    assert time.monotonic() > 5.0


def test_a_step_finds_this_drills_and_its_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "0123456789")
    surroundings = Surroundings.of(tmp_path, "INC-20261121-001")
    these = blocks(('{"name":"x"}', 'command -v drills; echo "$DRILLS_DRILL" "$DRILLS_WORKSPACE" "$DEPLOY_TOKEN"'))
    result = asyncio.run(execute(these, surroundings, clock=SystemClock(), on_step=lambda _: None))
    found, said = result.steps[0].output.splitlines()
    assert Path(found).parent == Path(sys.executable).parent
    assert said == f"INC-20261121-001 {tmp_path} {MASK}"


def test_a_step_finds_the_sandboxs_addresses_and_their_passwords_are_masked(tmp_path: Path) -> None:
    addresses = {"web": "http://h:1", "external-api": "h:2", "db": "postgresql://app:kingfisher@h/x", "PATH": "nowhere"}
    surroundings = Surroundings.of(tmp_path).at(addresses)
    these = blocks(('{"name":"x"}', 'echo ${web} "$external_api" ${db}; command -v drills > /dev/null'))
    result = asyncio.run(execute(these, surroundings, clock=SystemClock(), on_step=lambda _: None))
    assert result.ok
    assert result.steps[0].output == f"http://h:1 h:2 postgresql://app:{MASK}@h/x\n"

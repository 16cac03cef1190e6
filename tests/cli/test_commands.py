"""The command line as a user meets it: help, names, exit statuses, one line for each error, and a quick start."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer.main

from drills.cli import application as cli
from drills.cli import sandbox
from drills.errors import (
    Aborted,
    BadInput,
    DrillsError,
    EnvironmentFailed,
    ExitCode,
    InvalidFiles,
    NotSupported,
    SandboxBusy,
    UndoOwed,
)
from drills.model.responder_kind import ResponderKind
from drills.model.scorecard import DrillResult
from drills.store.store import Store
from tests.cli.typed import ROOT, drills, drills_here, one_line

#: What takes long to import, or is for one command only.
HEAVY = ("pycurl", "matplotlib", "sqlalchemy", "locust", "httpx", "psycopg", "alembic", "redis", "requests", "rich")


def commands(group: Any, name: str = "drills") -> Iterator[tuple[str, Any]]:
    """Every command with its whole name; Typer brings its own Click along, so no class is named here."""
    if hasattr(group, "commands"):
        for each, command in group.commands.items():
            yield from commands(command, f"{name} {each}")
    else:
        yield name, group


COMMANDS = dict(commands(typer.main.get_command(cli.app)))


def test_every_command_is_there() -> None:
    words = {
        "list show run demo practice serve calendar stop resume probe heartbeat validate report history export score",
        "recover doctor schema",
        "respond ack|severity|command|update|note|check|decide|cause|escalate|hint|all-clear|status",
        "sandbox up|down|status|sql|redis|logs|releases|deploy|rollback|restart|scale|set|health|link",
        "sandbox changes|stats|resize|certificate|renew-certificate|migrate|backups|back-up|load-backup|disk|report",
        "sandbox provider status|keys|charges|replay",
    }
    wanted = set()
    for line in words:
        if "|" in line:
            group, _, names = line.rpartition(" ")
            wanted |= {f"drills {group} {name}" for name in names.split("|")}
        else:
            wanted |= {f"drills {name}" for name in line.split()}
    assert wanted <= set(COMMANDS)


@pytest.mark.parametrize("listed", [cli.COMMANDS, sandbox.COMMANDS], ids=["drills", "drills sandbox"])
def test_the_modules_register_the_commands_that_are_listed_for_them(listed: dict[str, str]) -> None:
    registered = {}
    for module in dict.fromkeys(listed.values()):
        app = typer.Typer()
        import_module(module).register(app)
        registered |= dict.fromkeys(typer.main.get_group(app).commands, module)
    assert registered == listed


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_each_command_has_an_example_of_it(name: str) -> None:
    command = COMMANDS[name]
    context = command.make_context(name, [], resilient_parsing=True)
    text = " ".join(command.get_help(context).split())
    assert f"Example: {name}" in text
    assert command.help


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_example_of_each_command_can_be_parsed(name: str) -> None:
    """What it shows is what it takes: every word and option of the example is known."""
    import shlex

    command = COMMANDS[name]
    example = " ".join((command.epilog or "").split()).removeprefix("Example: ").partition(", or: ")[0]
    arguments = shlex.split(example)[len(name.split()) :]
    command.make_context(name, arguments, resilient_parsing=False)


def test_each_error_has_the_exit_status_that_is_documented() -> None:
    assert {kind: int(kind.exit_code) for kind in (BadInput, InvalidFiles, NotSupported)} == {
        BadInput: 2,
        InvalidFiles: 2,
        NotSupported: 2,
    }
    assert [int(kind.exit_code) for kind in (DrillsError, EnvironmentFailed, SandboxBusy)] == [3, 3, 3]
    assert (int(UndoOwed.exit_code), int(Aborted.exit_code)) == (4, 5)


def test_the_exit_statuses_that_help_lists_are_all_there_are() -> None:
    listed = {int(number) for number in re.findall(r"(?<![\w.])(\d+) ", " ".join(cli.EXIT_CODES.split()) + " ")}
    assert listed == {int(code) for code in ExitCode}


@pytest.mark.parametrize("words", [["--help"], ["list"], ["run", "--help"], ["sandbox", "--help"]])
def test_starting_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import json, sys\n"
        "from drills.cli.main import main\n"
        f"sys.argv = ['drills', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "slow-qeury"], "there is no scenario 'slow-qeury'; did you mean slow-query?"),
        (["run", "slowquery"], "did you mean slow-query?"),
        (["practice", "traffic_surg"], "did you mean traffic-surge?"),
        (["run", "slow-query", "--playbook", "fastap"], "there is no playbook 'fastap'; did you mean fastapi?"),
        (["run", "slow-query", "--runbook", "bad-deplo"], "did you mean bad-deploy?"),
        (["run", "quiet", "--responder", "runbook"], "quiet has no runbook; choose another one with --runbook"),
        (["run", "slow-query", "--from", "repair"], "no step 'repair'; the steps are "),
        (["run", "slow-query", "--responder", "none", "--from", "x"], "--runbook and --from need --responder runbook"),
        (["run", "slow-query", "--junit", "no/such/folder/x.xml"], "there is no folder no/such/folder"),
        (["run", "slow-query", "--junit", "."], "is a folder; name a file"),
        (["probe", "serach"], "there is no probe 'serach'; did you mean search?"),
        (["report", "INC-20200101-001"], "INC-20200101-001: no such drill; `drills history` lists them"),
        (["respond", "ack"], "no incident is going on; start one with `drills practice`"),
        (["sandbox", "set", "x"], "'x': write NAME=VALUE"),
        (["sandbox", "health", "--wait", "5 m"], "'5 m' is not a duration; write 5m"),
        (["sandbox", "changes", "--since", "soon"], "--since: 'soon' is not a duration"),
        (["sandbox", "logs", "--service", "databse"], "there is no service 'databse'; did you mean database?"),
        (["sandbox", "logs", "app", "chache"], "there is no service 'chache'; did you mean cache?"),
        (["sandbox", "resize", "app"], "say what to change: --memory 512m, --cpus 1, or both"),
        (["sandbox", "resize", "app", "--memory", "much"], "--memory: 'much' is not a size; write 512m or 2g"),
        (["sandbox", "migrate", "--down", "--to", "0001"], "--down and --to cannot be combined; give one of them"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(words: list[str], told: str, tmp_path: Path) -> None:
    done = drills_here(*words, folder=tmp_path)
    assert told in one_line(done)
    assert done.returncode == 2


@pytest.mark.parametrize(
    "words", [["sandbox", "status"], ["probe"], ["heartbeat", "x"], ["sandbox", "sql", "SELECT 1"]]
)
def test_a_sandbox_that_is_down_is_an_environment_that_failed(words: list[str], tmp_path: Path) -> None:
    done = drills_here(*words, folder=tmp_path)
    assert one_line(done).startswith("the sandbox is down; start it with `drills sandbox up`")
    assert done.returncode == 3


def test_an_unknown_responder_lists_the_known_ones(tmp_path: Path) -> None:
    done = drills_here("run", "slow-query", "--responder", "robot", folder=tmp_path)
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("runbook", "person", "none"))


def test_an_empty_folder_has_the_included_drills(tmp_path: Path) -> None:
    assert "database-failure" in drills_here("list", folder=tmp_path).stdout
    assert "INC" not in drills_here("history", folder=tmp_path).stdout


def test_a_dry_run_says_all_and_starts_nothing(tmp_path: Path) -> None:
    done = drills_here("run", "database-failure", "--dry-run", folder=tmp_path)
    assert done.returncode == 0
    for words in (
        "nothing is started",
        "hold the steady state",
        "write its undo, then",
        "restart-database (at most 1m)",
        "restart-all (at most 3m; optional: left to people)",
    ):
        assert words in done.stdout
    assert "kill database" not in done.stdout
    assert not (tmp_path / ".drills" / "sandbox").exists()
    spoiled = drills_here("run", "database-failure", "--dry-run", "--spoil", folder=tmp_path)
    assert "write its undo, then kill database" in spoiled.stdout


def test_show_tells_the_truth_only_when_asked(tmp_path: Path) -> None:
    shown = drills_here("show", "database-failure", folder=tmp_path).stdout
    assert "kill-service" not in shown
    assert "hint" not in shown
    assert "restart-database" not in shown
    spoiled = drills_here("show", "database-failure", "--spoil", folder=tmp_path).stdout
    assert "kill-service" in spoiled
    assert "changes  restart-database (at most 1m)" in spoiled
    assert "checks   keep-evidence (at most 1m; optional: left to people)" in spoiled


def test_a_reader_who_has_gone_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m drills validate | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""


def test_an_error_that_nobody_foresaw_is_one_line_unless_all_of_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("so\nbad")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == ExitCode.NOT_VALID
    assert capsys.readouterr().err == (
        "drills itself failed: RuntimeError: so bad; set DRILLS_TRACEBACK=1 to see where\n"
    )
    monkeypatch.setenv("DRILLS_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        cli.run()


def test_signs_that_a_terminal_cannot_show_end_nothing(tmp_path: Path) -> None:
    done = drills("respond", "--help", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")


def test_checking_with_no_probe_at_all_is_over_at_once() -> None:
    import asyncio

    from drills.probing.engine.once import check_once

    assert asyncio.run(asyncio.wait_for(check_once([], {}), 30)) == ()


def test_the_calendar_does_not_name_the_drill_that_a_person_is_to_answer(tmp_path: Path) -> None:
    schedule = "schedule: [{drill: slow-query, every: 1w, responder: person}]"
    (tmp_path / "drills.yaml").write_text(f"playbook: fastapi\n{schedule}\n", encoding="utf-8")
    shown = drills_here("calendar", "--months", "1", folder=tmp_path).stdout
    assert "(blind)" in shown
    assert "slow-query" not in shown
    assert "slow-query" in drills_here("calendar", "--months", "1", "--spoil", folder=tmp_path).stdout


def test_a_drill_that_died_before_its_first_event_has_no_report(tmp_path: Path) -> None:
    (tmp_path / ".drills").mkdir()
    store = Store.open(f"sqlite:///{tmp_path / '.drills' / 'drills.db'}")
    record = store.begin_drill(scenario="slow-query", sandbox="default", responder=ResponderKind.RUNBOOK)
    store.end_unscored(record.drill_id, DrillResult.ABORTED)
    store.close()
    done = drills_here("report", record.drill_id, folder=tmp_path)
    assert "nothing of it was recorded" in one_line(done)
    assert done.returncode == 2

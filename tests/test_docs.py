"""What the documentation shows is true: its files validate, its commands are accepted, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer

from acceptance import fault_table
from drills.cli.application import app
from drills.errors import ExitCode
from drills.model.playbook import kebab
from drills.model.probe import ProbeSpec
from drills.model.scenario import Scenario
from drills.probing.registry import PROBE_KINDS
from drills.responders.runbook_file import BlockAttributes
from drills.workspace.validate import validate

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(`{3,})(\w+)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?:# |<!-- )(\S+\.(?:yaml|md))")


def fences(text: str, language: str) -> Iterator[str]:
    return (body for _, said, body in FENCE.findall(text) if said == language)


def files_shown(page: Path) -> dict[str, str]:
    """Blocks whose first line names a file."""
    text = page.read_text(encoding="utf-8")
    blocks = [body for language in ("yaml", "markdown") for body in fences(text, language)]
    return {named[1]: body for body in blocks if (named := NAMED.match(body))}


def commands_shown() -> list[str]:
    """Every `drills …` of a shell block: to be typed as it stands."""
    lines = {
        line for page in PAGES for body in fences(page.read_text(encoding="utf-8"), "sh") for line in body.splitlines()
    }
    return sorted(line for line in lines if line.startswith("drills "))


def commands_mentioned() -> list[str]:
    """Every `drills …` in a sentence, perhaps without its arguments."""
    found = {each for page in PAGES for each in re.findall(r"`(drills [^`\n]+)`", page.read_text(encoding="utf-8"))}
    return sorted(line for line in found if "…" not in line and "--help" not in line)


def resolved(line: str) -> tuple[Any, str, list[str]]:
    """The command that a line names, its name, and the words after it; options that it does not have are an error."""
    command, name, words = typer.main.get_command(app), "drills", shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands") and words:
        assert words[0] in command.commands, f"there is no command {words[0]}"
        name, command, words = words[0], command.commands[words[0]], words[1:]
    names = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert not [word for word in words if word.startswith("-") and word not in names]
    return command, name, words


def test_the_workspace_of_the_readme_is_complete_and_right(tmp_path: Path) -> None:
    shown = files_shown(ROOT / "README.md")
    assert {Path(name).name for name in shown} >= {
        "drills.yaml",
        "scenario.yaml",
        "shop.yaml",
        "ours.yaml",
        "runbook.md",
    }
    for name, text in shown.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert [str(problem) for problem in validate(tmp_path)] == []


@pytest.mark.parametrize("line", commands_shown())
def test_a_command_that_is_shown_is_accepted(line: str) -> None:
    command, name, words = resolved(line)
    command.make_context(name, words)


@pytest.mark.parametrize("line", commands_mentioned())
def test_a_command_that_is_mentioned_is_there(line: str) -> None:
    resolved(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text)]
    local = [target for target in targets if target and "://" not in target]
    assert not [target for target in local if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_the_exit_statuses_are_those_of_the_program(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == {
        int(code) for code in ExitCode
    }


def rows(heading: str, page: str = "docs/scenarios.md") -> dict[str, str]:
    """The tables below a heading of a page: the text of each row by the names in its first cell."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].splitlines()
    lines = takewhile(lambda line: not line.startswith("## "), section)
    return {
        name: line for line in lines if line.startswith("| `") for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }


def commands(group: Any, *names: str) -> Iterator[str]:
    """Every command by the words that lead to it: `sandbox provider status`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield " ".join([*names, name])


COMMANDS = sorted(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told_of_in_a_page(command: str) -> None:
    told = [*commands_shown(), *commands_mentioned(), *(f"drills sandbox {each}" for each in commands_in_the_table())]
    assert [line for line in told if f"{line} ".startswith(f"drills {command} ")]


def commands_in_the_table() -> list[str]:
    """What stands in the first column of the sandbox's commands, an option that stands alone with its command."""
    found: list[str] = []
    for named in rows("Commands", "docs/sandbox.md"):
        found.append(f"{found[-1].partition(' -')[0]} {named}" if named.startswith("-") else named)
    return found


@pytest.mark.parametrize("line", commands_in_the_table())
def test_a_command_in_the_table_is_there_with_its_options(line: str) -> None:
    resolved(f"drills sandbox {line}")


def test_every_command_of_the_sandbox_stands_in_the_table() -> None:
    told = commands_in_the_table()
    wanted = [each.removeprefix("sandbox ") for each in COMMANDS if each.startswith("sandbox ")]
    assert not [each for each in wanted if not any(f"{line} ".startswith(f"{each} ") for line in told)]


def keys(model: object, prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        yield prefix + (field.alias or kebab(name.rstrip("_")))


def test_the_table_of_faults_is_that_of_the_kinds() -> None:
    page = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    assert page == fault_table.replaced(page, fault_table.table()), "python -m acceptance.fault_table writes it"


def test_every_kind_of_probe_is_told_with_its_settings() -> None:
    told = {name: line for name, line in rows("Probes").items() if name in PROBE_KINDS}
    assert set(told) == set(PROBE_KINDS)
    for kind, settings in PROBE_KINDS.items():
        assert not [key for key in keys(settings) if f"`{key}`" not in told[kind]], kind
        assert not [name for name in settings.names if f"`{name}`" not in told[kind]], kind


def test_every_key_of_a_scenario_is_told() -> None:
    told = {name.partition(".")[0] for name in rows("scenario.yaml")}
    assert told == set(keys(Scenario))
    dotted = set(rows("scenario.yaml"))
    for part in ("steady", "traffic", "expect", "truth", "limits"):
        annotation = Scenario.model_fields[part].annotation
        model = next(
            each for each in (annotation, *getattr(annotation, "__args__", ())) if hasattr(each, "model_fields")
        )
        assert set(keys(model, f"{part}.")) <= dotted, part


def test_every_key_of_a_probe_and_attribute_of_a_block_is_told() -> None:
    assert set(keys(ProbeSpec)) - {"kind", "settings"} <= set(rows("Probes"))
    assert set(keys(BlockAttributes)) == set(rows("Runbooks"))

"""Kinds from other distributions: those that can be used, and what is said of those that cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drills.faults import registry as faults
from drills.faults.included import INCLUDED
from drills.kinds import Kinds
from drills.probing import registry as probes
from drills.sandbox import systems
from drills.sandbox.adapters import registry as adapters
from tests.extending.installing import EXAMPLE, install, install_example

ALL = {
    "drills.faults": faults.FAULTS,
    "drills.probes": probes.PROBE_KINDS,
    "drills.adapters": adapters.ADAPTERS,
    "drills.systems": systems.SYSTEMS,
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def fresh(group: str) -> Kinds[object]:
    """The kinds of a group as a process that starts now finds them."""
    known = ALL[group]
    return Kinds(group, known._what, known._included, known._wrong)  # type: ignore[arg-type]


def test_a_fault_a_probe_and_an_adapter_are_kinds_like_those_that_are_included(site: Path) -> None:
    install_example(site)
    for group, name, title in (
        ("drills.faults", "halt-queue", "HaltQueue"),
        ("drills.probes", "jobqueue", "JobQueueSettings"),
        ("drills.adapters", "jobqueue", "JobQueueAdapter"),
    ):
        kinds = fresh(group)
        assert name in kinds
        assert kinds[name].__name__ == title
        assert list(kinds)[-1] == name
        assert kinds.broken() == ()
        assert len(kinds) == len(ALL[group]._included) + 1


def test_the_page_about_extending_shows_the_example_as_it_is() -> None:
    page = (EXAMPLE.parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"```(?:toml|python)\n# (\S+)\n(.*?)```", page, re.DOTALL))
    assert shown == {
        name: (EXAMPLE / name).read_text(encoding="utf-8")
        for name in ("pyproject.toml", *(f"drills_jobqueue/{each}.py" for each in ("adapter", "probe", "fault")))
    }


def test_every_included_kind_of_fault_is_called_as_its_class_says() -> None:
    assert {name: faults.FAULTS[name].kind for name in INCLUDED} == {name: name for name in INCLUDED}


FAULT = """
from drills.faults.fault import Fault
class Half(Fault):
    kind = "half"
    needs = frozenset()
    def summary(self): return "half"
"""
PROBE = """
from drills.probing.settings_model import SettingsModel
class Blind(SettingsModel):
    pass
class Sees(SettingsModel):
    def prepare(self, probe, context): ...
"""
ADAPTER = """
from drills.sandbox.adapters.adapter import ServiceAdapter
class Portless(ServiceAdapter):
    pass
"""
SYSTEM = """
from drills.sandbox.system import System
class Shut(System):
    pass
"""


@pytest.mark.parametrize(
    ("group", "name", "value", "module", "why"),
    [
        ("drills.probes", "new", "gone_module:Kind", "", "ModuleNotFoundError: No module named 'gone_module'"),
        ("drills.probes", "new", "own:Kind", "", "AttributeError: module 'own' has no attribute 'Kind'"),
        ("drills.probes", "new", "own:Kind", "raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("drills.probes", "new", "own:Kind", "import sys; sys.exit(3)", "SystemExit: 3"),
        ("drills.probes", "new", "own:Kind", "def broken(:", "SyntaxError: invalid syntax"),
        (
            "drills.probes",
            "new",
            "own:Kind",
            "Kind = 5",
            "not a subclass of drills.probing.settings_model.SettingsModel",
        ),
        ("drills.probes", "new", "own:Blind", PROBE, "Blind has no method prepare(self, probe, context)"),
        ("drills.probes", "http", "own:Sees", PROBE, "drills has a kind of probe of that name itself; rename"),
        ("drills.probes", "every", "own:Sees", PROBE, "'every' is a key of every probe; rename the entry point"),
        ("drills.probes", "My Kind", "own:Sees", PROBE, "small letters, digits and '-'; rename the entry point"),
        (
            "drills.faults",
            "half",
            "own:Half",
            FAULT,
            "Half has no apply, check, undo, undo_plan, verify, ",
        ),
        ("drills.faults", "new", "own:Kind", "class Kind: pass", "it is not a subclass of drills.faults.fault.Fault"),
        ("drills.adapters", "new", "own:Portless", ADAPTER, "Portless has no port, the number at which"),
        ("drills.systems", "new", "own:Shut", SYSTEM, "Shut has no open, which gives its sandbox"),
    ],
)
def test_one_that_cannot_be_used_gives_one_line_and_disturbs_no_other(
    site: Path, monkeypatch: pytest.MonkeyPatch, group: str, name: str, value: str, module: str, why: str
) -> None:
    monkeypatch.delitem(__import__("sys").modules, "own", raising=False)
    install_example(site)
    install(site, "half-done", {group: {name: value}}, {"own.py": module})
    kinds = fresh(group)
    assert {"halt-queue", "jobqueue", "included"} & {*kinds}, "the others can be used"
    ((told, line),) = kinds.broken()
    assert told == group
    assert line.startswith(f"entry point {name!r} ({value}) of half-done 1.0: ")
    assert why in line
    assert "\n" not in line
    if name not in kinds._included:
        assert name not in kinds
        assert kinds.why_not(name) == line
    else:
        assert kinds[name] is ALL[group][name]


def test_a_name_that_two_distributions_give_is_refused_to_both(site: Path) -> None:
    install_example(site)
    install(site, "other-queue", {"drills.probes": {"jobqueue": "own:Sees"}}, {"own.py": PROBE})
    kinds = fresh("drills.probes")
    assert "jobqueue" not in kinds
    assert len(kinds.broken()) == 2
    for _, line in kinds.broken():
        assert "drills-jobqueue 1.0 and other-queue 1.0 give a kind of probe of that name, so that none is used" in line


def test_one_that_is_found_twice_on_the_path_is_one(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(site)
    monkeypatch.syspath_prepend(str(site.parent / "again"))
    install_example(site.parent / "again")
    assert "jobqueue" in fresh("drills.probes")

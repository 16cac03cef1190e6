"""What start-up may load, and how modules may be called. The direction of imports is import-linter's (`make lint`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "drills"

#: Libraries that take tens of milliseconds each to load.
HEAVY = frozenset(
    {
        *("alembic", "apscheduler", "cel", "cryptography", "dns", "docker", "gevent", "httpx", "jinja2", "locust"),
        *("markdown_it", "matplotlib", "numpy"),
        *("prometheus_client", "psycopg", "pycurl", "pydantic", "redis", "requests", "rich", "sqlalchemy", "starlette"),
        *("toxiproxy", "uvicorn"),
    }
)


def loaded_by(code: str, folder: Path) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after this code."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("DRILLS_WORKSPACE", None)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def invoking(*words: str) -> str:
    """Code that runs a command as `drills` does, and goes on."""
    return f"""
import sys
sys.argv = ["drills", *{list(words)!r}]
from drills.cli.application import app
try:
    app(prog_name="drills", standalone_mode=False)
except SystemExit:
    pass
except Exception as error:
    from drills.errors import DrillsError
    if not isinstance(error, DrillsError):
        raise
"""


@pytest.mark.parametrize("words", [("--help",), ("list",), ("run", "--help"), ("sandbox", "sql", "--help")])
def test_help_and_lists_load_no_heavy_library(words: tuple[str, ...], tmp_path: Path) -> None:
    assert not loaded_by(invoking(*words), tmp_path) & HEAVY


def test_asking_the_database_loads_its_driver_and_little_else(tmp_path: Path) -> None:
    code = invoking("sandbox", "sql", "SELECT 1") + "\nimport drills.sandbox.direct"
    assert loaded_by(code, tmp_path) & HEAVY <= {"psycopg", "pydantic"}


@pytest.mark.parametrize(
    "module", ["drills.workspace.validate", "drills.faults.registry", "drills.probing.kinds.http.settings"]
)
def test_files_are_checked_without_what_runs_drills(module: str, tmp_path: Path) -> None:
    # What parses the files themselves; the engine of the conditions brings Rich along.
    parsers = {"pydantic", "cel", "markdown_it", "jinja2", "rich"}
    assert loaded_by(f"import {module}", tmp_path) & HEAVY <= parsers


@pytest.mark.parametrize("module", ["drills.drill.stopping", "drills.drill.recovery", "drills.app.respond"])
def test_stopping_and_responding_wait_for_no_library_that_draws_evaluates_or_loads_sandboxes(
    module: str, tmp_path: Path
) -> None:
    slow = {"matplotlib", "numpy", "cel", "prompt_toolkit", "locust", "gevent", "alembic", "cryptography", "httpx"}
    assert not loaded_by(f"import {module}", tmp_path) & slow


def test_a_replica_of_the_shop_loads_nobodys_command_line(tmp_path: Path) -> None:
    loaded = loaded_by("import shop.app", tmp_path)
    assert "httpx" in loaded
    assert not loaded & {"rich", "pygments", "typer"}


def test_every_module_can_be_imported(tmp_path: Path) -> None:
    """What is imported inside functions is not found by a type checker alone: a name may be there for types only."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in ("__init__.py", "__main__.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if "migrations" not in path.parts]
    # Locust changes the standard library when it is imported, so it must come first in its process.
    users = [name for name in names if name.startswith(("drills.traffic.locust_", "drills.traffic.user"))]
    for modules in (sorted(set(names) - set(users)), users):
        assert "drills" in loaded_by("".join(f"import {name}\n" for name in modules), tmp_path)


def test_modules_are_named_for_what_they_do() -> None:
    empty_words = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common", "tools"}
    assert not [path for path in PACKAGE.rglob("*.py") if empty_words & set(path.stem.split("_"))]


def test_modules_stay_small_enough_to_read() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    # The events are one catalogue, read from top to bottom.
    assert set(long) <= {"drills/model/events.py"}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py" and not path.read_text(encoding="utf-8").startswith(('"""', 'r"""'))
    ]
    assert not silent


def test_commands_print_by_what_makes_texts_from_outside_visible() -> None:
    """`echo` of drills/cli/terminal.py, and the console of drills/cli/live.py."""
    printing = re.compile(r"(?<![\w.])(?<!def )(?:typer\.echo|typer\.secho|click\.echo|print)\(")
    for path in sorted((PACKAGE / "cli").rglob("*.py")):
        if path.name != "terminal.py":
            found = printing.findall(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)} has {found[0]}"

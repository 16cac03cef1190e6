"""How long commands take to start, beside the interpreter alone and the library that parses their arguments.

    python benchmarks/command_start.py [TIMES] [--sandbox]

Each round runs every command once, in turn, so that what else the machine does falls on all of them alike. The ratio
is to `import typer`, which no command of ours can do without. With --sandbox also `drills sandbox sql "SELECT 1"`,
the command that runbooks use most, on a sandbox of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Aims, in milliseconds, for a machine with nothing else to do.
AIMS = {"drills --help": 200, "drills list": 300}
PEER = "import typer"
COMMANDS: Mapping[str, Sequence[str]] = {
    "python alone": ("-c", "pass"),
    PEER: ("-c", "import typer"),
    "drills --help": ("-m", "drills", "--help"),
    "drills list": ("-m", "drills", "list"),
    "drills show": ("-m", "drills", "show", "slow-query"),
}
SANDBOX = {"drills sandbox sql": ("-m", "drills", "sandbox", "sql", "SELECT 1")}


def seconds(words: Sequence[str], folder: Path) -> float:
    """One run, from its start to its end. Raises CalledProcessError when it fails: that would be no measurement."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def measure(commands: Mapping[str, Sequence[str]], times: int, folder: Path) -> dict[str, list[float]]:
    for words in commands.values():
        seconds(words, folder)  # files that were never read come from the disk: not what is asked
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times):
        for name, words in commands.items():
            taken[name].append(seconds(words, folder))
    return taken


@contextmanager
def place(sandbox: bool) -> Iterator[Path]:
    """An empty folder, where the included workspace is used; with a sandbox if one is wanted."""
    with tempfile.TemporaryDirectory(prefix="drills-start-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when this one is root
        if not sandbox:
            yield folder
            return
        seconds(("-m", "drills", "sandbox", "up"), folder)
        try:
            yield folder
        finally:
            seconds(("-m", "drills", "sandbox", "down"), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("times", nargs="?", type=int, default=15)
    parser.add_argument("--sandbox", action="store_true")
    options = parser.parse_args()
    commands = {**COMMANDS, **(SANDBOX if options.sandbox else {})}
    with place(options.sandbox) as folder:
        taken = measure(commands, options.times, folder)
    peer = statistics.median(taken[PEER])
    print(f"{'':<20}  {'median':>8}  {'fastest':>8}  {'÷ ' + PEER:>14}   aim     ({options.times} runs each)")
    for name, values in taken.items():
        median = statistics.median(values)
        aim = f"< {AIMS[name]} ms" if name in AIMS else ""
        print(
            f"{name:<20}  {median * 1000:5.0f} ms  {min(values) * 1000:5.0f} ms  {median / peer:14.2f}   {aim}".rstrip()
        )


if __name__ == "__main__":
    main()

"""How much processor time commands take to start, beside the interpreter and the library that parses their arguments.

    python benchmarks/command_start.py [TIMES] [--sandbox] [--drill]

Each round runs every command once, in turn, so that what else the machine does falls on all of them alike. Processor
time is that of the process and of what it started. The ratio is to `import typer`, which no command of ours can do
without unless it is served. With --sandbox the commands that ask a sandbox too, on one of their own. With --drill only
what answers an incident, in a practice that is going on there, as it is served by the drill's command server; the
processor time of the server's processes is counted, as the mean of the runs of one command.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
PEER = "import typer"
#: The aim for what answers an incident, in times of `import typer`.
AIM = 2.5
COMMANDS: Mapping[str, Sequence[str]] = {
    "python alone": ("-c", "pass"),
    PEER: ("-c", "import typer"),
    "drills --help": ("-m", "drills", "--help"),
    "drills list": ("-m", "drills", "list"),
    "drills show": ("-m", "drills", "show", "slow-query"),
    "drills validate": ("-m", "drills", "validate", "--workspace", str(ROOT)),
    "drills history": ("-m", "drills", "history"),
}
SANDBOX = {
    "drills sandbox status": ("-m", "drills", "sandbox", "status"),
    "drills sandbox health": ("-m", "drills", "sandbox", "health"),
    "drills sandbox sql": ("-m", "drills", "sandbox", "sql", "SELECT 1"),
}
SERVED = {
    "drills respond status": ("-m", "drills", "respond", "status"),
    "drills history": ("-m", "drills", "history"),
    **SANDBOX,
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took, in seconds: of a processor, and of the clock."""

    processor: float
    clock: float


def run(words: Sequence[str], folder: Path) -> Run:
    """One run, from its start to its end. Raises CalledProcessError when it fails: that would be no measurement.

    An exit status of 1 is an answer: something is not well.
    """
    began = time.perf_counter()
    process = start(words, folder)
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, words)
    return Run(usage.ru_utime + usage.ru_stime, taken)


def start(words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRILLS_")}
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
    )


def measure(commands: Mapping[str, Sequence[str]], times: int, folder: Path) -> dict[str, list[Run]]:
    for words in commands.values():
        run(words, folder)  # files that were never read come from the disk: not what is asked
    taken: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(times):
        for name, words in commands.items():
            taken[name].append(run(words, folder))
    return taken


def measure_served(times: int, folder: Path) -> dict[str, list[Run]]:
    """The same of commands that are served, with what the server's processes took of a processor."""
    server = next(
        process
        for process in psutil.process_iter(["cmdline"])
        if str(folder / ".drills") in (process.info["cmdline"] or ())
    )
    taken = {}
    for name, words in SERVED.items():
        run(words, folder)
        before = _of_children(server)
        runs = [run(words, folder) for _ in range(times)]
        each = (_of_children(server) - before) / times
        taken[name] = [Run(one.processor + each, one.clock) for one in runs]
    return taken


def _of_children(server: psutil.Process) -> float:
    """Seconds of a processor that its processes have taken, when all of them have ended."""
    while server.children():
        time.sleep(0.1)
    times = server.cpu_times()
    return float(times.children_user + times.children_system)


@contextmanager
def workspace_folder(sandbox: bool) -> Iterator[Path]:
    """An empty folder, where the included workspace is used; with a sandbox if one is wanted."""
    with tempfile.TemporaryDirectory(prefix="drills-start-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)  # PostgreSQL runs as another user when this one is root
        if not sandbox:
            yield folder
            return
        run(("-m", "drills", "sandbox", "up"), folder)
        try:
            yield folder
        finally:
            run(("-m", "drills", "sandbox", "down"), folder)


@contextmanager
def practice(folder: Path) -> Iterator[None]:
    """A drill that nobody answers, for the block: one that breaks nothing that commands need."""
    drill = start(("-m", "drills", "practice", "slow-query"), folder)
    try:
        while drill.poll() is None and not _served(folder):
            time.sleep(0.2)
        yield
    finally:
        drill.send_signal(signal.SIGINT)
        drill.wait()


def _served(folder: Path) -> bool:
    """Whether there is an incident, and its server has loaded all."""
    if not (folder / ".drills" / "commands.sock").exists():
        return False
    return start(("-m", "drills", "respond", "status"), folder).wait() == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("times", nargs="?", type=int, default=15)
    parser.add_argument("--sandbox", action="store_true")
    parser.add_argument("--drill", action="store_true")
    options = parser.parse_args()
    with workspace_folder(options.sandbox or options.drill) as folder:
        alone = {PEER: COMMANDS[PEER]} if options.drill else {**COMMANDS, **(SANDBOX if options.sandbox else {})}
        taken = measure(alone, options.times, folder)
        if options.drill:
            with practice(folder):
                served = measure_served(options.times, folder)
                taken |= {f"{name}, served": runs for name, runs in served.items()}
    peer = statistics.median(each.processor for each in taken[PEER])
    print(f"{options.times} runs each, medians")
    print(f"{'':<32}  {'processor':>9}  {'clock':>8}  {'÷ ' + PEER:>14}")
    for name, runs in taken.items():
        processor = statistics.median(each.processor for each in runs)
        clock = statistics.median(each.clock for each in runs)
        aim = f"   aim {AIM}" if name.endswith(", served") else ""
        print(f"{name:<32}  {processor * 1000:6.0f} ms  {clock * 1000:5.0f} ms  {processor / peer:14.2f}{aim}")


if __name__ == "__main__":
    main()

"""Files that a person wrote, or a machine broke: each is used, or refused in one line, and never ends the program.

file   its name in the workspace
text   what it holds; or `make` {begin, again, times, end}, for long ones; or `hex`; `encoding` is UTF-8 unless said
node   fifo, folder, socket, device, dangling or loop: what stands there instead of a file
beside other files, by name
words  the command; `validate` unless said
right  what is said of it, line by line (a prefix where it ends with …); empty: the command succeeds
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from drills.errors import ExitCode
from tests.cli.typed import drills_here
from tests.wild.cases import Case, cases_of


def _content(case: Case) -> bytes:
    given = case.given
    if "hex" in given:
        return bytes.fromhex(given["hex"])
    made = given.get("make", {})
    text = given.get("text") or made["begin"] + made["again"] * made["times"] + made["end"]
    return str(text).encode(given.get("encoding", "utf-8"))


def _put(case: Case, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match case.given.get("node", "file"):
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")
        case "dangling":
            path.symlink_to("nowhere")
        case "loop":
            path.symlink_to(path.name)
        case _:
            path.write_bytes(_content(case))


@pytest.mark.parametrize("case", cases_of("files"))
def test_a_file_is_used_or_refused_in_one_line(case: Case, tmp_path: Path) -> None:
    file = case.given["file"]
    for name, text in {"drills.yaml": "playbook: slurpy\n", **case.given.get("beside", {})}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if file == "drills.yaml":
        (tmp_path / file).unlink()
    _put(case, tmp_path / file)
    done = drills_here(*case.given.get("words", ["validate"]), folder=tmp_path)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(f"{file}:")]
    said = [line for line in said if ": warning: " not in line or "warning" in str(case.right)]
    assert done.returncode == (ExitCode.BAD_INPUT if case.given.get("exit", case.right) else 0), done.stderr
    assert len(said) == len(case.right), said
    for line, right in zip(said, case.right, strict=True):
        if right.endswith("…"):
            assert line.startswith(right.removesuffix("…"))
        else:
            assert line == right
        assert len(line) < 1_500

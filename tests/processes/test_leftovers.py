"""Processes are found by the mark in their environment."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

from drills.processes.leftovers import marked
from drills.processes.mark import MARK


def test_a_process_that_becomes_another_program_is_seen_at_every_moment(tmp_path: Path) -> None:
    again, mark = tmp_path / "again.sh", secrets.token_hex(8)
    again.write_text('exec sh "$1" "$1"\n', encoding="utf-8")
    program = subprocess.Popen(["sh", str(again), str(again)], env={"PATH": os.environ["PATH"], MARK: mark})
    try:
        assert [len(marked(mark)) for _ in range(20)] == [1] * 20
    finally:
        program.kill()
        program.wait()

"""A PostgreSQL that was killed leaves shared memory behind; `down` frees it, and nobody else's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drills.included import included_root
from drills.included_shop.local import postgres, processes, shared_memory
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox


def held_by(creator: int) -> set[str]:
    """The segments that this process made."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return {line.split()[1] for line in lines if int(line.split()[4]) == creator}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="this system does not list its shared memory")
def test_what_a_killed_database_leaves_in_shared_memory_is_freed_and_no_other(
    tmp_path: Path, template_cache: Path
) -> None:
    sandbox = ShopSandbox(LocalDriver(tmp_path, included_root(), "memory", cache_dir=template_cache))
    sandbox.up()
    try:
        data = Path(sandbox.own.layout.database)
        postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        mapped = {part.path for process in postgres.left_over(data) for part in process.memory_maps()}
        files = {Path(name) for name in mapped if name.startswith("/dev/shm/PostgreSQL.")}
        assert len(held_by(postmaster)) == 1
        assert len(files) >= 2
        assert shared_memory.release(data) == (), "it runs"
        processes.end(postgres.left_over(data), gently=None, seconds=0)

        another = tmp_path / "another"
        another.mkdir()
        shutil.copy(data / "postmaster.pid", another)
        assert shared_memory.release(another) == (), "it names another folder's segment"
        assert len(held_by(postmaster)) == 1
        assert all(file.exists() for file in files)
    finally:
        sandbox.down()
    assert held_by(postmaster) == set()
    assert not any(file.exists() for file in files)


@pytest.mark.parametrize("text", ["", "12\n", "x\n" * 8, "1\n2\n3\n4\n5\n6\n 5 99999999\n8\n"])
def test_a_lock_file_that_tells_nothing_frees_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text, encoding="utf-8")
    assert shared_memory.release(tmp_path) == ()
    assert shared_memory.release(tmp_path / "gone") == ()

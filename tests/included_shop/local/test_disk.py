"""The local driver's disk for the database: mounted where that is allowed, found again after a crash, and no other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.errors import BadInput, EnvironmentFailed
from drills.included import included_root
from drills.included_shop.local import disk as local_disk
from drills.included_shop.local.disk import SIZE_BYTES, DatabaseDisk
from drills.included_shop.local.driver import LocalDriver
from drills.included_shop.sandbox import ShopSandbox
from drills.sandbox.capabilities.capability import Capability

allowed = pytest.mark.skipif(local_disk.refusal() is not None, reason=str(local_disk.refusal()))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[DatabaseDisk]:
    made = DatabaseDisk(tmp_path / "a disk", "test")
    yield made
    made.release()


@allowed
def test_a_disk_has_its_size_and_goes_with_all_that_was_on_it(disk: DatabaseDisk) -> None:
    disk.provide(None)
    (disk.dumps / "forgotten.sql").write_bytes(b"x" * 2**20)
    assert (disk.usage().total, disk.usage().entries) == (SIZE_BYTES, {"dumps/forgotten.sql": 2**20})
    disk.release()
    assert not disk.mounted
    assert not disk.folder.exists()


@allowed
def test_a_disk_that_a_crash_left_mounted_is_found_by_its_name(disk: DatabaseDisk) -> None:
    disk.provide(None)
    (disk.dumps / "old").touch()
    again = DatabaseDisk(disk.folder, "test")
    assert again.mounted
    again.provide(None)
    assert again.dumped() == {}
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert mounts.count(str(disk.folder).replace(" ", "\\040")) == 1, "not one over the other"


@allowed
def test_what_somebody_else_mounted_there_is_left_alone(disk: DatabaseDisk) -> None:
    disk.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "somebody", str(disk.folder)], check=True)
    try:
        (disk.folder / "theirs").touch()
        assert not disk.mounted
        with pytest.raises(EnvironmentFailed, match="something else is mounted there"):
            disk.provide(None)
        assert (disk.folder / "theirs").exists()
    finally:
        subprocess.run(["umount", str(disk.folder)], check=True)


@allowed
def test_a_full_disk_has_more_room_only_while_it_is_mended(disk: DatabaseDisk) -> None:
    disk.provide(None)
    with disk.room_to_recover():
        assert disk.usage().total == SIZE_BYTES, "it is not full"
    filler = disk.dumps / "filler"
    with filler.open("wb") as file:
        file.truncate(0)
        subprocess.run(["fallocate", "-l", str(SIZE_BYTES - 2**20), str(filler)], check=True)
    with disk.room_to_recover():
        assert disk.usage().free > 64 * 2**20
        filler.unlink()
    assert disk.usage().total == SIZE_BYTES


def test_without_the_right_to_mount_the_files_lie_there_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_disk, "refusal", lambda: "root only")
    disk = DatabaseDisk(tmp_path / "disk", "test")
    disk.provide(None)
    assert not disk.mounted
    assert disk.dumps.is_dir()
    with pytest.raises(EnvironmentFailed, match="not mounted: root only"):
        disk.usage()
    sandbox = ShopSandbox(LocalDriver(tmp_path / "state", included_root()))
    assert sandbox.unavailable[Capability.DISK] == "root only"
    assert Capability.DISK not in sandbox.capabilities
    disk.release()
    assert not disk.folder.exists()


def test_a_link_in_dumps_leads_nowhere_else(disk: DatabaseDisk, tmp_path: Path) -> None:
    disk.provide(None)
    (tmp_path / "precious").write_text("kept", encoding="utf-8")
    (disk.dumps / "link").symlink_to(tmp_path / "precious")
    (disk.dumps / "folder").mkdir()
    disk.remove("dumps/link")
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "kept"
    with pytest.raises(BadInput, match="is a folder"):
        disk.remove("dumps/folder")

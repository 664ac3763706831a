"""A full disk: while a block's state is saved, and while the database is written."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kill_canvas import BLOCKS, KillCanvas
from ledger import Ledger
from machine import Machine

SIZE_MIB = 24
_INSIDE = "EASEL_FAULT_SMALL_DISK"


def test_in_a_mount_namespace_of_its_own(tmp_path: Path) -> None:
    """Run the tests below where this process may mount a small disk, unseen by everyone else."""
    if _INSIDE in os.environ:
        pytest.skip("inside already")
    flags = ["-m"] if os.geteuid() == 0 else ["-Urm"]
    if subprocess.run(["unshare", *flags, "true"], check=False).returncode != 0:
        pytest.skip("this machine gives no mount namespace; the disk-full tests need one")
    disk = tmp_path / "disk"
    disk.mkdir()
    told = subprocess.run(
        ["unshare", *flags, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__,
         "--basetemp", str(tmp_path / "inside")],
        env={**os.environ, _INSIDE: str(disk), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip
    print(told.stdout)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.fixture
def disk() -> Iterator[Path]:
    folder = os.environ.get(_INSIDE)
    if folder is None:
        pytest.skip("runs inside test_in_a_mount_namespace_of_its_own")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, f"size={SIZE_MIB}m".encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount tmpfs")
    yield Path(folder)
    libc.umount2(folder.encode(), 2)


@pytest.fixture
def canvas(disk: Path, ledger: Ledger) -> KillCanvas:
    return KillCanvas(disk / "canvas", ledger)


def fill(disk: Path, leave_bytes: int) -> Path:
    """Take all of the disk but so much."""
    ballast = disk / "ballast"
    room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with open(ballast, "wb") as out:
        for _ in range(max(0, room - leave_bytes) // 4096):
            out.write(bytes(4096))
    return ballast


def test_a_block_whose_state_does_not_fit_fails_and_says_so(
    machine: Machine, disk: Path, canvas: KillCanvas
) -> None:
    canvas.settle(machine)
    before = canvas.check_published()
    large = canvas.folder / "blocks/right.py"
    small = large.read_text()
    large.write_text(small + f"too_much = os.urandom({SIZE_MIB} << 20)\n")
    ran = machine.run(canvas.folder, "--only", "right")
    assert (ran.code, ran.names("failed")) == (1, ["right"]), (ran, machine.story())
    failed = [e for e in ran.events if e["event"] == "block.finished" and e["block"] == "right"][-1]
    assert failed["failure"]["kind"] == "disk_full", failed
    assert "space" in failed["reason"] or "disk is full" in failed["reason"], failed
    assert canvas.check_published() == before, "the last good state stays"
    assert list((canvas.state / "staging").glob("*/*")) == [], (
        "what was saved in part is gone, so there is room again"
    )
    large.write_text(small + "fits = os.urandom(1 << 20)\n")
    canvas.settle(machine)
    canvas.check_settled(machine)


@pytest.mark.parametrize("left_bytes", (0, 8 << 10, 24 << 10, 48 << 10, 96 << 10, 192 << 10, 400 << 10))
def test_a_full_disk_loses_nothing_and_all_is_well_when_there_is_room(
    machine: Machine, disk: Path, canvas: KillCanvas, left_bytes: int
) -> None:
    """Whatever hits the wall: journal, objects, manifest, database."""
    canvas.settle(machine)
    before = canvas.check_published()
    canvas.edit()
    ballast = fill(disk, left_bytes)
    ran = machine.run(canvas.folder)
    if ran.code != 0:
        said = ran.err + "".join(str(event) for event in ran.events)
        assert ran.code in (1, 3), (ran, machine.story())
        assert "disk is full" in said or "No space left" in said or "disk_full" in said, (
            ran,
            machine.story(),
        )
    after = canvas.check_published()
    assert set(after) == set(before)
    status = machine.easel("status", canvas.folder, "--json")
    assert status.code == 0, status
    ballast.unlink()
    canvas.settle(machine)
    canvas.check_settled(machine)
    canvas.check_history(machine)
    assert len(BLOCKS) == len(canvas.published())

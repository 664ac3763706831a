"""One bit flips in any part of a state's files: whoever needs the file is told its name before anything of it is used."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from capture_canvas import CaptureCanvas
from machine import Machine
from object_file import ObjectFile

PARTS = ("header", "data", "head", "stream", "chunk table", "debug", "table", "trailer", "padding")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, CaptureCanvas]]:
    folder = tmp_path_factory.mktemp("flips")
    machine = Machine(folder / "machine")
    canvas = CaptureCanvas(folder / "canvas", frames=True)
    assert machine.run(canvas.folder).code == 0, machine.story()
    canvas.check_published()
    yield machine, canvas
    machine.stop()


def flip(path: Path, at: int, bit: int) -> bytes:
    """Change one bit in a file that is exchanged as a whole; returns what was there."""
    before = path.read_bytes()
    after = bytearray(before)
    after[at] ^= 1 << bit
    write(path, bytes(after))
    return before


def write(path: Path, content: bytes) -> None:
    beside = path.with_name("beside")
    beside.write_bytes(content)
    os.replace(beside, path)


def places(canvas: CaptureCanvas, part: str) -> list[tuple[Path, int]]:
    """First, last and some byte of every range of this kind in the objects that `read` needs."""
    found = []
    for name in sorted(canvas.objects("change")):
        file = ObjectFile(canvas.object(name))
        ranges = [r for title, r in file.ranges.items() if title.startswith(part)]
        if part == "padding":
            ranges = gaps(list(file.ranges.values()), len(file.data))[:1]
        for first, behind in ranges:
            middle = random.Random(f"{name}{first}").randrange(first, behind)
            found += [(file.path, at) for at in sorted({first, middle, behind - 1})]
    return found


def gaps(ranges: list[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    found, at = [], 0
    for first, behind in sorted(ranges):
        if first > at:
            found.append((at, first))
        at = max(at, behind)
    return found + ([(at, end)] if at < end else [])


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_bit_in_an_object_is_found_before_use(
    shared: tuple[Machine, CaptureCanvas], part: str
) -> None:
    machine, canvas = shared
    found = places(canvas, part)
    assert found, f"no object has a {part}"
    dice = random.Random(part)
    for path, at in found if len(found) < 13 else dice.sample(found, 12):
        machine.easel("executor", "stop", "--force")
        whole = flip(path, at, dice.randrange(8))
        ran = machine.run(canvas.folder, "--only", "read", "--force")
        assert (ran.code, ran.names("failed")) == (1, ["read"]), (part, at, path.name, ran, machine.story())
        assert path.name in ran.reason("read"), (part, at, ran)
        restore(path, whole)
    machine.easel("executor", "stop", "--force")
    ran = machine.run(canvas.folder, "--only", "read", "--force")
    assert ran.code == 0, (ran, machine.story())


def restore(path: Path, whole: bytes) -> None:
    """As a person would put back a file from a backup; what was set aside is no more needed."""
    for aside in path.parent.glob(path.name + ".*"):
        aside.unlink()
    write(path, whole)
    os.chmod(path, 0o444)


def test_a_flipped_bit_in_a_manifest_is_found_before_use(shared: tuple[Machine, CaptureCanvas]) -> None:
    machine, canvas = shared
    attempt, _ = canvas.published()["change"]
    path = canvas.state / "attempts" / attempt / "manifest.json"
    size, dice = path.stat().st_size, random.Random(1)
    for at in [0, size - 1, *(dice.randrange(size) for _ in range(8))]:
        machine.easel("executor", "stop", "--force")
        whole = flip(path, at, dice.randrange(8))
        ran = machine.run(canvas.folder, "--only", "read", "--force")
        said = ran.err + "".join(str(event) for event in ran.events)
        assert ran.code != 0 and "manifest.json" in said, (at, ran, machine.story())
        write(path, whole)
    machine.easel("executor", "stop", "--force")
    assert machine.run(canvas.folder, "--only", "read", "--force").code == 0, machine.story()


def test_a_flipped_bit_in_the_stamps_lets_no_damaged_object_through(
    shared: tuple[Machine, CaptureCanvas],
) -> None:
    """What the file of stamps says of an object is believed; so a bit of it may cost a verification, and nothing else."""
    machine, canvas = shared
    stamps = canvas.state / "stamps"
    [data, *_] = places(canvas, "data")
    header, record, dice = 16, 72, random.Random(2)
    assert stamps.stat().st_size > header + record
    inside = [header + dice.randrange(32), header + 32 + dice.randrange(32), header + 64 + dice.randrange(8)]
    for at in [dice.randrange(8), 8, *inside, stamps.stat().st_size - 1]:
        machine.easel("executor", "stop", "--force")
        kept = flip(stamps, at, dice.randrange(8))
        assert machine.run(canvas.folder, "--only", "read", "--force").code == 0, (at, machine.story())
        machine.easel("executor", "stop", "--force")
        flip(stamps, at, dice.randrange(8))
        whole = flip(data[0], data[1], dice.randrange(8))
        ran = machine.run(canvas.folder, "--only", "read", "--force")
        assert (ran.code, ran.names("failed")) == (1, ["read"]), (at, ran, machine.story())
        assert data[0].name in ran.reason("read"), (at, ran)
        restore(data[0], whole)
        write(stamps, kept)

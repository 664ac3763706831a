"""Object files: what others write is read, what is wrong is refused by name, and what is read twice is the same."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import struct
import zlib
from typing import Any

import pytest
from easel_runtime.state.encoded import CHUNK, Encoded, component_digest
from easel_runtime.state.extents import Extents
from easel_runtime.state.object_writer import ObjectWriter, Placed
from easel_runtime.state.objects import DamagedObjectError, ObjectFolder, StoredComponent, StoredObject

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "contracts/vectors/object"


def vectors() -> list[str]:
    return sorted(path.stem for path in VECTORS.glob("*.json"))


def folder_of(tmp_path: pathlib.Path, name: str, document: dict[str, Any]) -> ObjectFolder:
    """An object folder with a vector's file in it, and the files that it uses, under their names."""
    for digest, file in {document["name"]: f"{name}.bin", **document.get("others", {})}.items():
        (tmp_path / digest[:2]).mkdir(exist_ok=True)
        shutil.copy(VECTORS / file, tmp_path / digest[:2] / digest)
    return ObjectFolder(str(tmp_path))


def content(folder: ObjectFolder, component: StoredComponent) -> list[memoryview]:
    known = Extents()
    return [folder.extent(extent, known) for extent in component.extents]


@pytest.mark.parametrize("name", vectors())
def test_vectors_are_read_or_refused(tmp_path: pathlib.Path, name: str) -> None:
    document = json.loads((VECTORS / f"{name}.json").read_text())
    folder = folder_of(tmp_path, name, document)
    if "error" in document:
        with pytest.raises(DamagedObjectError, match=document["name"]):
            folder.open(document["name"])
        return
    for expected in document["components"]:
        place = document["name"], expected["offset"], expected["length"]
        if "error" in expected:
            with pytest.raises(DamagedObjectError, match=document["name"]):
                content(folder, folder.component(*place))
            continue
        component = folder.component(*place)
        assert component.codec == expected["codec"] and component.members == expected["members"]
        assert [list(buffer) for buffer in component.buffers] == expected["buffers"]
        extents = content(folder, component)
        found = [hashlib.sha256(extent).hexdigest() for extent in extents]
        assert found == [extent["sha256"] for extent in expected["extents"]]
        plans = [Extents().plan([extent]) for extent in extents]
        assert [plan.chunks for plan in plans] == [extent.chunks for extent in component.extents]
        encoded = Encoded(
            component.codec, bytes(component.stream), [], component.buffers, [], set(), [], set()
        )
        assert (
            component_digest(component.members, encoded, [plan.digest for plan in plans])
            == expected["digest"]
        )


def written(
    tmp_path: pathlib.Path, extents: list[bytes], debug: list[dict[str, Any]], table: bytes | None
) -> tuple[ObjectFolder, Placed]:
    pieces = [[memoryview(extent)] for extent in extents]
    buffers = [(i, 0, len(extent)) for i, extent in enumerate(extents)]
    encoded = Encoded("pickle5", b"stream", pieces, buffers, [], set(), debug, set())
    known = Extents()
    writer = ObjectWriter(str(tmp_path), known)
    placed = writer.add(["a", "ä"], encoded, [known.plan(own) for own in pieces], table)
    name = writer.finish()
    (tmp_path / name[:2]).mkdir()
    os.rename(tmp_path / name, tmp_path / name[:2] / name)
    return ObjectFolder(str(tmp_path)), placed


EXTENTS = [b"small", os.urandom(70_000), os.urandom(2 * CHUNK + 5)]


def test_what_was_written_is_read(tmp_path: pathlib.Path) -> None:
    folder, placed = written(tmp_path, EXTENTS, [{"filename": "f"}], b"table")
    component = folder.component(placed.object, placed.offset, placed.length)
    assert bytes(component.stream) == b"stream" and component.members == ["a", "ä"]
    assert component.debug == [{"filename": "f"}]
    assert [bytes(view) for view in content(folder, component)] == EXTENTS
    assert [bytes(view) for view in folder.buffers(component, Extents())] == EXTENTS
    assert placed.table is not None
    start = placed.offset + placed.table[0]
    assert bytes(component.file.view[start : start + placed.table[1]]) == b"table"


def verify(path: pathlib.Path) -> bool:
    """Whether a file is what its name says, by the specification and not by the code that is tested."""
    data = path.read_bytes()
    begin, length, crc, zero, magic = struct.unpack("<QQII8s", data[-32:])
    if magic != b"EASELEND" or zero or zlib.crc32(data[-32:-16]) != crc or begin + length != len(data) - 32:
        return False
    if hashlib.sha256(data[:16] + data[begin:]).hexdigest() != path.name:
        return False
    covered = bytearray(begin)
    covered[:16] = b"\1" * 16
    at = begin
    while at < begin + length:
        size = struct.unpack_from("<I", data, at + 4)[0]
        head = json.loads(data[at + 16 : at + 16 + size])
        for extent in head["extents"]:
            chunk = 0
            for o, offset, n in extent["runs"]:
                for start in range(offset, offset + n, CHUNK):
                    end = min(start + CHUNK, offset + n)
                    there = at + extent["chunks"] + 32 * chunk
                    chunk += 1
                    if o == 0:
                        covered[start:end] = b"\1" * (end - start)
                        if hashlib.sha256(data[start:end]).digest() != data[there : there + 32]:
                            return False
        last = max(
            head["stream"][0] + head["stream"][1],
            *(e["chunks"] + 32 * -(-e["length"] // CHUNK) for e in head["extents"]),
            *(head[part][0] + head[part][1] for part in ("debug", "table") if part in head),
        )
        at += -(-last // 64) * 64
    return not any(byte for byte, known in zip(data, covered, strict=False) if not known)


def test_every_bit_of_a_file_is_covered(tmp_path: pathlib.Path) -> None:
    folder, placed = written(tmp_path, EXTENTS, [{"filename": "f"}], b"table")
    path = pathlib.Path(folder.path(placed.object))
    assert verify(path)
    good = path.read_bytes()
    step = len(good) // 150
    places = [*range(64), *range(64, len(good), step), *range(placed.offset - 8, len(good), 61)]
    for at in places:
        path.write_bytes(good[:at] + bytes([good[at] ^ 16]) + good[at + 1 :])
        try:
            assert not verify(path), at
        except (ValueError, struct.error, KeyError, IndexError):
            pass
    path.write_bytes(good)


def test_torn_files_are_refused_by_name(tmp_path: pathlib.Path) -> None:
    folder, placed = written(tmp_path, EXTENTS, [], None)
    path = pathlib.Path(folder.path(placed.object))
    good = path.read_bytes()
    for size in (0, 15, 16, 47, len(good) // 2, len(good) - 32, len(good) - 1):
        path.write_bytes(good[:size])
        with pytest.raises(DamagedObjectError, match=placed.object):
            StoredObject(str(path)).component(placed.offset, placed.length)
    path.unlink()
    with pytest.raises(DamagedObjectError, match=placed.object):
        folder.open(placed.object)

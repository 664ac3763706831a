"""Object files as a worker reads them: docs/formats/object.md. `object_writer` makes them."""

from __future__ import annotations

import mmap
import os
import re
import struct
import zlib
from json import loads  # bound now: a block may patch the module
from typing import Any, NamedTuple

from easel_runtime import _easel

from .encoded import CHUNK, SMALL
from .extents import MAX_RUNS, Extents, Run, Stored

MAGIC = b"EASELOBJ"
VERSION = 2
COMPONENT_MAGIC = b"ECMP"
END_MAGIC = b"EASELEND"
PAGE = 4096
TRAILER = struct.Struct("<QQII8s")
HEADER_BYTES = 16
HEAD_AT = 16  # of the head, in its component
_ALIGN = 64
_NAME = re.compile(r"[0-9a-f]{64}").fullmatch


class DamagedObjectError(Exception):
    """A state object is missing, torn or not what its name says."""


class StoredComponent(NamedTuple):
    """A component of a file, its head read and checked."""

    file: StoredObject
    offset: int
    codec: str
    members: list[str]
    stream: memoryview
    extents: list[Stored]
    buffers: list[tuple[int, int, int]]
    debug: list[dict[str, Any]]


class StoredObject:
    """One object file. Only what is read of it is checked; the executor has verified the whole."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DamagedObjectError(f"{path}: {error.strerror}") from None
        try:
            size = os.fstat(fd).st_size
            if size < HEADER_BYTES + TRAILER.size:
                raise DamagedObjectError(f"{path}: too short for a state object ({size} bytes)")
            self.view = memoryview(mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ))
        finally:
            os.close(fd)
        magic, version = bytes(self.view[:8]), struct.unpack_from("<I", self.view, 8)[0]
        if magic != MAGIC:
            raise DamagedObjectError(f"{path}: not a state object of Easel")
        if version != VERSION:
            raise DamagedObjectError(
                f"{path}: made by another Easel (format {version}, this one reads {VERSION})"
            )
        trailer = self.view[size - TRAILER.size :]
        begin, length, crc, _, end = TRAILER.unpack(trailer)
        if end != END_MAGIC or crc != zlib.crc32(trailer[:16]) or begin + length != size - TRAILER.size:
            raise DamagedObjectError(f"{path}: its end is damaged")
        self.data_end = begin
        self.end = begin + length

    def component(self, offset: int, length: int) -> StoredComponent:
        """The component at `offset`, as far as its own head can be wrong."""
        if offset < self.data_end or length < HEAD_AT or offset + length > self.end:
            raise DamagedObjectError(f"{self.path}: no component at byte {offset}")
        part = self.view[offset : offset + length]
        head_length, head_crc = struct.unpack_from("<II", part, 4)
        if bytes(part[:4]) != COMPONENT_MAGIC or HEAD_AT + head_length > length:
            raise DamagedObjectError(f"{self.path}: damaged component at byte {offset}")
        text = part[HEAD_AT : HEAD_AT + head_length]
        if zlib.crc32(text) != head_crc:
            raise DamagedObjectError(f"{self.path}: checksum of the head at byte {offset} is wrong")
        try:
            head = loads(bytes(text))
            if head["version"] != VERSION:
                raise ValueError
            stream = self._range(part, *head["stream"])
            objects = [self.name, *head["objects"]]
            if not all(_NAME(name) for name in head["objects"]) or not all(
                type(n) is str for n in head["members"]
            ):
                raise ValueError
            extents = [
                self._extent(part, extent["length"], extent["chunks"], extent["runs"], objects)
                for extent in head["extents"]
            ]
            buffers = [(e, o, n) for e, o, n in head["buffers"]]
            if any(not (e >= 0 and 0 <= o < o + n <= extents[e].length) for e, o, n in buffers):
                raise ValueError
            used = {run.object for extent in extents for run in extent.runs} | {self.name}
            if head["codec"] not in ("pickle5", "arrow") or not used >= set(objects):
                raise ValueError
            if head["codec"] == "arrow" and (len(head["members"]) != 1 or len(extents) != 1 or buffers):
                raise ValueError
            if "table" in head:
                self._range(part, *head["table"][:2])
            if zlib.crc32(stream) != head["crc32"]:
                raise DamagedObjectError(f"{self.path}: checksum of the component at byte {offset} is wrong")
            debug: list[dict[str, Any]] = []
            if "debug" in head:
                at, n, crc = head["debug"]
                data = self._range(part, at, n)
                if zlib.crc32(data) != crc:
                    raise DamagedObjectError(
                        f"{self.path}: checksum of debug data at byte {offset + at} is wrong"
                    )
                debug = loads(bytes(data))
            return StoredComponent(
                self, offset, head["codec"], head["members"], stream, extents, buffers, debug
            )
        except (ValueError, KeyError, TypeError, IndexError):
            raise DamagedObjectError(f"{self.path}: damaged head at byte {offset}") from None

    def _extent(
        self, part: memoryview, length: int, chunks: int, runs: list[list[int]], objects: list[str]
    ) -> Stored:
        table = self._range(part, chunks, -(-length // CHUNK) * 32)
        found = [Run(objects[o], at, n) for o, at, n in runs]
        grain = PAGE if length > SMALL else _ALIGN
        if (
            sum(run.length for run in found) != length
            or len(found) > MAX_RUNS
            or any(
                o < 0 or run.length <= 0 or run.offset % grain
                for (o, _, _), run in zip(runs, found, strict=True)
            )
            or any(run.length % CHUNK for run in found[:-1])
        ):
            raise ValueError
        return Stored(length, found, lambda: bytes(table))

    def _range(self, part: memoryview, offset: int, length: int) -> memoryview:
        if offset < 0 or length < 0 or offset + length > part.nbytes:
            raise ValueError
        return part[offset : offset + length]

    def data(self, offset: int, length: int) -> memoryview:
        """Bytes of the data region, read-only."""
        if not HEADER_BYTES <= offset <= offset + length <= self.data_end:
            raise DamagedObjectError(f"{self.path}: has no data at byte {offset}")
        return self.view[offset : offset + length]


class _Small(bytearray):
    """The memory of a small extent, which is nobody's variable (`arrays`)."""


class ObjectFolder:
    """The objects of a canvas as one worker opens them, each once."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._open: dict[str, StoredObject] = {}

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name[:2], name)

    def open(self, name: str) -> StoredObject:
        found = self._open.get(name)
        if found is None:
            found = self._open[name] = StoredObject(self.path(name))
        return found

    def component(self, name: str, offset: int, length: int) -> StoredComponent:
        return self.open(name).component(offset, length)

    def buffers(self, component: StoredComponent, extents: Extents) -> list[memoryview]:
        """The buffers of a component in memory of their own, writable; `extents` learns where they are."""
        views = [self.extent(stored, extents) for stored in component.extents]
        return [views[e][o : o + n] for e, o, n in component.buffers]

    def extent(self, stored: Stored, extents: Extents) -> memoryview:
        """One extent: a small one is read, a larger one is mapped privately, so that what is not used is not read."""
        parts = [self.open(run.object).data(run.offset, run.length) for run in stored.runs]
        if stored.length <= SMALL:
            return memoryview(_Small(b"".join(parts)))
        mapping = self._map(stored.length, stored.runs)
        extents.add(mapping, stored)
        return memoryview(mapping)

    def _map(self, length: int, runs: list[Run]) -> _easel.Mapping:
        files: dict[str, int] = {}
        try:
            for run in runs:
                if run.object not in files:
                    files[run.object] = os.open(self.path(run.object), os.O_RDONLY | os.O_CLOEXEC)
            return _easel.map_runs(length, [(files[run.object], run.offset, run.length) for run in runs])
        finally:
            for fd in files.values():
                os.close(fd)

"""Components as bytes: the writer and reader of docs/formats/object.md."""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import zlib
from json import dumps, loads  # bound now: a block may patch the module
from typing import Any, NamedTuple

from .. import fault

MAGIC = b"EASELOBJ"
VERSION = 1
COMPONENT_MAGIC = b"ECMP"
PAGE = 4096
# Components with more out-of-band bytes than this get an object of their own, so that it can be mapped and shared.
OWN_OBJECT_BYTES = 1 << 16


class Component(NamedTuple):
    """One dumped component before it has a place in a file."""

    members: list[str]
    stream: bytes
    buffers: list[memoryview]
    debug: list[dict[str, Any]]
    table: bytes | None
    digest: str

    @property
    def buffer_bytes(self) -> int:
        return sum(b.nbytes for b in self.buffers)


class Placed(NamedTuple):
    """Where a component went; `debug` and `table` are (offset, length) relative to the component."""

    object: str
    offset: int
    length: int
    debug: tuple[int, int] | None
    table: tuple[int, int] | None


class DamagedObjectError(Exception):
    """A state object is missing, torn or not what its name says."""


def content_digest(members: list[str], stream: bytes, buffers: list[memoryview]) -> str:
    """The key digest: what the component holds, without debug data, place or references."""
    h = hashlib.sha256(b"easel component 1\0")
    h.update(dumps(members).encode())
    h.update(struct.pack("<Q", len(stream)))
    h.update(stream)
    for buffer in buffers:
        h.update(struct.pack("<Q", buffer.nbytes))
        h.update(buffer)
    return h.hexdigest()


def _up(value: int, grain: int) -> int:
    return (value + grain - 1) // grain * grain


def _layout(component: Component, start: int) -> tuple[bytes, list[int], int]:
    """The head, the buffers' offsets relative to `start`, and the component's stream offset."""
    sizes = [b.nbytes for b in component.buffers]
    guess = 256 + 64 * len(sizes) + 8 * sum(len(m) for m in component.members)
    while True:
        stream_at = _up(8 + guess, 8)
        at = stream_at + len(component.stream)
        offsets = []
        for size in sizes:
            at = _up(start + at, PAGE) - start
            offsets.append(at)
            at += size
        head = dumps(
            {
                "codec": "pickle5",
                "version": 1,
                "members": component.members,
                "stream": [stream_at, len(component.stream)],
                "buffers": [[o, s] for o, s in zip(offsets, sizes, strict=True)],
                "crc32": zlib.crc32(component.stream),
            },
            separators=(",", ":"),
        ).encode()
        if len(head) <= guess:
            return head, offsets, stream_at
        guess = len(head) + 16


class ObjectWriter:
    """Writes one object file beside, hashing while writing; `finish` renames it to its digest."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, f"part.{id(self):x}")
        self.file = open(self.path, "xb", buffering=1 << 18)
        self.hash = hashlib.sha256()
        self.at = 0
        self._write(MAGIC + struct.pack("<II", VERSION, 0))

    def _write(self, data: bytes | memoryview) -> None:
        self.hash.update(data)
        self.file.write(data)
        self.at += len(data) if isinstance(data, bytes) else data.nbytes

    def _pad(self, to: int) -> None:
        if to > self.at:
            self._write(b"\0" * (to - self.at))

    def add(self, component: Component) -> Placed:
        self._pad(_up(self.at, PAGE if component.buffers else 64))
        start = self.at
        head, offsets, stream_at = _layout(component, start)
        self._write(COMPONENT_MAGIC + struct.pack("<I", len(head)) + head)
        self._pad(start + stream_at)
        self._write(component.stream)
        for offset, buffer in zip(offsets, component.buffers, strict=True):
            self._pad(start + offset)
            self._write(buffer)
        debug = table = None
        if component.debug:
            data = dumps(component.debug, separators=(",", ":")).encode()
            debug = (self.at - start, len(data))
            self._write(data)
        if component.table is not None:
            self._pad(_up(self.at, 64))
            table = (self.at - start, len(component.table))
            self._write(component.table)
        return Placed("", start, self.at - start, debug, table)

    def finish(self) -> str:
        self.file.close()
        fault.point("worker.writing_objects")
        digest = self.hash.hexdigest()
        os.rename(self.path, os.path.join(self.folder, digest))
        return digest


class StoredObject:
    """A mapped object file. Mappings are private and writable: what a block changes stays its own."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DamagedObjectError(f"{path}: {error.strerror}") from None
        try:
            size = os.fstat(fd).st_size
            if size < 16:
                raise DamagedObjectError(f"{path}: too short for a state object ({size} bytes)")
            self.map = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        finally:
            os.close(fd)
        magic, version = self.map[:8], struct.unpack_from("<I", self.map, 8)[0]
        if magic != MAGIC:
            raise DamagedObjectError(f"{path}: not a state object of Easel")
        if version != VERSION:
            raise DamagedObjectError(f"{path}: made by a newer Easel (format {version})")
        self.view = memoryview(self.map)

    def component(self, offset: int, length: int) -> tuple[memoryview, list[memoryview]]:
        """The stream and the buffers of the component at `offset`."""
        if offset < 16 or length < 8 or offset + length > len(self.view):
            raise DamagedObjectError(f"{self.path}: no component at byte {offset}")
        part = self.view[offset : offset + length]
        head_length = struct.unpack_from("<I", part, 4)[0]
        if bytes(part[:4]) != COMPONENT_MAGIC or 8 + head_length > length:
            raise DamagedObjectError(f"{self.path}: damaged component at byte {offset}")
        try:
            head = loads(bytes(part[8 : 8 + head_length]))
            stream_at, stream_length = head["stream"]
            stream = part[stream_at : stream_at + stream_length]
            buffers = [part[o : o + n] for o, n in head["buffers"]]
            whole = len(stream) == stream_length and all(
                b.nbytes == n for b, (_, n) in zip(buffers, head["buffers"], strict=True)
            )
            crc = head["crc32"]
        except (ValueError, KeyError, TypeError):
            raise DamagedObjectError(f"{self.path}: damaged head at byte {offset}") from None
        if head.get("codec") != "pickle5" or head.get("version") != 1:
            raise DamagedObjectError(
                f"{self.path}: component at byte {offset} has a codec this version cannot read"
            )
        if not whole or zlib.crc32(stream) != crc:
            raise DamagedObjectError(f"{self.path}: checksum of the component at byte {offset} is wrong")
        return stream, buffers

    def debug(self, offset: int, range_: dict[str, int] | None) -> list[dict[str, Any]]:
        if not range_:
            return []
        start = offset + range_["offset"]
        try:
            found = loads(bytes(self.view[start : start + range_["length"]]))
        except ValueError:
            raise DamagedObjectError(f"{self.path}: damaged debug data at byte {start}") from None
        return found if isinstance(found, list) else []

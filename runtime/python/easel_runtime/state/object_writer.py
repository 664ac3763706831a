"""Writes object files: docs/formats/object.md."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from json import dumps  # bound now: a block may patch the module
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from .. import fault
from .encoded import CHUNK, SMALL, Encoded
from .extents import Extents, Plan, Run
from .objects import COMPONENT_MAGIC, END_MAGIC, HEAD_AT, MAGIC, PAGE, TRAILER, VERSION

_ALIGN = 64
# Large writes are cut, so that a signal that ends the worker is heard in between.
_WRITE_BYTES = 64 << 20


class Placed:
    """Where a component went: what its slot's entry in the manifest says of it. Complete once its file is finished."""

    def __init__(self) -> None:
        self.object = ""
        self.offset = 0
        self.length = 0
        self.objects: list[str] = []
        self.debug: tuple[int, int] | None = None
        self.table: tuple[int, int] | None = None


class _Pending:
    """A component whose data is written and whose meta part waits for the end of the file."""

    def __init__(self, placed: Placed, parts: list[bytes]) -> None:
        self.placed = placed
        self.parts = parts


class ObjectWriter:
    """Writes one object file beside: data first, then what describes it; `finish` renames it to its digest."""

    def __init__(self, folder: str, extents: Extents) -> None:
        self.folder = folder
        self.extents = extents
        self.path = os.path.join(folder, f"part.{id(self):x}")
        self.file = open(self.path, "xb", buffering=1 << 18)
        self.at = 0
        self._pending: list[_Pending] = []
        self._stored: list[tuple[Plan, list[Run]]] = []
        self._header = MAGIC + struct.pack("<II", VERSION, 0)
        self._write(self._header)

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        for start in range(0, view.nbytes, _WRITE_BYTES):
            self.file.write(view[start : start + _WRITE_BYTES])
        self.at += view.nbytes

    def _pad(self, grain: int) -> None:
        if self.at % grain:
            self._write(bytes(grain - self.at % grain))

    def add(self, members: list[str], encoded: Encoded, plans: list[Plan], table: bytes | None) -> Placed:
        """Write the bytes of a component's extents that are stored nowhere yet."""
        placed = Placed()
        runs = [self._extent(plan) for plan in plans]
        fault.point("worker.data_written")
        placed.objects = sorted({run.object for extent in runs for run in extent if run.object})
        debug = dumps(encoded.debug, separators=(",", ":")).encode() if encoded.debug else None
        self._pending.append(_Pending(placed, _meta(members, encoded, plans, runs, debug, table, placed)))
        return placed

    def _extent(self, plan: Plan) -> list[Run]:
        fault.point("worker.writing_data")
        for other, runs in self._stored:
            if other.digest == plan.digest and plan.length > SMALL:
                return runs
        done: list[Run] = []
        for run in self.extents.runs(plan):
            if run.object:
                done.append(run)
                continue
            self._pad(PAGE if plan.length > SMALL else _ALIGN)
            done.append(Run("", self.at, run.length))
            for start in range(run.offset, run.offset + run.length, CHUNK):
                for part in plan.pieces.range(start, min(CHUNK, run.offset + run.length - start)):
                    self._write(part)
        self._stored.append((plan, done))
        return done

    def finish(self) -> str:
        """Write the meta region; the file's name, and with it every `Placed`, is known from here on."""
        fault.point("worker.writing_meta")
        self._pad(_ALIGN)
        begin = self.at
        digest = hashlib.sha256(self._header)
        for pending in self._pending:
            pending.placed.offset = self.at
            length = sum(map(len, pending.parts))
            pending.placed.length = length
            parts = [*pending.parts, bytes(-(self.at + length) % _ALIGN)]
            if length < SMALL:  # calls cost more than copying it
                parts = [b"".join(parts)]
            for part in parts:
                digest.update(part)
                self._write(part)
        place = struct.pack("<QQ", begin, self.at - begin)
        trailer = TRAILER.pack(begin, self.at - begin, zlib.crc32(place), 0, END_MAGIC)
        digest.update(trailer)
        self._write(trailer)
        self.file.close()
        fault.point("worker.writing_objects")
        name = digest.hexdigest()
        os.rename(self.path, os.path.join(self.folder, name))
        fault.point("worker.object_finished")
        for pending in self._pending:
            pending.placed.object = name
        for plan, runs in self._stored:
            self.extents.remember(plan, [Run(run.object or name, run.offset, run.length) for run in runs])
        return name


def _meta(
    members: list[str],
    encoded: Encoded,
    plans: list[Plan],
    runs: list[list[Run]],
    debug: bytes | None,
    table: bytes | None,
    placed: Placed,
) -> list[bytes]:
    """The component as it stands in the meta region, and the ranges that its slot's entry names."""
    if not plans and debug is None and table is None:
        return _plain_meta(members, encoded)
    number = {name: i for i, name in enumerate(placed.objects, 1)}
    number[""] = 0
    head: dict[str, Any] = {
        "codec": encoded.codec,
        "version": VERSION,
        "members": members,
        "stream": [0, len(encoded.stream)],
        "crc32": zlib.crc32(encoded.stream),
        "objects": placed.objects,
        "extents": [
            {"length": p.length, "chunks": 0, "runs": [[number[r.object], r.offset, r.length] for r in own]}
            for p, own in zip(plans, runs, strict=True)
        ],
        "buffers": encoded.buffers,
    }
    size = 0
    while True:  # the head has offsets that depend on its own length
        at = -(-(HEAD_AT + size) // 8) * 8
        head["stream"][0] = at
        at += len(encoded.stream)
        for plan, extent in zip(plans, head["extents"], strict=True):
            extent["chunks"] = at
            at += len(plan.chunks)
        if debug is not None:
            head["debug"] = [at, len(debug), zlib.crc32(debug)]
            at += len(debug)
        if table is not None:
            at = -(-at // _ALIGN) * _ALIGN
            head["table"] = [at, len(table), zlib.crc32(table)]
        text = dumps(head, separators=(",", ":")).encode()
        if len(text) <= size:
            break
        size = len(text) + 16
    text = text.ljust(size)
    parts = [COMPONENT_MAGIC + struct.pack("<III", size, zlib.crc32(text), 0) + text]
    parts.append(bytes(head["stream"][0] - HEAD_AT - size))
    parts.append(encoded.stream)
    parts.extend(plan.chunks for plan in plans)
    if debug is not None:
        parts.append(debug)
        placed.debug = (head["debug"][0], len(debug))
    if table is not None:
        parts.append(bytes(head["table"][0] - sum(map(len, parts))))
        parts.append(table)
        placed.table = (head["table"][0], len(table))
    return parts


def _plain_meta(members: list[str], encoded: Encoded) -> list[bytes]:
    """`_meta` of a component that is a stream and nothing else, as most small ones are."""
    before = f'{{"codec":"{encoded.codec}","version":{VERSION},"members":[{",".join(map(_quoted, members))}],"stream":['
    after = f',{len(encoded.stream)}],"crc32":{zlib.crc32(encoded.stream)},"objects":[],"extents":[],"buffers":[]}}'
    size = len(before) + len(after) + 20  # digits of any offset
    at = -(-(HEAD_AT + size) // 8) * 8
    text = f"{before}{at}{after}".encode().ljust(size)
    return [
        COMPONENT_MAGIC
        + struct.pack("<III", size, zlib.crc32(text), 0)
        + text
        + bytes(at - HEAD_AT - size)
        + encoded.stream
    ]

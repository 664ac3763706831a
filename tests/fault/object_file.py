"""A reader of state objects (docs/formats/object.md) for tests, written from the format and nothing of Easel's."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


class ObjectFile:
    """One object; `ranges` are its named parts as (first byte, behind the last)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        self.ranges: dict[str, tuple[int, int]] = {"header": (0, 16)}
        self.heads: dict[int, dict[str, Any]] = {}
        end = len(self.data) - 32
        self.meta, length, crc, zero, mark = struct.unpack("<QQII8s", self.data[end:])
        self.good = (
            self.data[:16] == b"EASELOBJ" + struct.pack("<II", 2, 0)
            and mark == b"EASELEND"
            and zero == 0
            and crc == zlib.crc32(self.data[end : end + 16])
            and self.meta + length == end
        )
        self.ranges["trailer"] = (end, len(self.data))
        if self.good:
            self._read_components(end)

    def name(self) -> str:
        return hashlib.sha256(self.data[:16] + self.data[self.meta :]).hexdigest()

    def _read_components(self, end: int) -> None:
        at, number = self.meta, 0
        while at + 16 <= end:
            if self.data[at : at + 4] != b"ECMP":
                at += 64
                continue
            length, crc, _ = struct.unpack("<III", self.data[at + 4 : at + 16])
            text = self.data[at + 16 : at + 16 + length]
            self.good = self.good and zlib.crc32(text) == crc
            head = json.loads(text)
            self.heads[at] = head
            self._name_parts(at, length, head, f"{number}")
            last = max(stop for start, stop in self.ranges.values() if stop <= end and start >= at)
            at, number = (last + 63) // 64 * 64, number + 1

    def _name_parts(self, at: int, length: int, head: dict[str, Any], number: str) -> None:
        self.ranges[f"head {number}"] = (at, at + 16 + length)
        for part in ("stream", "debug", "table"):
            if head.get(part) and head[part][1]:
                self.ranges[f"{part} {number}"] = (at + head[part][0], at + head[part][0] + head[part][1])
        for e, extent in enumerate(head.get("extents", [])):
            chunks = -(-extent["length"] // CHUNK)
            first = at + extent["chunks"]
            self.ranges[f"chunk table {number}.{e}"] = (first, first + 32 * chunks)
            for r, (o, offset, run) in enumerate(extent["runs"]):
                if o == 0:
                    self.ranges[f"data {number}.{e}.{r}"] = (offset, offset + run)

    def chunks_are_whole(self) -> bool:
        """Whether every chunk that this file holds has the digest that its table says."""
        for at, head in self.heads.items():
            for extent in head.get("extents", []):
                place = 0
                for o, offset, length in extent["runs"]:
                    for step in range(0, length if o == 0 else 0, CHUNK):
                        piece = self.data[offset + step : offset + min(step + CHUNK, length)]
                        entry = at + extent["chunks"] + 32 * ((place + step) // CHUNK)
                        if hashlib.sha256(piece).digest() != self.data[entry : entry + 32]:
                            return False
                    place += length
        return True

    def is_whole(self) -> bool:
        return self.good and self.name() == self.path.name and self.chunks_are_whole()

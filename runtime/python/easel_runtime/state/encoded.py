"""A component between values and files: a codec's output, and how its bytes are laid out and digested."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from easel_runtime import _easel

CHUNK = 1 << 20
# Smaller buffers share an extent; an extent that is no longer is read when it is loaded, and not mapped.
SMALL = 1 << 16
_ALIGN = 64


class Encoded(NamedTuple):
    """One component as a codec made it (docs/formats/object.md), before it has a place in a file.

    Each of `extents` is its bytes as pieces in order, which are memory of the values themselves where possible;
    `buffers` are (extent, offset, length) of what the stream takes out of band.
    """

    codec: str
    stream: bytes
    extents: list[list[memoryview]]
    buffers: list[tuple[int, int, int]]
    refs: list[str]
    reads: set[str]
    debug: list[dict[str, Any]]
    foreign_types: set[type]
    rows: int | None = None  # of codec `arrow`, whose only extent is the table itself
    left_out: tuple[str, ...] = ()  # sentences on what is not in it although the values are kept

    @property
    def buffer_bytes(self) -> int:
        return sum(piece.nbytes for pieces in self.extents for piece in pieces)


def lay_out(
    buffers: list[memoryview], apart: set[int]
) -> tuple[list[list[memoryview]], list[tuple[int, int, int]]]:
    """Extents for out-of-band buffers, none of them empty, and where in them each buffer is.

    Buffers that overlap in memory become one extent, so that they overlap again when they are loaded; but two whose
    numbers are in `apart` never do (frames that copy on write share memory that nobody may see shared).
    """
    extents: list[list[memoryview]] = []
    places: list[tuple[int, int, int]] = [(0, 0, 0)] * len(buffers)
    small: list[memoryview] = []
    small_places: list[tuple[int, int]] = []
    small_end = 0
    for union in _unions(buffers, apart):
        start = union[0][0]
        pieces = list(_pieces(union, buffers))
        length = sum(piece.nbytes for piece in pieces)
        if length >= SMALL:
            for address, number in union:
                places[number] = (len(extents), address - start, buffers[number].nbytes)
            extents.append(pieces)
            continue
        if small_end % _ALIGN:
            small.append(memoryview(bytes(_ALIGN - small_end % _ALIGN)))
            small_end += small[-1].nbytes
        small_places.extend((number, small_end + address - start) for address, number in union)
        small.extend(pieces)
        small_end += length
    for number, offset in small_places:
        places[number] = (len(extents), offset, buffers[number].nbytes)
    if small:
        extents.append(small)
    return extents, places


def _unions(buffers: list[memoryview], apart: set[int]) -> list[list[tuple[int, int]]]:
    """(address, number) of buffers that overlap, each union by address; all in the order of the first buffers."""
    places = sorted((_easel.address(b), number) for number, b in enumerate(buffers))
    alone: list[tuple[int, int]] = []
    at: list[tuple[int, int]] = []
    end_apart = -1
    for place in places:
        if place[1] in apart and place[0] < end_apart:
            alone.append(place)
            continue
        if place[1] in apart:
            end_apart = place[0] + buffers[place[1]].nbytes
        at.append(place)
    unions = [[place] for place in alone]
    end = -1
    for place in at:
        if place[0] < end:
            unions[-1].append(place)
        else:
            unions.append([place])
        end = max(end, place[0] + buffers[place[1]].nbytes)
    return sorted(unions, key=lambda union: min(number for _, number in union))


def _pieces(union: list[tuple[int, int]], buffers: list[memoryview]) -> Iterator[memoryview]:
    """The bytes of a union, each once."""
    end = union[0][0]
    for address, number in union:
        buffer = buffers[number]
        if address + buffer.nbytes > end:
            yield buffer[end - address :]
            end = address + buffer.nbytes


def extent_digest(length: int, chunks: bytes) -> bytes:
    """The digest of an extent of `length` bytes whose chunks have these digests."""
    return hashlib.sha256(b"easel extent 1\0" + struct.pack("<Q", length) + chunks).digest()


def component_digest(members: list[str], encoded: Encoded, extents: list[bytes]) -> str:
    """The key digest: what the component holds, without debug data, place or references."""
    begin = [b"easel component 2\0", encoded.codec.encode(), b"\0", struct.pack("<Q", len(members))]
    for member in members:
        name = member.encode("utf-8", "surrogatepass")
        begin += (struct.pack("<Q", len(name)), name)
    begin.append(struct.pack("<Q", len(encoded.stream)))
    end = [struct.pack("<Q", len(encoded.buffers))]
    end.extend(struct.pack("<QQQ", *buffer) for buffer in encoded.buffers)
    end.append(struct.pack("<Q", len(extents)))
    if len(encoded.stream) < SMALL:  # a call costs more than copying it
        return hashlib.sha256(b"".join((*begin, encoded.stream, *end, *extents))).hexdigest()
    h = hashlib.sha256(b"".join(begin))
    h.update(encoded.stream)
    h.update(b"".join((*end, *extents)))
    return h.hexdigest()

"""Extents in memory: which of them are mappings of stored bytes, and what of a new one must be written.

    loaded extent --map--> Mapped (address, chunk digests, runs)
    captured extent: pieces --plan--> Plan (chunk digests; for each chunk the stored bytes it equals, or none)

A chunk that lies where it was loaded and of which no page was written to keeps its digest and its run. Every other chunk
is hashed; one that equals the stored one keeps its run, too.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import NamedTuple

from easel_runtime import _easel

from .encoded import CHUNK, SMALL, extent_digest

MAX_RUNS = 256
# An extent of which less than this part is kept is written whole: the rest of the old file would be kept for it.
_KEPT_PART = 8
_DIGEST = 32
_WORTH_SAYING = 256 << 20


class Run(NamedTuple):
    """Stored bytes: a range of the data region of an object. `object` is "" for the file that is being written."""

    object: str
    offset: int
    length: int


class Stored:
    """An extent that is stored; its chunk table is read when it is asked for."""

    def __init__(self, length: int, runs: list[Run], chunks: Callable[[], bytes]) -> None:
        self.length = length
        self.runs = runs
        self._read_chunks = chunks
        self._chunks: bytes | None = None

    @property
    def chunks(self) -> bytes:
        if self._chunks is None:
            self._chunks = self._read_chunks()
        return self._chunks

    def chunk(self, number: int) -> bytes:
        """The digest of a chunk; empty if there is none of this number."""
        return self.chunks[number * _DIGEST : (number + 1) * _DIGEST] if number >= 0 else b""

    def slice(self, offset: int, length: int) -> list[Run]:
        """Where a part of it is stored."""
        found = []
        for run in self.runs:
            skip = min(offset, run.length)
            offset -= skip
            size = min(length, run.length - skip)
            if size > 0:
                found.append(Run(run.object, run.offset + skip, size))
                length -= size
        return found


class Mapped(NamedTuple):
    """A loaded extent: private memory that began as a stored one."""

    address: int
    stored: Stored

    @property
    def length(self) -> int:
        return self.stored.length


class Pieces:
    """The bytes of an extent that is captured, wherever they lie."""

    def __init__(self, pieces: list[memoryview]) -> None:
        self.pieces = pieces
        self.ends = list(itertools.accumulate(piece.nbytes for piece in pieces))
        self.length = self.ends[-1] if self.ends else 0

    def range(self, start: int, length: int) -> Iterator[memoryview]:
        end = min(start + length, self.length)
        number = bisect.bisect_right(self.ends, start)
        while start < end:
            piece = self.pieces[number]
            begin = self.ends[number] - piece.nbytes
            yield piece[start - begin : min(end - begin, piece.nbytes)]
            start = self.ends[number]
            number += 1


class Plan(NamedTuple):
    """What an extent will be: where `kept` is 1, its chunk equals that of `stored`, `shift` chunks further on; where it
    is 2, the chunk of a stored extent that `elsewhere` names; the others must be written."""

    length: int
    pieces: Pieces
    chunks: bytes
    digest: bytes
    kept: bytearray
    stored: Stored | None
    shift: int
    elsewhere: dict[int, tuple[Stored, int]]


class Extents:
    """The mapped extents of one worker, and plans for new ones. Not thread-safe."""

    def __init__(self) -> None:
        self._mapped: dict[int, Mapped] = {}
        self._addresses: list[int] = []
        self._stored: dict[bytes, list[Run]] = {}  # what this capture has written, by digest
        self._loaded: list[Stored] = []
        self._by_content: dict[bytes, tuple[Stored, int]] = {}  # chunks of the first `_indexed` of them
        self._indexed = 0
        # Set when the kernel does not tell what was written to: its reason, and how many bytes were hashed for it.
        self._refused = ""
        self._hashed_for_it = 0

    # -- what is mapped -----------------------------------------------------------------------------------------

    def add(self, mapping: _easel.Mapping, stored: Stored) -> None:
        """Remember that `mapping` began as `stored`, until nothing looks into it any more."""
        self._loaded.append(stored)
        mapped = Mapped(_easel.address(mapping), stored)
        self._mapped[mapped.address] = mapped
        bisect.insort(self._addresses, mapped.address)
        weakref.finalize(mapping, self._remove, mapped.address).atexit = False

    def _remove(self, address: int) -> None:
        self._mapped.pop(address, None)
        at = bisect.bisect_left(self._addresses, address)
        if at < len(self._addresses) and self._addresses[at] == address:
            del self._addresses[at]

    def mapped(self) -> list[Mapped]:
        """All that are mapped now, in the order in which they were."""
        return list(self._mapped.values())

    def ranges(self) -> list[tuple[int, int]]:
        """Address and length of each."""
        return [(mapped.address, mapped.length) for mapped in self._mapped.values()]

    def find(self, address: int, length: int) -> Mapped | None:
        """The mapped extent that has all of these bytes."""
        at = bisect.bisect_right(self._addresses, address) - 1
        if at < 0:
            return None
        mapped = self._mapped[self._addresses[at]]
        return mapped if address + length <= mapped.address + mapped.length else None

    def untouched(self, mapped: Mapped) -> bool:
        """Whether no page of a mapped extent was written to, for sure."""
        if not self._refused:
            try:
                return not any(_easel.written_to(mapped.address, mapped.length, CHUNK))
            except OSError as error:
                self._refused = str(error)
        return False

    def written_to(self, mapped: Mapped) -> bytes:
        """For each chunk of a mapped extent, 1 if it was written to since it was mapped (or if nobody can tell)."""
        if not self._refused:
            try:
                return _easel.written_to(mapped.address, mapped.length, CHUNK)
            except OSError as error:
                self._refused = str(error)
        self._hashed_for_it += mapped.length
        return b"\1" * -(-mapped.length // CHUNK)

    def why_slow(self) -> str:
        """A sentence for who waits, if much had to be hashed only because the kernel does not tell what changed."""
        if self._hashed_for_it < _WORTH_SAYING:
            return ""
        return (
            f"{self._hashed_for_it >> 20} MiB of loaded state were read to see what changed in them, because the kernel does "
            f"not say which pages were written to ({self._refused})"
        )

    # -- planning -----------------------------------------------------------------------------------------------

    def plan(self, pieces: list[memoryview], before: Stored | None = None) -> Plan:
        """Find out what of the bytes of `pieces`, in order, is stored already.

        `before` is the stored extent to compare with where `pieces` lie in no mapped one.
        """
        whole = Pieces(pieces)
        length = whole.length
        count = -(-length // CHUNK)
        mapped, shift, in_place = self._origin(pieces, length)
        written = b"" if mapped is None else self.written_to(mapped)
        stored = before if mapped is None else mapped.stored
        chunks: list[bytes] = []
        kept = bytearray(count)
        for chunk in range(count):
            there = chunk + shift
            old = _chunk(stored, there, min(CHUNK, length - chunk * CHUNK))
            if old and mapped is not None and in_place[chunk] and not written[there]:
                digest = old
            else:
                digest = _hash(whole.range(chunk * CHUNK, CHUNK))
            kept[chunk] = digest == old
            chunks.append(digest)
        table = b"".join(chunks)
        digest = extent_digest(length, table)
        return Plan(length, whole, table, digest, kept, stored, shift, self._elsewhere(chunks, kept))

    def _elsewhere(self, chunks: list[bytes], kept: bytearray) -> dict[int, tuple[Stored, int]]:
        """Chunks that equal one of any loaded extent (what a program copies and then changes a little), now `kept`."""
        found: dict[int, tuple[Stored, int]] = {}
        if all(kept):
            return found
        for stored in self._loaded[self._indexed :]:
            for number in range(-(-stored.length // CHUNK)):
                self._by_content.setdefault(stored.chunk(number), (stored, number))
        self._indexed = len(self._loaded)
        last: tuple[Stored, int] | None = None
        for chunk, digest in enumerate(chunks):
            place = None
            if not kept[chunk]:
                if last is not None and last[0].chunk(last[1] + 1) == digest:  # the neighbour: one run
                    place = last[0], last[1] + 1
                else:
                    place = self._by_content.get(digest)
                if place is not None:
                    kept[chunk] = 2
                    found[chunk] = place
            last = place
        return found

    def _origin(self, pieces: list[memoryview], length: int) -> tuple[Mapped | None, int, list[bool]]:
        """The mapped extent that most of `pieces` lie in, how many chunks further on they lie there, and for each
        chunk of the new extent whether all of it lies there."""
        votes: dict[tuple[int, int], int] = {}
        places: list[tuple[int, int, tuple[int, int] | None]] = []
        at = 0
        for piece in pieces:
            place = None
            if piece.nbytes and self._addresses and length > SMALL:
                address = _easel.address(piece)
                mapped = self.find(address, piece.nbytes)
                if mapped is not None and (address - mapped.address - at) % CHUNK == 0:
                    place = (mapped.address, (address - mapped.address - at) // CHUNK)
                    votes[place] = votes.get(place, 0) + piece.nbytes
            places.append((at, piece.nbytes, place))
            at += piece.nbytes
        if not votes:
            return None, 0, []
        best = max(votes, key=lambda place: votes[place])
        in_place = [True] * -(-length // CHUNK)
        for start, size, place in places:
            if place != best and size:
                for chunk in range(start // CHUNK, (start + size - 1) // CHUNK + 1):
                    in_place[chunk] = False
        return self._mapped[best[0]], best[1], in_place

    # -- what is stored -----------------------------------------------------------------------------------------

    def runs(self, plan: Plan) -> list[Run]:
        """The runs of an extent, those to be written as Run("", chunk number * CHUNK, length)."""
        known = self._stored.get(plan.digest)
        if known is not None:
            return known
        runs = _runs(plan)
        kept = sum(run.length for run in runs if run.object)
        if len(runs) > MAX_RUNS or kept * _KEPT_PART < plan.length:
            runs = [Run("", 0, plan.length)]
        return runs

    def remember(self, plan: Plan, runs: list[Run]) -> None:
        """An extent was stored here: an equal one of this capture need not be stored again."""
        if plan.length > SMALL:
            self._stored[plan.digest] = runs


def _runs(plan: Plan) -> list[Run]:
    """Neighbours that are stored as neighbours are one run."""
    runs: list[Run] = []
    first = 0
    for kept, group in itertools.groupby(plan.kept):
        count = sum(1 for _ in group)
        length = min(count * CHUNK, plan.length - first * CHUNK)
        if kept == 1 and plan.stored is not None:
            runs.extend(plan.stored.slice((first + plan.shift) * CHUNK, length))
        elif kept == 2:
            for chunk in range(first, first + count):
                stored, number = plan.elsewhere[chunk]
                (run,) = stored.slice(number * CHUNK, min(CHUNK, plan.length - chunk * CHUNK))
                last = runs[-1] if runs else None
                if last is not None and last.object == run.object and last.offset + last.length == run.offset:
                    run = Run(run.object, last.offset, last.length + run.length)
                    runs.pop()
                runs.append(run)
        else:
            runs.append(Run("", first * CHUNK, length))
        first += count
    return runs


def _chunk(stored: Stored | None, number: int, size: int) -> bytes:
    """The digest of a stored chunk, if it is there and has this size."""
    if stored is None or number < 0 or size != min(CHUNK, stored.length - number * CHUNK):
        return b""
    return stored.chunk(number)


def _hash(parts: Iterator[memoryview]) -> bytes:
    h = hashlib.sha256()
    for part in parts:
        h.update(part)
    return h.digest()

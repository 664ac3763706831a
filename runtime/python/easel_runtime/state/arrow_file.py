"""An Arrow IPC file of one uncompressed record batch, as pieces of memory that are where the columns already lie.

pyarrow writes the schema and the dictionaries; the record batch's metadata and the footer are made here, so that no
column is copied. Source: "Arrow Columnar Format", IPC file format; FlatBuffers internals.
"""

from __future__ import annotations

import io
import struct
from typing import Any, NamedTuple

MAGIC = b"ARROW1\0\0"
CONTINUATION = 0xFFFFFFFF
END_OF_STREAM = struct.pack("<II", CONTINUATION, 0)
VERSION_5 = 4
RECORD_BATCH = 3
# Where a block's first buffer begins; columns of one block follow each other at multiples of 8. Large ones begin at the
# grain in which changes are stored, so that a column that is added leaves the others where they were.
ALIGNMENT = 64
GRAIN = 1 << 20
LARGE = 16 << 20


class Placed(NamedTuple):
    """Bytes in the body of the record batch: offset from its start, and length."""

    offset: int
    length: int


class Column(NamedTuple):
    """One column of the file: its field, its (length, nulls) nodes, its buffers, its dictionary (else None)."""

    field: Any
    nodes: list[tuple[int, int]]
    buffers: list[Placed]
    dictionary: Any = None


NO_BUFFER = Placed(0, 0)


class Body:
    """The record batch's body, filled piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[memoryview] = []
        self.length = 0

    def align(self, grain: int) -> None:
        padding = -self.length % grain
        if padding:
            self.pieces.append(memoryview(bytes(padding)))
            self.length += padding

    def add(self, data: Any, grain: int | None = None) -> Placed:
        """Append bytes (anything with a contiguous buffer) at a multiple of `grain` (default: by their number);
        nothing is copied."""
        view = memoryview(data)
        if view.format != "B" or view.ndim != 1:
            view = view.cast("B")
        if view.nbytes == 0:
            return NO_BUFFER
        self.align(alignment(view.nbytes) if grain is None else grain)
        placed = Placed(self.length, view.nbytes)
        self.pieces.append(view)
        self.length += view.nbytes
        return placed


def alignment(size: int) -> int:
    """Where `size` bytes that belong together begin."""
    return GRAIN if size >= LARGE else ALIGNMENT


class TableFile(NamedTuple):
    """The file's pieces in order, and where in it the body of its record batch begins."""

    pieces: list[memoryview]
    body: int


def write(
    columns: list[Column], rows: int, body: Body, metadata: dict[bytes, bytes] | None = None
) -> TableFile:
    """The file for `columns`, whose buffers lie in `body`."""
    import pyarrow as pa

    schema = pa.schema([column.field for column in columns], metadata)
    head, blocks, schema_message = _preamble(pa, schema, columns)
    body.align(8)
    message = _record_batch(columns, rows, body.length)
    prefix = 8 + len(message)
    prefix += -(len(head) + prefix) % alignment(body.length)
    head += struct.pack("<II", CONTINUATION, prefix - 8) + message + bytes(prefix - 8 - len(message))
    batch = (len(head) - prefix, prefix, body.length)
    footer = _footer(schema_message, blocks, batch)
    tail = END_OF_STREAM + footer + struct.pack("<i", len(footer)) + MAGIC[:6]
    return TableFile([memoryview(bytes(head)), *body.pieces, memoryview(tail)], len(head))


def _preamble(
    pa: Any, schema: Any, columns: list[Column]
) -> tuple[bytearray, list[tuple[int, int, int]], bytes]:
    """Magic, schema and dictionaries as bytes; the dictionaries' blocks; the schema's message."""
    empty = []
    for column in columns:
        kind = column.field.type
        if column.dictionary is not None:
            none = pa.array([], kind.index_type)
            empty.append(pa.DictionaryArray.from_arrays(none, column.dictionary, ordered=kind.ordered))
        else:
            empty.append(pa.array([], kind))
    out = io.BytesIO()
    with pa.ipc.new_stream(out, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(empty, schema=schema))
    stream = out.getvalue()
    at, blocks, first = 0, [], b""
    while True:
        length = struct.unpack_from("<I", stream, at + 4)[0]
        message = stream[at + 8 : at + 8 + length]
        kind, body_length = _message_kind(message)
        if not first:
            first = message
        elif kind == RECORD_BATCH:
            break
        else:
            blocks.append((len(MAGIC) + at, 8 + length, body_length))
        at += 8 + length + body_length
    return bytearray(MAGIC + stream[:at]), blocks, first


def _message_kind(message: bytes) -> tuple[int, int]:
    """Header type and body length of a message."""
    table = struct.unpack_from("<I", message, 0)[0]
    kind = _field(message, table, 1)
    length = _field(message, table, 3)
    return (message[kind] if kind else 0), (struct.unpack_from("<q", message, length)[0] if length else 0)


def _field(data: bytes, table: int, number: int) -> int:
    """Where field `number` of the FlatBuffers table at `table` lies, or 0 if it has its default."""
    entries = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", data, entries)[0]:
        return 0
    offset = struct.unpack_from("<H", data, entries + 4 + 2 * number)[0]
    return table + int(offset) if offset else 0


def _record_batch(columns: list[Column], rows: int, body_length: int) -> bytes:
    """A Message that holds a RecordBatch."""
    nodes = [node for column in columns for node in column.nodes]
    buffers = [buffer for column in columns for buffer in column.buffers]
    buffers_at = 72 + 16 * len(nodes) + 4
    out = bytearray(buffers_at + 4 + 16 * len(buffers))
    struct.pack_into("<I", out, 0, 16)
    struct.pack_into("<6H", out, 4, 12, 20, 16, 18, 4, 8)  # version, header's type, header, body's length
    struct.pack_into("<iIqhB", out, 16, 12, 48 - 20, body_length, VERSION_5, RECORD_BATCH)
    struct.pack_into("<5H", out, 36, 10, 20, 8, 4, 16)  # length, nodes, buffers
    struct.pack_into("<iIqI", out, 48, 12, 68 - 52, rows, buffers_at - 64)
    struct.pack_into("<I", out, 68, len(nodes))
    for i, node in enumerate(nodes):
        struct.pack_into("<qq", out, 72 + 16 * i, *node)
    struct.pack_into("<I", out, buffers_at, len(buffers))
    for i, buffer in enumerate(buffers):
        struct.pack_into("<qq", out, buffers_at + 4 + 16 * i, *buffer)
    return bytes(out)


def _footer(
    schema_message: bytes, dictionaries: list[tuple[int, int, int]], batch: tuple[int, int, int]
) -> bytes:
    """The Footer; the schema's message goes in whole, since offsets inside it are relative."""
    header = _field(schema_message, struct.unpack_from("<I", schema_message, 0)[0], 2)
    schema = header + struct.unpack_from("<I", schema_message, header)[0]
    batches_at = 40 + 24 * len(dictionaries) + 4
    message_at = batches_at + 4 + 24
    out = bytearray(message_at)
    struct.pack_into("<I", out, 0, 16)
    struct.pack_into("<6H", out, 4, 12, 20, 16, 4, 8, 12)  # version, schema, dictionaries, record batches
    struct.pack_into("<iIIIh", out, 16, 12, message_at + schema - 20, 36 - 24, batches_at - 28, VERSION_5)
    struct.pack_into("<I", out, 36, len(dictionaries))
    for i, (offset, metadata, length) in enumerate(dictionaries):
        struct.pack_into("<qi4xq", out, 40 + 24 * i, offset, metadata, length)
    struct.pack_into("<I", out, batches_at, 1)
    struct.pack_into("<qi4xq", out, batches_at + 4, batch[0], batch[1], batch[2])
    return bytes(out) + schema_message

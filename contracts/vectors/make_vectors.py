"""Writes the binary vectors of this folder anew, from the specifications in docs/formats and not from our code."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def write(path: str, content: bytes) -> None:
    target = HERE / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def write_json(path: str, document: dict[str, Any]) -> None:
    write(path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def record(stream: int, unix_us: int, payload: bytes) -> bytes:
    return struct.pack("<IB3xQI", len(payload), stream, unix_us, zlib.crc32(payload)) + payload


def journal_vectors() -> None:
    header = b"EASELJNL" + struct.pack("<II", 1, 0)
    shown = [
        (1, 1_700_000_000_000_000, b"hello\n"),
        (2, 1_700_000_000_000_001, b"\xff\x00 not text\r"),
        (3, 1_700_000_000_000_002, json.dumps({"event": "display", "data": {"text/plain": "42"}}).encode()),
        (1, 1_700_000_000_000_003, b""),
        (6, 1_700_000_000_000_004, json.dumps({"status": "succeeded"}).encode()),
    ]
    body = b"".join(record(*r) for r in shown)
    records = [{"stream": s, "unix_us": t, "payload_hex": p.hex()} for s, t, p in shown]
    last = len(header) + len(body) - len(record(*shown[-1]))

    def vector(name: str, content: bytes, document: dict[str, Any]) -> None:
        write(f"journal/{name}.bin", content)
        write_json(f"journal/{name}.json", document)

    vector("whole", header + body, {"records": records})
    vector("empty", header, {"records": []})
    vector("torn_payload", header + body[:-3], {"records": records[:-1], "end": last})
    vector("torn_header", (header + body)[: last + 7], {"records": records[:-1], "end": last})
    flipped = bytearray(header + body)
    flipped[last + 20] ^= 1
    vector("flipped_bit", bytes(flipped), {"records": records[:-1], "damaged_at": last})
    vector("unknown_stream", header + record(9, 0, b"x"), {"records": [], "damaged_at": 16})
    vector(
        "absurd_length",
        header + struct.pack("<IB3xQI", 0xFFFFFFFF, 1, 0, 0),
        {"records": [], "damaged_at": 16},
    )
    vector("foreign", b"#!/bin/sh\nexit 0\n\n\n", {"records": [], "damaged_at": 0})
    vector("newer_version", b"EASELJNL" + struct.pack("<II", 2, 0), {"records": [], "damaged_at": 0})


CHUNK = 1 << 20


def up(value: int, grain: int) -> int:
    return -(-value // grain) * grain


class ObjectFile:
    """One object file being made: runs first, then components, then `finish`."""

    def __init__(self) -> None:
        self.data = bytearray(b"EASELOBJ" + struct.pack("<II", 2, 0))
        self.meta = bytearray()
        self.components: list[dict[str, Any]] = []

    def run(self, content: bytes, grain: int = 4096) -> list[int]:
        """Append a run; return it as a head has it."""
        self.data = self.data.ljust(up(len(self.data), grain), b"\0")
        self.data += content
        return [0, len(self.data) - len(content), len(content)]

    def component(self, stream: bytes, members: list[str], **more: Any) -> None:
        """Append a component. `extents` are (content, runs); `debug` and `table` are bytes, `change` changes the head."""
        self.meta = self.meta.ljust(up(len(self.meta), 64), b"\0")
        extents, buffers = more.get("extents", []), more.get("buffers", [])
        tables = [
            b"".join(hashlib.sha256(c[i : i + CHUNK]).digest() for i in range(0, len(c), CHUNK))
            for c, _ in extents
        ]
        size = 0
        while True:  # the head holds offsets that depend on its own length
            at = 16 + size

            def place(content: bytes) -> list[int]:
                nonlocal at
                at += len(content)
                return [at - len(content), len(content)]

            head: dict[str, Any] = {
                "codec": more.get("codec", "pickle5"),
                "version": 2,
                "members": members,
                "stream": place(stream),
                "crc32": zlib.crc32(stream),
                "objects": more.get("objects", []),
                "extents": [
                    {"length": len(c), "chunks": place(t)[0], "runs": runs}
                    for (c, runs), t in zip(extents, tables, strict=True)
                ],
                "buffers": buffers,
            }
            tail = stream + b"".join(tables)
            for part in ("debug", "table"):
                if part in more:
                    head[part] = [*place(more[part]), zlib.crc32(more[part])]
                    tail += more[part]
            changed = json.loads(json.dumps(more.get("change", {})))
            for extent in changed.get("extents", []):
                extent.setdefault("chunks", head["extents"][0]["chunks"])
            head |= changed
            text = json.dumps(head).encode()
            if len(text) <= size:
                break
            size = len(text)
        text = text.ljust(size)
        start = len(self.meta)
        self.meta += b"ECMP" + struct.pack("<III", size, zlib.crc32(text), 0) + text + tail
        described = {k: head[k] for k in ("codec", "members", "objects", "buffers")}
        described["extents"] = [
            {"length": len(c), "runs": runs, "sha256": hashlib.sha256(c).hexdigest()} for c, runs in extents
        ]
        described |= {k: head[k][:2] for k in ("debug", "table") if k in head}
        described["digest"] = self.digest(described["codec"], members, stream, buffers, extents)
        self.components.append({"offset": start, "length": len(self.meta) - start, **described})

    @staticmethod
    def digest(codec: str, members: list[str], stream: bytes, buffers: Any, extents: Any) -> str:
        def u64(value: int) -> bytes:
            return struct.pack("<Q", value)

        h = hashlib.sha256(b"easel component 2\0" + codec.encode() + b"\0" + u64(len(members)))
        for member in members:
            h.update(u64(len(member.encode())) + member.encode())
        h.update(u64(len(stream)) + stream + u64(len(buffers)))
        for buffer in buffers:
            h.update(b"".join(map(u64, buffer)))
        h.update(u64(len(extents)))
        for content, _ in extents:
            chunks = [hashlib.sha256(content[i : i + CHUNK]).digest() for i in range(0, len(content), CHUNK)]
            h.update(hashlib.sha256(b"easel extent 1\0" + u64(len(content)) + b"".join(chunks)).digest())
        return h.hexdigest()

    def finish(self) -> tuple[bytes, str, list[dict[str, Any]]]:
        """The file, its name, and its components with their places in the file."""
        begin = up(len(self.data), 64)
        place = struct.pack("<QQ", begin, len(self.meta))
        meta = bytes(self.meta) + place + struct.pack("<II", zlib.crc32(place), 0) + b"EASELEND"
        name = hashlib.sha256(bytes(self.data[:16]) + meta).hexdigest()
        placed = [{**c, "offset": c["offset"] + begin} for c in self.components]
        return bytes(self.data.ljust(begin, b"\0")) + meta, name, placed


def object_vectors() -> None:
    def vector(name: str, made: tuple[bytes, str, list[dict[str, Any]]], **more: Any) -> None:
        write(f"object/{name}.bin", made[0])
        write_json(f"object/{name}.json", {"name": made[1], **more, "components": made[2]})

    def stream(value: Any) -> tuple[bytes, list[bytes]]:
        buffers: list[pickle.PickleBuffer] = []
        text = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        return text, [b.raw().tobytes() for b in buffers]

    # Two components: one without data, one with two small buffers in an extent that they share.
    two = ObjectFile()
    two.component(stream({"x": 1, "y": [1.5, "ä"]})[0], ["x", "y"], debug=b"[]", table=b"ARROW1 no table")
    small = {k: pickle.PickleBuffer(bytearray([i] * 300)) for i, k in enumerate("ab", 1)}
    text, raw = stream(small)
    packed = raw[0].ljust(320, b"\0") + raw[1]
    two.component(
        text, ["a", "b"], extents=[(packed, [two.run(packed, 64)])], buffers=[[0, 0, 300], [0, 320, 300]]
    )
    whole = two.finish()
    vector("two_components", whole)

    # An extent of two chunks, and a patch that has its second one anew.
    content = bytes(range(256)) * 4096 + b"end of the base" * 7
    base = ObjectFile()
    text = stream({"big": pickle.PickleBuffer(bytearray(content))})[0]
    base.component(text, ["big"], extents=[(content, [base.run(content)])], buffers=[[0, 0, len(content)]])
    base_made = base.finish()
    vector("base", base_made)
    changed = content[:CHUNK] + b"end of a patch!" * 7
    patch = ObjectFile()
    runs = [[1, base_made[2][0]["extents"][0]["runs"][0][1], CHUNK], patch.run(changed[CHUNK:])]
    patch.component(
        text,
        ["big"],
        objects=[base_made[1]],
        extents=[(changed, runs)],
        buffers=[[0, 0, len(changed)]],
    )
    vector("patch", patch.finish(), others={base_made[1]: "base.bin"})

    def broken(name: str, content: bytes, why: str, at: dict[str, Any] | None = None) -> None:
        """A file that is refused when it is opened (no `at`) or when the head of the component `at` is read."""
        made = (
            content,
            whole[1],
            [{"offset": at["offset"], "length": at["length"], "error": why}] if at else [],
        )
        vector(name, made, **({} if at else {"error": why}))

    def rotten(name: str, offset: int, why: str) -> None:
        """A file that can be opened, and whose verification finds a flipped bit."""
        content = bytearray(whole[0])
        content[offset] ^= 4
        vector(name, (bytes(content), whole[1], []), damage=why)

    first, second = whole[2]
    file = whole[0]
    broken("foreign", b"PAR1" + file[4:], "not a state object")
    broken("older_version", file[:8] + struct.pack("<I", 1) + file[12:], "version is 1")
    broken("truncated", file[:-1], "its end is missing or torn")
    broken("end_elsewhere", file[:-40] + file[-32:], "does not fit")
    broken("no_component", file.replace(b"ECMP", b"ECMQ"), "no component begins here", first)
    broken("outside_of_the_file", file, "does not fit", {"offset": first["offset"], "length": len(file)})
    broken("in_the_data", file, "does not fit", {"offset": 64, "length": 64})
    at = first["offset"]
    broken(
        "head_too_long",
        file[: at + 4] + struct.pack("<I", 0xFFFFFFFF) + file[at + 8 :],
        "longer than the component",
        first,
    )
    flipped = bytearray(file)
    flipped[at + 30] ^= 4
    broken("flipped_head", bytes(flipped), "checksum of its head", first)
    rotten("flipped_data", second["extents"][0]["runs"][0][1] + 5, "bytes does not match")
    rotten("flipped_room", 20, "nothing should be here")
    rotten("flipped_stream", first["offset"] + first["length"] - 40, "its description")

    def bad_head(name: str, why: str, **change: Any) -> None:
        """A component whose head says something that cannot be."""
        one = ObjectFile()
        bad: dict[str, Any] = {"extents": [(b"x" * 100, [one.run(b"x" * 100)])]}
        one.component(b"N.", ["n"], change=change, **bad)
        made = one.finish()
        [placed] = made[2]
        vector(
            name, (made[0], made[1], [{"offset": placed["offset"], "length": placed["length"], "error": why}])
        )

    d = hashlib.sha256(b"other").hexdigest()

    def extent(*runs: list[int], length: int = 100, **more: int) -> list[dict[str, Any]]:
        return [{"length": length, "runs": list(runs), **more}]

    far = (1 << 63) - 1
    bad_head("bad_stream", "outside of the component", stream=[16, 1 << 53])
    bad_head("bad_huge", "numbers for stream", stream=[16, far])
    bad_head("bad_version", "expected 2", version=3)
    bad_head("bad_codec", "pickle5 and arrow", codec="zip")
    bad_head("bad_run_outside", "data region", extents=extent([0, 8192, 100]))
    bad_head("bad_run_overflow", "numbers for a run", extents=extent([0, far, 100]))
    bad_head("bad_run_object", "cannot be", extents=extent([1, 4096, 100]))
    bad_head("bad_run_alignment", "cannot be", extents=extent([0, 4097, 100]))
    bad_head("bad_run_grain", "cannot be", extents=extent([0, 4096, 50], [0, 8192, 50]))
    bad_head("bad_run_empty", "cannot be", extents=extent([0, 4096, 0]))
    bad_head("bad_sum", "add up", extents=extent([0, 4096, 99]))
    bad_head("bad_sum_overflow", "add up", extents=extent(*[[0, 4096, 1 << 54]] * 256))
    bad_head("bad_many_runs", "1 to 256 runs", extents=extent(*[[0, 4096, CHUNK]] * 257))
    bad_head("bad_chunks", "outside of the component", extents=extent([0, 4096, 100], chunks=1 << 40))
    bad_head("bad_length", "no length", extents=extent([0, 4096, 100], length=-1))
    bad_head("bad_unused", "no run uses", objects=[d])
    bad_head("bad_name", "SHA-256", objects=["../../etc/passwd"])
    bad_head("bad_buffer", "outside of its extent", buffers=[[0, 50, 51]])
    bad_head("bad_buffer_extent", "outside of its extent", buffers=[[1, 0, 1]])
    bad_head("bad_table", "outside of the component", table=[16, 1 << 50, 0])
    bad_head("bad_arrow", "an arrow component", codec="arrow", members=["a", "b"])


def manifest_vectors() -> None:
    def d(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    slot = {
        "object": d("object"),
        "offset": 8192,
        "length": 4096,
        "codec": "pickle5",
        "digest": d("df"),
        "names": ["df"],
        "refs": [],
        "reads": [],
        "unstable": False,
    }
    minimal: dict[str, Any] = {
        "easel_manifest": 1,
        "canvas": "c0",
        "attempt": "r0/load.1",
        "run": "r0",
        "block": "load",
        "epoch": 1,
        "key": "",
        "environment": "",
        "python": "3.11",
        "platform": "linux-x86_64",
        "started_ms": 1,
        "finished_ms": 2,
        "phases_ms": {},
        "peak_memory_bytes": 0,
        "flags": [],
        "files": {"read": {}, "written": {}, "outside": {}},
        "parents": [],
        "state": {"variables": {}, "slots": {}, "settings": {}},
    }
    full: dict[str, Any] = {
        **minimal,
        "attempt": "r0/train-2.3",
        "block": "train-2",
        "epoch": 3,
        "key": d("key"),
        "environment": d("environment"),
        "phases_ms": {"load": 1.25, "run": 10, "save": 2, "start": 1, "store": 1},
        "peak_memory_bytes": 1 << 30,
        "flags": ["unseeded_random"],
        "files": {
            "read": {
                "../blocks/helper.py": d("helper"),
                "data.csv": d("data"),
                "gone.csv": "absent",
                "raw/": d("listing"),
            },
            "written": {"out ä.csv": d("out")},
            "outside": {"/abs/path": "120:1700000000000000000"},
        },
        "parents": [{"block": "load", "attempt": "r0/load.1", "manifest": d("manifest")}],
        "state": {
            "variables": {
                "Alias": {
                    "slot": "r0/load.1#1",
                    "member": "Model",
                    "origin": "load",
                    "type": "type",
                    "bytes": 1,
                    "preview": "Model",
                },
                "conn": {
                    "not_carried": {
                        "reason": "a database connection lives in one process",
                        "advice": "open it in each block",
                    },
                    "origin": "load",
                    "type": "sqlite3.Connection",
                },
                "df": {
                    "slot": "r0/load.1#0",
                    "origin": "load",
                    "type": "pandas.DataFrame",
                    "shape": [100, 3],
                    "bytes": 2400,
                    "preview": "…",
                },
                "größe": {
                    "slot": "r0/train-2.3#0",
                    "origin": "train-2",
                    "type": "int",
                    "bytes": 28,
                    "preview": "1",
                },
            },
            "slots": {
                "r0/load.1#0": {
                    **slot,
                    "refs": ["r0/load.1#1"],
                    "settled": d("settled"),
                    "table": {"offset": 4096, "length": 800, "rows": 100, "complete": True},
                    "debug": {"offset": 4896, "length": 90},
                },
                "r0/load.1#1": {
                    **slot,
                    "offset": 8192,
                    "names": ["Model"],
                    "reads": ["np"],
                    "unstable": True,
                },
                "r0/train-2.3#0": {**slot, "names": ["größe"], "objects": [d("base"), d("older")]},
                "r0/train-2.3#1": {
                    **slot,
                    "codec": "arrow",
                    "table": {"extent": 0, "rows": 5, "complete": True},
                },
            },
            "settings": {
                "module:pandas": True,
                "import:os": True,
                "environ:TZ": "UTC",
                "random:numpy": {"digest": d("r"), "value": "AA=="},
            },
        },
    }
    write_json("manifest/minimal.json", {"manifest": minimal})
    write_json("manifest/full.json", {"manifest": full})

    def bad(name: str, why: str, **changes: Any) -> None:
        write_json(f"manifest/{name}.json", {"error": why, "manifest": {**minimal, **changes}})

    def state(variables: dict[str, Any], slots: dict[str, Any]) -> dict[str, Any]:
        return {"variables": variables, "slots": slots, "settings": {}}

    x = {"slot": "r0/load.1#0", "origin": "load", "type": "int"}
    bad("bad_newer", "newer easel", easel_manifest=2)
    bad("bad_attempt", "attempt", attempt="r0/load.2")
    bad("bad_missing_slot", "which is not there", state=state({"x": x}, {}))
    bad(
        "bad_open_refs",
        "which is not there",
        state=state({"x": x}, {"r0/load.1#0": {**slot, "refs": ["r0/load.1#7"]}}),
    )
    bad("bad_slot_id", "ordinal", state=state({}, {"load": slot}))
    bad("bad_digest", "SHA-256", state=state({}, {"r0/load.1#0": {**slot, "object": "../../etc/passwd"}}))
    bad("bad_objects", "SHA-256", state=state({}, {"r0/load.1#0": {**slot, "objects": ["x"]}}))
    bad("bad_length", "between 0 and", state=state({}, {"r0/load.1#0": {**slot, "length": 1 << 62}}))
    bad("bad_variable", "either a slot or not_carried", state=state({"x": {"origin": "load"}}, {}))
    bad("bad_absolute_read", "relative paths", files={"read": {"/etc/passwd": "absent"}})
    bad("bad_parents", "parents", parents=[{"block": "a", "attempt": "b", "manifest": "c"}])


if __name__ == "__main__":
    journal_vectors()
    object_vectors()
    manifest_vectors()

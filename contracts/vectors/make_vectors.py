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


def component(value: dict[str, Any], start: int) -> bytes:
    buffers: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [b.raw().tobytes() for b in buffers]
    head: dict[str, Any] = {
        "codec": "pickle5",
        "version": 1,
        "members": sorted(value),
        "stream": [0, 0],
        "buffers": [],
    }
    size = 0
    while True:  # the head holds offsets that depend on its own length
        at = 8 + size
        head["stream"] = [at, len(stream)]
        head["crc32"] = zlib.crc32(stream)
        end = at + len(stream)
        head["buffers"] = []
        for b in raw:
            end = -(-(start + end) // 4096) * 4096 - start
            head["buffers"].append([end, len(b)])
            end += len(b)
        text = json.dumps(head).encode()
        if len(text) <= size:
            break
        size = len(text)
    text = text.ljust(size)
    out = b"ECMP" + struct.pack("<I", size) + text + stream
    for b, (offset, _) in zip(raw, head["buffers"], strict=True):
        out = out.ljust(offset, b"\0") + b
    return out


def object_vectors() -> None:
    header = b"EASELOBJ" + struct.pack("<II", 1, 0)
    small = component({"x": 1, "y": [1.5, "ä"]}, 64)
    with_buffer = component({"b": pickle.PickleBuffer(bytearray(range(256)))}, 4096)
    content = (header.ljust(64, b"\0") + small).ljust(4096, b"\0") + with_buffer
    components = [
        {"offset": 64, "length": len(small), "members": ["x", "y"], "buffers": 0},
        {"offset": 4096, "length": len(with_buffer), "members": ["b"], "buffers": 1},
    ]

    def vector(name: str, content: bytes, document: dict[str, Any]) -> None:
        write(f"object/{name}.bin", content)
        write_json(f"object/{name}.json", {"sha256": hashlib.sha256(content).hexdigest(), **document})

    def broken(name: str, content: bytes, why: str, length: int = len(small)) -> None:
        vector(name, content, {"components": [{"offset": 64, "length": length, "error": why}]})

    vector("two_components", content, {"components": components})
    flipped = bytearray(content)
    flipped[64 + len(small) - 2] ^= 4
    broken("flipped_bit", bytes(flipped), "checksum")
    broken("truncated", content[: 64 + len(small) - 1], "does not fit")
    broken("foreign", b"PAR1" + content[4:], "not a state object")
    broken("newer_version", content[:8] + struct.pack("<I", 2) + content[12:], "version is 2")
    broken("no_component", content.replace(b"ECMP", b"ECMQ"), "no component begins here")
    broken(
        "head_too_long",
        content[:68] + struct.pack("<I", 0xFFFFFFFF) + content[72:],
        "longer than the component",
    )
    outside = b'{"codec":"pickle5","version":1,"members":[],"crc32":0,"stream":[8,9223372036854775807]}'
    broken(
        "range_outside",
        header.ljust(64, b"\0") + b"ECMP" + struct.pack("<I", len(outside)) + outside,
        "outside of the component",
        8 + len(outside),
    )
    broken(
        "head_not_json",
        header.ljust(64, b"\0") + b"ECMP" + struct.pack("<I", 3) + b"{x}",
        "not valid JSON",
        11,
    )


def manifest_vectors() -> None:
    def d(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    slot = {
        "object": d("object"),
        "offset": 16,
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
                "r0/train-2.3#0": {**slot, "names": ["größe"]},
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
    bad("bad_length", "between 0 and", state=state({}, {"r0/load.1#0": {**slot, "length": 1 << 62}}))
    bad("bad_variable", "either a slot or not_carried", state=state({"x": {"origin": "load"}}, {}))
    bad("bad_absolute_read", "relative paths", files={"read": {"/etc/passwd": "absent"}})
    bad("bad_parents", "parents", parents=[{"block": "a", "attempt": "b", "manifest": "c"}])


if __name__ == "__main__":
    journal_vectors()
    object_vectors()
    manifest_vectors()

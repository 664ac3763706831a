"""S5, S6: many small variables, and one structure of many small objects.

S6's peers load the same structure from a file of their own in a process that does nothing else.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample

# Ten objects a record: the record, its dict, two lists, a tuple, text, floats and ints of its own.
_MAKE = """
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
rows = [
    {{"id": i + 1000, "name": f"name {{i}}", "tags": [f"tag {{i % 1000}}", i * 0.5, (i, float(i))], "at": Point(i * 1.5, [i * 2.5])}}
    for i in range({records})
]
"""
_OBJECTS_A_RECORD = 14  # dict, 2 texts, 4 floats, 2 ints, 2 lists, tuple, instance, its dict
_READ = """
total = sum(row["at"].x + row["tags"][1] + len(row["name"]) for row in rows)
"""
_PEER = """
import sys, time
how, path = sys.argv[1:3]
import {how} as module
{make}
with open(path, "wb") as file: module.dump(rows, file, 5)
del rows
began = time.perf_counter()
with open(path, "rb") as file: rows = module.load(file)
loaded = time.perf_counter()
module.dumps(rows, 5)
print((loaded - began) * 1e3, (time.perf_counter() - loaded) * 1e3)
"""


def _finished(easel: Easel, root: str, block: str) -> dict[str, Any]:
    """Run one block again; its `block.finished`."""
    easel.settle()
    events = easel.events("run", root, "--only", block, "--force")
    finished: dict[str, Any] = next(e for e in events if e["event"] == "block.finished")
    if finished["status"] != "succeeded":
        raise RuntimeError(f"{block}: {finished}")
    return finished


def _state_of(root: str, block: str) -> dict[str, Any]:
    newest = max(
        Path(root, ".easel", "attempts").glob(f"*/{block}.*/manifest.json"),
        key=lambda p: p.stat().st_mtime_ns,
    )
    state: dict[str, Any] = json.loads(newest.read_text())["state"]
    return state


def reading(easel: Easel, python: str, quick: bool) -> Row:
    """S6: load and save of a block that only reads ten million inherited objects."""
    records = (1_000_000 if quick else 10_000_000) // _OBJECTS_A_RECORD
    make = _MAKE.format(records=records)
    root = easel.canvas("s6", {"make": make, "read": _READ})
    easel.command("run", root)
    both = Sample("load + save", "ms")
    load, save = Sample("of these: load", "ms"), Sample("of these: save", "ms")
    before = _state_of(root, "make")["slots"]
    for _ in range(3 if quick else 5):
        phases = _finished(easel, root, "read")["phases_ms"]
        load.values.append(phases["load"])
        save.values.append(phases["save"])
        both.values.append(phases["load"] + phases["save"])
    after = _state_of(root, "read")["slots"]
    rewritten = [slot for slot in before if after.get(slot) != before[slot]]
    shutil.rmtree(root, ignore_errors=True)
    peers = []
    for how in ("pickle", "cloudpickle"):
        loads = Sample(f"{how}.load", "ms")
        dumps = Sample(f"{how}.load + dumps", "ms")
        for _ in range(2 if quick else 3):
            script = _PEER.format(how=how, make=make)
            path = str(easel.folder / "s6.pickle")
            done = subprocess.run([python, "-c", script, how, path], capture_output=True, text=True)
            if done.returncode != 0:
                loads.note = done.stderr.strip().splitlines()[-1]
                break
            first, second = map(float, done.stdout.split())
            loads.values.append(first)
            dumps.values.append(first + second)
        peers += [loads, dumps]
    row = Row(
        "S6",
        f"read {records * _OBJECTS_A_RECORD / 1e6:.0f} M inherited objects",
        "2 x pickle.load, nothing rewritten",
        [both, load, save],
        peers,
    )
    row.met = both.median <= 2 * peers[0].median and not rewritten
    row.notes.append(
        f"{both.median / peers[0].median:.2f} x pickle.load; {len(rewritten)} of {len(before)} inherited slots rewritten"
    )
    return row


_SMALL = """
import time
for i in range({count}):
    globals()[f"v{{i}}"] = [i, i * 0.5, f"text {{i}}", [i, i + 1], {{"a": i, "b": [1, 2]}}, (i, "x"), {{i, i + 1}}, None, True][i % 9]
time.sleep({seconds})
"""


def many(easel: Easel, _python: str, quick: bool) -> Row:
    """S5: the whole of an attempt's overhead that 1,000 new small variables cause, on a block of one second."""
    samples = []
    for count in (1000, 0):
        root = easel.canvas(f"s5_{count}", {"make": _SMALL.format(count=count, seconds=0.2 if quick else 1)})
        easel.command("run", root)
        save = Sample(f"save, {count} variables", "ms")
        rest = Sample(f"whole attempt without the block's second, {count} variables", "ms")
        for _ in range(5 if quick else 15):
            phases = _finished(easel, root, "make")["phases_ms"]
            save.values.append(phases["save"])
            rest.values.append(sum(phases.values()) - phases["run"])
        samples += [save, rest]
        shutil.rmtree(root, ignore_errors=True)
    row = Row("S5", "1,000 new small variables", "20 ms (2 % of a 1 s block)", samples)
    row.met = samples[0].median <= 20
    row.notes.append(
        f"phases besides run: {samples[1].median - samples[3].median:.1f} ms more than without variables"
    )
    return row

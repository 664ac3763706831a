"""S1, S2, S4: what a large state costs the block that reads it, several that read it, and the one that changes a little.

Contestants do the same work on the same bytes: ones in a numpy array or a numeric frame, files in the page cache.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample

_MIB = 1 << 20
_COLUMNS = 8
_TOUCH = """
import time as _time
_began = _time.perf_counter()
{change}
print((_time.perf_counter() - _began) * 1e3)
"""


def _array(bytes_: int) -> str:
    return f"import numpy as np\nx = np.ones({bytes_ // 8})\n"


def _frame(bytes_: int) -> str:
    rows = bytes_ // 8 // _COLUMNS
    return (
        "import numpy as np, pandas as pd\n"
        f"x = pd.DataFrame(np.ones(({rows}, {_COLUMNS})), columns=[f'c{{i}}' for i in range({_COLUMNS})])\n"
    )


def attempt(easel: Easel, root: str, block: str, *more: str) -> dict[str, Any]:
    """Run one block again: its `block.finished`, with what it printed as `printed`."""
    easel.settle()
    events = easel.events("run", root, "--only", block, "--force", *more)
    printed = "".join(e.get("text", "") for e in events if e["event"] == "block.output")
    finished: dict[str, Any] = next(e for e in events if e["event"] == "block.finished")
    if finished["status"] != "succeeded":
        raise RuntimeError(f"{block}: {finished}")
    return {**finished, "printed": printed}


def _forget(root: str) -> None:
    shutil.rmtree(root, ignore_errors=True)


# -- S1 -----------------------------------------------------------------------------------------------------------

_PEER = """
import sys, time
how, path, kind = sys.argv[1:4]
import numpy, pandas
if how == "joblib": import joblib
if how == "parquet": import pyarrow.parquet
began = time.perf_counter()
if how == "pickle":
    import pickle
    with open(path, "rb") as file: x = pickle.load(file)
elif how == "joblib": x = joblib.load(path)
elif how == "numpy.load": x = numpy.load(path, mmap_mode="c")
elif how == "parquet": x = pandas.read_parquet(path)
ready = time.perf_counter() - began
if kind == "array": x[0] = 2.0
else: x.iloc[0, 0] = 2.0
print(ready * 1e3)
"""
_STORE = """
import sys
path, kind, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
import numpy, pandas, pickle
x = numpy.ones(n // 8)
if kind == "frame": x = pandas.DataFrame(x.reshape(-1, 8), columns=[f"c{i}" for i in range(8)])
with open(path + ".pickle", "wb") as file: pickle.dump(x, file, 5)
try:
    import joblib
    joblib.dump(x, path + ".joblib")
except ImportError: pass
if kind == "array": numpy.save(path + ".npy", x)
else: x.to_parquet(path + ".parquet")
"""
_SUFFIX = {"pickle": "pickle", "joblib": "joblib", "numpy.load": "npy", "parquet": "parquet"}


_FLOW = """
from metaflow import FlowSpec, step
class StateFlow(FlowSpec):
    @step
    def start(self):
        import numpy, pandas
        x = numpy.ones({n})
        self.x = x if {kind!r} == "array" else pandas.DataFrame(x.reshape(-1, 8))
        self.next(self.end)
    @step
    def end(self): pass
if __name__ == "__main__": StateFlow()
"""
_FLOW_LOAD = """
import time
from metaflow import Flow, namespace
import numpy, pandas
namespace(None)
task = Flow("StateFlow").latest_run["start"].task
began = time.perf_counter()
x = task.data.x
print((time.perf_counter() - began) * 1e3)
"""


def _metaflow_loads(python: str, folder: Path, kind: str, bytes_: int, rounds: int) -> Sample:
    """Metaflow keeps an artifact of a step as a compressed pickle; this is how the next one gets it."""
    sample = Sample(f"Metaflow artifact, {bytes_ / 2**30:g} GiB", "ms")
    if not _installed(python, "metaflow"):
        sample.note = "not installed beside the peers"
        return sample
    (folder / "flow.py").write_text(_FLOW.format(n=bytes_ // 8, kind=kind))
    environ = {**os.environ, "METAFLOW_HOME": str(folder / "home"), "USERNAME": "bench"}
    environ |= {"METAFLOW_DEFAULT_METADATA": "local", "METAFLOW_DEFAULT_DATASTORE": "local"}

    def run(*command: str) -> str:
        done = subprocess.run(
            [python, *command], cwd=folder, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout

    run("flow.py", "--no-pylint", "run")
    for _ in range(rounds):
        sample.values.append(float(run("-c", _FLOW_LOAD).split()[-1]))
    return sample


def _peer_loads(easel: Easel, python: str, kind: str, bytes_: int, rounds: int) -> list[Sample]:
    folder = easel.folder / f"s1_{kind}_peers"
    folder.mkdir()
    path = str(folder / "x")
    found = []
    try:
        subprocess.run([python, "-c", _STORE, path, kind, str(bytes_)], check=True)
        for how, suffix in _SUFFIX.items():
            file = f"{path}.{suffix}"
            if not os.path.exists(file):
                continue
            note = "memory map, copy on write" if how == "numpy.load" else ""
            sample = Sample(f"{how}, {bytes_ / 2**30:g} GiB", "ms", note=note)
            for _ in range(rounds):
                done = subprocess.run(
                    [python, "-c", _PEER, how, file, kind], capture_output=True, text=True, check=True
                )
                sample.values.append(float(done.stdout))
            found.append(sample)
        found.append(_metaflow_loads(python, folder, kind, bytes_, rounds))
    finally:
        shutil.rmtree(folder)
    return found


def ready(easel: Easel, python: str, quick: bool) -> list[Row]:
    """S1: the phase `load` of a block that writes into what its parent left."""
    rows = []
    for kind, source in (("array", _array), ("frame", _frame)):
        change = "x[0] = 2.0" if kind == "array" else "x.iloc[0, 0] = 2.0"
        use = _TOUCH.format(change=change)
        samples = []
        for gib in (0.1, 1.0) if quick else (0.1, 1.0, 4.0):
            bytes_ = int(gib * 2**30) // 64 * 64
            root = easel.canvas(f"s1_{kind}_{gib}", {"make": source(bytes_), "use": use})
            easel.command("run", root)
            load = Sample(f"{gib:g} GiB {kind} ready (phase load)", "ms")
            first = Sample(f"{gib:g} GiB {kind}: first write", "ms")
            for _ in range(5 if quick else 15):
                done = attempt(easel, root, "use")
                load.values.append(done["phases_ms"]["load"])
                first.values.append(float(done["printed"].split()[-1]))
            samples += [load, first]
            _forget(root)
        peers = _peer_loads(easel, python, kind, 1 << 30, 3 if quick else 5)
        # The ratio of the table is that of the first sample: 1 GiB, as the peers have.
        samples = samples[2:4] + samples[:2] + samples[4:]
        row = Row("S1", f"a {kind} of the parent, ready and writable", "1 ms, flat", samples, peers)
        loads = [s.median for s in samples if "ready" in s.name]
        row.met = max(loads) <= 1.0
        rows.append(row)
    return rows


def _installed(python: str, package: str) -> bool:
    return subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode == 0


# -- S2 -----------------------------------------------------------------------------------------------------------

_READERS = 8
_WAIT = """
total = float(x.sum())
import os as _os, pathlib as _pathlib, time as _time
_pathlib.Path("here.{n}").write_text(str(_os.getpid()))
while not _pathlib.Path("go").exists():
    _time.sleep(0.02)
"""


def _pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no Pss")


def _below(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_below(int(child))]
    return found


def _largest_pss(pids: list[int], count: int) -> list[float]:
    """Of these processes the `count` that have most, in MiB."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError, RuntimeError):
            found.append(_pss_mib(pid))
    return sorted(found)[-count:]


_PEER_READER = """
import pickle, sys, pathlib, time
with open(sys.argv[1], "rb") as file: x = pickle.load(file)
total = float(x.sum())
print("here", flush=True)
sys.stdin.read()
"""


def shared(easel: Easel, python: str, quick: bool) -> Row:
    """S2: summed proportional memory of eight workers, all of which have read the same state."""
    gib = 0.5 if quick else 2
    bytes_ = int(gib * 2**30)
    blocks = {"make": _array(bytes_), **{f"r{n}": _WAIT.format(n=n) for n in range(_READERS)}}
    root = easel.canvas("s2", blocks)
    page = Path(root) / "canvas.yaml"
    lines = [line for line in page.read_text().splitlines() if " -> " not in line and line != "edges:"]
    lines += ["edges:", *(f"  - make -> r{n}" for n in range(_READERS))]
    page.write_text("\n".join(lines) + "\n")
    files = Path(root) / "files"
    easel.command("run", root, "--only", "make")
    easel.settle()
    process = subprocess.Popen(
        [easel.binary, "run", root, "--jobs", str(_READERS)],
        env=easel.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    one = bytes_ / _MIB
    ours = Sample(f"{_READERS} workers, sum of Pss", "x one copy")
    try:
        _wait_until(lambda: len(list(files.glob("here.*"))) == _READERS, 300)
        status = json.loads(easel.command("executor", "status", "--json").stdout)
        found = _largest_pss(_below(status["pid"]), _READERS)
        ours.values.append(sum(found) / one)
    finally:
        (files / "go").touch()
        process.wait(timeout=600)
    _forget(root)
    row = Row("S2", f"{_READERS} blocks read one state of {gib:g} GiB", "1.1 x one copy", [ours])
    row.notes.append(f"MiB of each worker: {', '.join(f'{mib:.0f}' for mib in found)}")
    row.met = ours.median <= 1.1
    row.peers.append(_pickled_readers(easel, python, 0.25 if quick else 0.5))
    return row


def _pickled_readers(easel: Easel, python: str, gib: float) -> Sample:
    """The same by pickle, with less so that it fits."""
    file = easel.folder / "s2.pickle"
    make = f"import numpy, pickle; pickle.dump(numpy.ones({int(gib * 2**30) // 8}), open({str(file)!r}, 'wb'), 5)"
    subprocess.run([python, "-c", make], check=True)
    readers = [
        subprocess.Popen(
            [python, "-c", _PEER_READER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(_READERS)
    ]
    sample = Sample(f"{_READERS} processes that unpickle {gib:g} GiB, sum of Pss", "x one copy")
    try:
        for reader in readers:
            assert reader.stdout is not None
            reader.stdout.readline()
        sample.values.append(sum(_pss_mib(reader.pid) for reader in readers) / (gib * 1024))
    finally:
        for reader in readers:
            assert reader.stdin is not None
            reader.stdin.close()
            reader.wait()
        file.unlink()
    return sample


def _wait_until(done: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing happened for {seconds:.0f} s")
        time.sleep(0.05)


# -- S4 -----------------------------------------------------------------------------------------------------------

_CHANGE = """
import time as _time
_n = int(_time.time() * 1000) % 1000003
x[{start}:{end}] = _n
"""
_PEER_SAVES = """
import sys, time, pickle, os
how, path, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
import numpy
if how == "joblib": import joblib
x = numpy.ones(n // 8)
x[1 << 20 : 2 << 20] = 7
began = time.perf_counter()
if how == "joblib": joblib.dump(x, path)
else:
    with open(path, "wb") as file: pickle.dump(x, file, 5)
print((time.perf_counter() - began) * 1e3, os.stat(path).st_size)
"""


def _object_bytes(root: str) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in Path(root, ".easel/objects").glob("*/*")}


def patched(easel: Easel, python: str, quick: bool) -> list[Row]:
    """S4: eight MiB in the middle of a large array are changed."""
    gib = 1 if quick else 4
    bytes_ = gib << 30
    start = 3 * (gib << 30) // 8 // 8 // 131072 * 131072  # of float64, at a multiple of 1 MiB
    root = easel.canvas(
        "s4", {"make": _array(bytes_), "change": _CHANGE.format(start=start, end=start + 8 * 131072)}
    )
    easel.command("run", root)
    written = Sample("new objects", "MiB")
    save = Sample("capture (phase save)", "ms")
    store = Sample("until durable (phase store)", "ms")
    for _ in range(3 if quick else 7):
        before = _object_bytes(root)
        done = attempt(easel, root, "change")
        added = sum(size for name, size in _object_bytes(root).items() if name not in before)
        written.values.append(added / _MIB)
        save.values.append(done["phases_ms"]["save"])
        store.values.append(done["phases_ms"]["store"])
    _forget(root)
    bytes_row = Row("S4", f"8 MiB of {gib} GiB changed: bytes written", "8.4 MiB", [written])
    bytes_row.met = max(written.values) <= 8.4
    time_row = Row("S4", f"8 MiB of {gib} GiB changed: time", "400 ms capture", [save, store])
    time_row.met = save.median <= 400
    file = easel.folder / "s4.file"
    for how in ("pickle", "joblib"):
        if how == "joblib" and not _installed(python, how):
            continue
        took = Sample(f"{how} of everything, not durable", "ms")
        wrote = Sample(f"{how} of everything", "MiB")
        for _ in range(1 if quick else 2):
            done_ = subprocess.run(
                [python, "-c", _PEER_SAVES, how, str(file), str(bytes_)],
                capture_output=True,
                text=True,
                check=True,
            )
            ms, size = done_.stdout.split()
            took.values.append(float(ms))
            wrote.values.append(int(size) / _MIB)
            file.unlink()
        time_row.peers.append(took)
        bytes_row.peers.append(wrote)
    if not _installed(python, "kishu"):
        time_row.notes.append("Kishu is not installed beside the peers")
    return [bytes_row, time_row]

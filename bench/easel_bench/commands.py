"""The command line itself, and what the warm processes cost while nothing runs."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from .easel import Easel
from .sample import Row, Sample


def version(easel: Easel, python: str, quick: bool) -> Row:
    ran = Sample("`easel --version`", "ms")
    true = Sample("/bin/true", "ms")
    bare = Sample("python -c pass", "ms")
    row = Row("version", "`easel --version`", "10 ms", [ran], [true, bare])
    for _ in range(20 if quick else 50):
        ran.values.append(easel.seconds("--version") * 1000)
        for sample, command in ((true, ["/bin/true"]), (bare, [python, "-c", "pass"])):
            began = time.perf_counter()
            subprocess.run(command, check=True)
            sample.values.append((time.perf_counter() - began) * 1000)
    row.met = ran.median <= 10
    return row


def up_to_date(easel: Easel, python: str, quick: bool) -> Row:
    root = easel.canvas("ten", {f"b{i}": f"import pandas as pd\nx_{i} = {i}\n" for i in range(10)})
    easel.command("run", root)
    ran = Sample("whole `easel run`, 10 blocks up to date", "ms")
    bare = Sample("python -c pass", "ms")
    row = Row("again", "`easel run` when nothing changed", "50 ms", [ran], [bare])
    for _ in range(10 if quick else 30):
        ran.values.append(easel.seconds("run", root) * 1000)
        began = time.perf_counter()
        subprocess.run([python, "-c", "pass"], check=True)
        bare.values.append((time.perf_counter() - began) * 1000)
    row.met = ran.median <= 50
    return row


def _pss_kib(pid: int) -> tuple[int, int]:
    """Return the proportional and the private memory of a process."""
    pss = private = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            pss = int(line.split()[1])
        elif line.startswith(("Private_Clean:", "Private_Dirty:")):
            private += int(line.split()[1])
    return pss, private


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found + [inner for child in found for inner in _children(child)]


def idle_memory(easel: Easel, python: str, quick: bool) -> Row:
    root = easel.canvas("idle", {"one": "x = 1\n"})
    easel.command("run", root)
    easel.settle()
    time.sleep(0.5)
    status = json.loads(easel.command("executor", "status", "--json").stdout)
    own = Sample("executor", "MiB")
    zygote = Sample("zygote (its stand-in included)", "MiB")
    workers = Sample("2 parked workers (their keepers included)", "MiB")
    total = Sample("all of them", "MiB")
    executor = _pss_kib(status["pid"])[0] / 1024
    in_zygote = in_workers = 0.0
    for pid in _children(status["pid"]):
        pss, private = _pss_kib(pid)
        depth = _depth(pid, status["pid"])
        if depth <= 2:
            in_zygote += pss / 1024
        else:
            in_workers += pss / 1024
        total.note += f"{' ' if total.note else ''}{private / 1024:.1f}"
    total.note = f"private MiB of each process below the executor: {total.note}"
    own.values.append(executor)
    zygote.values.append(in_zygote)
    workers.values.append(in_workers)
    total.values.append(executor + in_zygote + in_workers)
    kernel = Sample("one idle ipykernel with pandas imported", "MiB")
    row = Row("idle", "idle memory, PSS", "report", [own, zygote, workers, total], [kernel])
    process = subprocess.Popen(
        [python, "-m", "ipykernel_launcher", "--IPKernelApp.exec_lines=['import pandas']"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        before, steady = -1, 0
        for _ in range(100):
            time.sleep(0.1)
            now = _pss_kib(process.pid)[0]
            steady = steady + 1 if now == before else 0
            before = now
            if steady >= 10:
                break
        kernel.values.append(before / 1024)
    finally:
        process.kill()
        process.wait()
    return row


def _depth(pid: int, ancestor: int) -> int:
    depth = 0
    while pid != ancestor:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        depth += 1
    return depth

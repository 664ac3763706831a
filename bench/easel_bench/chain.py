"""D1: a chain of 40 blocks of about 10 ms work, each in a process of its own, durable, beside the bare loop."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .easel import Easel
from .sample import Row, Sample

_FIB = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
_BLOCKS = 40
_CALIBRATE = (
    _FIB
    + """
import time
for n in range(12, 32):
    times = []
    for _ in range(5):
        began = time.perf_counter()
        fib(n)
        times.append(time.perf_counter() - began)
    if min(times) > 0.008:
        break
print(n)
"""
)


def _source(index: int, n: int) -> str:
    """The code of one block: the work, and a value that depends on the block before."""
    before = "" if index == 0 else f" + x_{index - 1} - x_{index - 1}"
    return f"import pandas as pd\n{_FIB}\nx_{index} = fib({n}){before}\n"


def _last_number(text: str) -> float:
    return float(text.split()[-1])


class _Peers:
    """The same blocks done by others. Each returns seconds."""

    def __init__(self, python: str, folder: Path, n: int) -> None:
        self.python = python
        self.folder = folder
        self.sources = [_source(index, n) for index in range(_BLOCKS)]
        folder.mkdir()
        loop = "\n".join(self.sources)
        (folder / "loop.py").write_text(
            "import time\nstarted = time.perf_counter()\nimport pandas\nbegan = time.perf_counter()\n"
            + loop
            + "\nended = time.perf_counter()\nprint(began - started, ended - began)\n"
        )
        for pandas in (True, False):
            for index, source in enumerate(self.sources):
                text = source if pandas else source.replace("import pandas as pd\n", "")
                load = f"globals().update(pickle.load(open('{index - 1}.pickle', 'rb')))\n" if index else ""
                keep = f"pickle.dump({{k: v for k, v in globals().items() if k[:2] == 'x_'}}, open('{index}.pickle', 'wb'))\n"
                (folder / f"step_{pandas}_{index}.py").write_text("import pickle\n" + load + text + keep)
        (folder / "Makefile").write_text(
            "all: 39.pickle\n"
            + "".join(
                f"{i}.pickle: {f'{i - 1}.pickle' if i else ''}\n\t@{python} step_False_{i}.py\n"
                for i in range(_BLOCKS)
            )
        )
        (folder / "notebook.py").write_text(
            "import sys, nbformat, nbclient\n"
            f"sources = [open(f'cell_{{i}}.py').read() for i in range({_BLOCKS})]\n"
            "cells = [nbformat.v4.new_code_cell(source) for source in sources]\n"
            "nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name='python3').execute()\n"
        )
        for index, source in enumerate(self.sources):
            (folder / f"cell_{index}.py").write_text(source)
        # marimo wants every name defined once: fib and pd in the first cell.
        cells = ["import pandas as pd\n" + _FIB]
        cells += [
            s.replace("import pandas as pd\n", "").replace(_FIB, "").strip() + "\n" for s in self.sources
        ]
        (folder / "app.py").write_text(
            "import marimo\napp = marimo.App()\n"
            + "".join(
                "@app.cell\ndef _("
                + ("" if i == 0 else ", ".join(["fib", *([f"x_{i - 2}"] if i > 1 else [])]))
                + "):\n"
                + "".join(f"    {line}\n" for line in cell.splitlines())
                + ("    return fib, pd\n" if i == 0 else f"    return (x_{i - 1},)\n")
                for i, cell in enumerate(cells)
            )
            + "if __name__ == '__main__':\n    app.run()\n"
        )

    def _seconds(self, *command: str) -> float:
        began = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError((done.stderr.strip() or done.stdout.strip() or "failed").splitlines()[-1])
        return time.perf_counter() - began

    def loop(self) -> tuple[float, float]:
        """Return seconds of the work alone and of the whole process with its import of pandas."""
        began = time.perf_counter()
        done = subprocess.run(
            [self.python, "loop.py"], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return _last_number(done.stdout), time.perf_counter() - began

    def pickled(self, pandas: bool) -> float:
        began = time.perf_counter()
        for index in range(_BLOCKS):
            self._seconds(self.python, f"step_{pandas}_{index}.py")
        return time.perf_counter() - began

    def make(self) -> float:
        for index in range(_BLOCKS):
            (self.folder / f"{index}.pickle").unlink(missing_ok=True)
        return self._seconds("make", "-s", "all")

    def notebook(self) -> float:
        return self._seconds(self.python, "notebook.py")

    def marimo(self) -> float:
        return self._seconds(self.python, "app.py")


def measure(easel: Easel, python: str, quick: bool) -> Row:
    rounds = 3 if quick else 7
    n = int(subprocess.run([python, "-c", _CALIBRATE], capture_output=True, text=True, check=True).stdout)
    root = easel.canvas("chain", {f"b{index:02d}": _source(index, n) for index in range(_BLOCKS)})
    easel.command("run", root)
    peers = _Peers(python, easel.folder / "chain_peers", n)
    ran = Sample("`easel run --force`, whole command, warm executor", "s")
    bare = Sample("the bare loop in one process, pandas imported before the clock", "s", note=f"fib({n})")
    whole = Sample("the same, whole process", "s")
    contestants: list[tuple[Sample, Callable[[], float]]] = [
        (
            Sample("subprocess + pickle, without pandas", "s", note="not durable"),
            lambda: peers.pickled(False),
        ),
        (
            Sample("subprocess + pickle, pandas imported", "s", note="not durable"),
            lambda: peers.pickled(True),
        ),
        (Sample("make, without pandas", "s", note="not durable"), peers.make),
        (Sample("nbclient", "s", note="one process, nothing kept"), peers.notebook),
        (Sample("marimo script", "s", note="one process, nothing kept"), peers.marimo),
    ]
    row = Row("D1", f"{_BLOCKS} chained blocks of ~10 ms", "1.6 x the bare loop", [ran], [bare, whole])
    for index in range(rounds):
        easel.settle()
        ran.values.append(easel.seconds("run", root, "--force"))
        work, process = peers.loop()
        bare.values.append(work)
        whole.values.append(process)
        if index >= (1 if quick else 3):
            continue
        for sample, contestant in contestants:
            if sample.name.startswith("make") and shutil.which("make") is None:
                sample.note = "make is not installed"
                continue
            try:
                sample.values.append(contestant())
            except (RuntimeError, OSError) as error:
                sample.note = str(error)[:120]
    row.peers += [sample for sample, _ in contestants]
    ratio = ran.median / bare.median
    row.met = ratio <= 1.6
    row.notes.append(
        f"{ratio:.2f} x the bare loop (medians), {min(ran.values) / min(bare.values):.2f} x (minima)"
    )
    row.notes.append("median phases of a block, ms: " + _phases(easel, root))
    return row


def _phases(easel: Easel, root: str) -> str:
    """Where a block's time goes, by its own clock."""
    easel.settle()
    told: dict[str, list[float]] = {}
    for event in easel.events("run", root, "--force"):
        if event["event"] == "block.finished":
            for phase, ms in event["phases_ms"].items():
                told.setdefault(phase, []).append(ms)
    medians = {phase: sorted(values)[len(values) // 2] for phase, values in told.items()}
    return json.dumps({phase: round(ms, 2) for phase, ms in medians.items()})

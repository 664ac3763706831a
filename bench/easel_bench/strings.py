"""S7: what a frame with a column of Python strings (dtype object) costs to keep and to get back, beside its files.

Contestants make the same frame; files lie in the page cache, nobody waits for the disk. Easel's numbers are the phases of
its blocks, so they include looking for what is shared, digests, and the process's own part of the protocol.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

from .easel import Easel
from .sample import Row, Sample
from .state import attempt

_ROWS = 5_000_000
_FRAME = """
import numpy as np, pandas as pd
_texts = {texts}
_column = np.empty({rows}, object)
_column[:] = [_texts[i * 7919 % len(_texts)] for i in range({rows})]
df = pd.DataFrame({{"s": pd.Series(_column, dtype=object)}})
del _texts, _column
"""
_KINDS = {
    "unique strings": "[f'name-{{i}}' for i in range({rows})]",
    "unique strings beyond ASCII": "[f'näme-{{i}}' for i in range({rows})]",
    "each of 1,000,000 strings five times": "[f'name-{{i}}' for i in range({rows} // 5)]",
    "1,000 strings again and again": "[f'name-{{i}}' for i in range(1000)]",
}
_PEER = """
import os, sys, time, pickle
import pandas
{frame}
path = sys.argv[1]
for how in ("pickle", "parquet"):
    if how == "parquet": import pyarrow.parquet
    began = time.perf_counter()
    if how == "pickle":
        with open(path, "wb") as file: pickle.dump(df, file, 5)
    else: df.to_parquet(path)
    saved = time.perf_counter()
    if how == "pickle":
        with open(path, "rb") as file: again = pickle.load(file)
    else: again = pandas.read_parquet(path)
    loaded = time.perf_counter()
    print((saved - began) * 1e3, (loaded - saved) * 1e3, os.stat(path).st_size)
    del again
    os.unlink(path)
"""


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """A row to keep and a row to get back for each kind of column."""
    rows: list[Row] = []
    for number, (kind, texts) in enumerate(_KINDS.items()):
        frame = _FRAME.format(texts=texts.format(rows=_ROWS), rows=_ROWS)
        rows += _kind(easel, python, kind, frame, f"s7_{number}", 2 if quick else 5)
    return rows


def _kind(easel: Easel, python: str, kind: str, frame: str, name: str, rounds: int) -> list[Row]:
    root = easel.canvas(name, {"make": frame, "use": "n = len(df)\n"})
    easel.command("run", root)
    saved = Sample("phase save", "ms")
    loaded = Sample("phase load", "ms")
    peers: dict[str, tuple[Sample, Sample]] = {
        how: (Sample(f"{how}, save", "ms"), Sample(f"{how}, load", "ms", note=note))
        for how, note in (("pickle", ""), ("parquet", "comes back as dtype str"))
    }
    file = str(easel.folder / f"{name}.file")
    for _ in range(rounds):
        saved.values.append(attempt(easel, root, "make")["phases_ms"]["save"])
        loaded.values.append(attempt(easel, root, "use")["phases_ms"]["load"])
        done = subprocess.run(
            [python, "-c", _PEER.format(frame=frame), file], capture_output=True, text=True, check=True
        )
        for how, line in zip(peers, done.stdout.splitlines(), strict=True):
            save, load, _ = line.split()
            peers[how][0].values.append(float(save))
            peers[how][1].values.append(float(load))
    shutil.rmtree(root, ignore_errors=True)
    return [
        _row(f"{_ROWS:,} {kind}: save", saved, [peers[how][0] for how in peers]),
        _row(f"{_ROWS:,} {kind}: load", loaded, [peers[how][1] for how in peers]),
    ]


def _row(measure: str, ours: Sample, peers: list[Any]) -> Row:
    wanted = 2.0 if "unique" in measure else 1.0
    row = Row("S7", measure, f"{wanted:g} x as fast as pickle", [ours], peers)
    row.met = peers[0].median >= wanted * ours.median
    return row

"""T1: a stored table of 100 million rows, as the web app asks for it: over HTTP, from a server that runs no Python.

The peer is pandas with the same frame already in memory, in a process that does nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import Any

from .easel import Easel
from .sample import Row, Sample
from .serving import Server

_MAKE = """
import numpy as np
import pandas as pd
rows = {rows}
random = np.random.default_rng(7)
df = pd.DataFrame({{
    "id": np.arange(rows, dtype=np.int64),
    "x": random.normal(150, 30, rows),
    "g": random.integers(0, 1000, rows, dtype=np.int32),
    "t": np.datetime64("2020-01-01", "us") + random.integers(0, 10**14, rows).astype("timedelta64[us]"),
}})
del random, rows
"""
_PEER = (
    _MAKE
    + """
import time
def timed(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3
middle = len(df) // 2
print(timed(lambda: df.iloc[middle:middle + 200].to_json(orient="columns")))
print(timed(lambda: ((df["x"] > 150) & (df["g"] < 100)).sum()))
print(timed(lambda: df.sort_values("x", kind="stable").iloc[:200].to_json(orient="columns")))
"""
)


def _ask(server: Server, path: str, body: Any) -> tuple[float, Any, list[float]]:
    """Ask until it is done, as the web app does: milliseconds, the answer, and the shares that were told meanwhile."""
    began = time.perf_counter()
    told = []
    while True:
        status, said = server.send("POST", path, body)
        if status != 202:
            return (time.perf_counter() - began) * 1e3, said, told
        told.append(said["done"])


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """T1: a page in the middle, a filter's count, a sort to its first page, and how soon a sort is stopped."""
    rows = 10_000_000 if quick else 100_000_000
    root = easel.canvas("t1", {"make": _MAKE.format(rows=rows)})
    easel.command("run", root)
    easel.stop_executor()
    page = Sample(f"a page of 200 rows of {rows // 10**6} M, anywhere", "ms")
    count = Sample("count of a filter by two numbers", "ms")
    first = Sample("sort by a column, to its first page", "ms")
    middle = Sample("of these: to a page in the middle, then", "ms")
    beside = Sample("of these: a page beside it", "ms")
    stopped = Sample("a sort that is stopped: until it has ended", "ms")
    server = Server(easel, root)
    try:
        canvas = server.send("GET", "/api/v1/canvases")[1]["items"][0]["id"]
        table = f"/api/v1/canvases/{canvas}/blocks/make/tables/df"
        about = server.send("GET", table)[1]
        columns = list(range(len(about["columns"])))
        names = [column["name"] for column in about["columns"]]
        x, g = names.index("x"), names.index("g")
        base = {"attempt": about["attempt"], "limit": 200, "columns": columns}
        for i in range(20):
            page.values.append(_ask(server, f"{table}/rows", {**base, "offset": rows // 21 * i})[0])
        shares: list[float] = []
        for i in range(3 if quick else 5):
            # Each round asks for something else, or the answer would be there already.
            where = [
                {"column": x, "is": ">", "values": [str(150 + i / 10)]},
                {"column": g, "is": "<", "values": ["100"]},
            ]
            count.values.append(_ask(server, f"{table}/rows", {**base, "where": where})[0])
            near = [{"column": g, "is": "<", "values": [str(1000 + i)]}]
            sort = [{"column": x, "descending": i % 2 == 1}]
            took, _, told = _ask(
                server, f"{table}/rows", {**base, "sort": sort, **({"where": near} if i > 1 else {})}
            )
            first.values.append(took)
            shares += told
        query = {**base, "sort": [{"column": x}]}
        middle.values.append(_ask(server, f"{table}/rows", {**query, "offset": rows // 2})[0])
        beside.values.append(_ask(server, f"{table}/rows", {**query, "offset": rows // 2 + 200})[0])
        fresh = {**base, "sort": [{"column": names.index("t")}, {"column": g}]}
        status, said = server.send("POST", f"{table}/rows", fresh)
        if status == 202:
            began = time.perf_counter()
            server.send("DELETE", f"{table}/work/{said['work']}")
            # One piece of work a thread: the next question is answered when the stopped one has made room.
            _ask(server, f"{table}/cells", {**base, "limit": 1})
            stopped.values.append((time.perf_counter() - began) * 1e3)
        own, mapped = server.resident_mib()
    finally:
        server.close()
        shutil.rmtree(root, ignore_errors=True)
    peer = subprocess.run([python, "-c", _PEER.format(rows=rows)], capture_output=True, text=True, check=True)
    pandas = [float(line) for line in peer.stdout.split()]
    notes = [f"server: {own:.0f} MiB of its own, {mapped:.0f} MiB of the mapped file"]
    told = [f"progress was told {len(shares)} times while sorting"]
    in_memory = "pandas, the frame in memory"
    return [
        _row("T1 page", page, 100, pandas[0], in_memory, notes),
        _row("T1 filter", count, 2_000, pandas[1], in_memory, []),
        _row("T1 sort", first, 10_000, pandas[2], in_memory, told, [middle, beside, stopped]),
    ]


def _row(
    name: str,
    sample: Sample,
    target: int,
    peer: float,
    who: str,
    notes: list[str],
    parts: list[Sample] | None = None,
) -> Row:
    return Row(
        id=name,
        measure=sample.name,
        target=f"{target} ms",
        easel=[sample, *(part for part in parts or [] if part.values)],
        peers=[Sample(who, "ms", [peer])],
        met=sample.quantile(0.99) <= target,
        notes=notes,
    )

"""UI1, UI2, UI3: what a person sees, in Debian's Chromium. The pages are driven by web/bench/*.mjs with the web app's Node."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample
from .serving import Server
from .serving_idle import jupyter_server, marimo_server, marimo_source

_WEB = Path(__file__).resolve().parents[2] / "web"
_BLOCKS = 200
# 100,000 lines a second, by the clock: what was not printed in time is printed at once.
_TALK = """
import sys, time
began, n = time.perf_counter(), 0
while time.perf_counter() - began < 600:
    due = int((time.perf_counter() - began) * 100_000)
    sys.stdout.write("".join(f"line {i} of those that a busy block prints\\n" for i in range(n, due)))
    sys.stdout.flush()
    n = due
    time.sleep(0.005)
"""


def _node(*arguments: str) -> str:
    cache = os.environ.get("EASEL_CACHE") or str(Path.home() / ".cache/easel")
    environ = {**os.environ, "PATH": f"{cache}/web/node/bin:{os.environ['PATH']}"}
    done = subprocess.run(["node", *arguments], cwd=_WEB, env=environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(
            f"node {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def frames(easel: Easel, python: str, quick: bool) -> list[Row]:
    """UI1: `npm run bench`, each movement a row."""
    rows = []
    for line in _node("bench/frames.mjs", "5000").splitlines():
        found = re.search(
            r"blocks +(.*?) +p50 ([0-9.]+) p95 ([0-9.]+) ms +main thread ([0-9.]+) ms/frame +(\d+) cards",
            line,
        )
        if found is None:
            continue
        limit = 33 if "zoom" in found[1] else 17
        p50, p95 = (
            Sample("between frames: p50", "ms", [float(found[2])]),
            Sample("between frames: p95", "ms", [float(found[3])]),
        )
        main = Sample("main thread a frame", "ms", [float(found[4])])
        rows.append(
            Row(
                "UI1",
                f"{found[1]}, 5,000 blocks, {found[5]} cards in the document",
                f"p95 {limit} ms, main thread 8 ms",
                [p95, p50, main],
                met=p95.median <= limit and main.median <= 8,
            )
        )
    return rows


def first_load(easel: Easel, python: str, quick: bool) -> list[Row]:
    """UI2: until a canvas of 200 blocks is drawn, and until a character typed into one is there."""
    code = {f"b{i}": f"v{i} = [x * {i} for x in range(10)]\nprint(sum(v{i}))\n" for i in range(_BLOCKS)}
    root = easel.canvas("ui2/many", code)
    text = (Path(root) / "canvas.yaml").read_text()
    for i in range(_BLOCKS):
        place = f"at: [{i % 20 * 460}, {i // 20 * 320}]"
        text = text.replace(f"blocks/b{i}.py, at: [0, 0]", f"blocks/b{i}.py, {place}")
    (Path(root) / "canvas.yaml").write_text(text)
    notebooks = easel.folder / "ui2_peers"
    notebooks.mkdir()
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
            "id": name,
        }
        for name, source in code.items()
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (notebooks / "many.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
    )
    (notebooks / "many.py").write_text(marimo_source(list(code.values())))
    easel.environ["EASEL_WEB"] = str(_WEB / "dist")
    server = Server(easel, str(Path(root).parent))
    try:
        other = json.loads(easel.command("serve", str(Path(root).parent), "--no-open", "--json").stdout)
        with (
            jupyter_server(python, notebooks) as (jupyter, _),
            marimo_server(python, notebooks / "many.py") as (marimo, _),
        ):
            said = _node(
                "bench/first_load.mjs",
                "2" if quick else "5",
                f"easel=easel={server.origin}/c/many#token={other['token']}",
                f"jupyter=jupyter=http://127.0.0.1:{jupyter}/lab/tree/many.ipynb?reset",
                f"marimo=marimo=http://127.0.0.1:{marimo}/",
            )
    finally:
        server.close()
    loads = [json.loads(line) for line in said.splitlines()]
    names = {"easel": "", "jupyter": "JupyterLab: ", "marimo": "marimo: "}

    def sample(who: str, what: str, field: str, unit: str, scale: float) -> Sample:
        return Sample(names[who] + what, unit, [load[field] * scale for load in loads if load["name"] == who])

    def all_of(who: str) -> list[Sample]:
        return [
            sample(who, "a character typed into a block is there", "typed_ms", "ms", 1),
            sample(who, "the first blocks are drawn", "drawn_ms", "ms", 1),
            sample(who, "scripts fetched until then, as sent", "wire_bytes", "kB", 1e-3),
            sample(who, "these scripts, unpacked", "script_bytes", "kB", 1e-3),
        ]

    ours = all_of("easel")
    met = ours[0].median <= 1000 and ours[2].median <= 220
    what = f"first load: a canvas of {_BLOCKS} blocks usable; scripts"
    return [Row("UI2", what, "1 s; 220 kB", ours, all_of("jupyter") + all_of("marimo"), met=met)]


def typing(easel: Easel, python: str, quick: bool) -> list[Row]:
    """UI3: key to frame in an editor while another block prints 100,000 lines a second."""
    root = easel.canvas("ui3/loud", {"talk": _TALK, "write": "x = 1\n"})
    text = (Path(root) / "canvas.yaml").read_text().partition("edges:")[0]
    (Path(root) / "canvas.yaml").write_text(text.replace("write.py, at: [0, 0]", "write.py, at: [460, 0]"))
    easel.environ["EASEL_WEB"] = str(_WEB / "dist")
    server = Server(easel, str(Path(root).parent))
    try:
        other = json.loads(easel.command("serve", str(Path(root).parent), "--no-open", "--json").stdout)
        url = f"{server.origin}/c/loud#token={other['token']}"
        said: dict[str, Any] = json.loads(_node("bench/typing.mjs", url, "40" if quick else "200"))
    finally:
        server.close()
    loud = Sample("key to frame while a block prints", "ms", said["loud"])
    quiet = Sample("key to frame, nothing runs", "ms", said["quiet"])
    row = Row(
        "UI3",
        "keystroke to paint in an editor while a block prints 100,000 lines/s",
        "50 ms p95",
        [loud, quiet],
        met=loud.quantile(0.95) <= 50,
    )
    row.notes.append(
        f"p95: {loud.quantile(0.95):.1f} ms, {quiet.quantile(0.95):.1f} when nothing runs; the newest line on the page grew by"
        f" {said['lines']:,.0f} a second"
    )
    return [row]

"""What a server costs while nobody does anything, with 100 canvases; peers serve a folder of 100 notebooks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .easel import Easel
from .pages import Pages
from .requests import free_port
from .sample import Row, Sample
from .serving import Server, program, resident_mib

_CODE = {
    "load": "rows = list(range(100))\n",
    "kept": "kept = [r for r in rows if r % 2]\n",
    "show": "print(sum(kept))\n",
}


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """Resident memory of the server: home was looked at, then every canvas is open in a page, then all were closed."""
    count = 20 if quick else 100
    for i in range(count):
        root = easel.canvas(f"shelf/c{i}", _CODE)
    shelf = Path(root).parent
    easel.command("run", root)
    listed = Sample(f"{count} canvases, home was shown", "MiB")
    opened = Sample(f"all {count} are open, a page each", "MiB")
    closed = Sample("their pages have gone", "MiB")
    beside = Sample("processes below the server, all canvases open", "MiB")
    server = Server(easel, str(shelf))
    try:
        server.send("GET", "/api/v1/canvases?limit=1000")
        listed.values.append(_rss(server.process.pid))
        names = [f"c{i}" for i in range(count)]
        many = [program(easel, "many_pages"), str(server.port), ",".join(names), server.cookie]
        pages = Pages(many, count)
        opened.values.append(_rss(server.process.pid))
        below = _below(server.process.pid)
        beside.values.append(sum(sum(resident_mib(pid)) for pid in below))
        beside.note = f"{len(below)} of them"
        pages.close()
        time.sleep(1 if quick else 65)
        closed.values.append(_rss(server.process.pid))
    finally:
        server.close()
    jupyter = Sample("JupyterLab, 100 notebooks in its folder, the page was fetched", "MiB")
    marimo = Sample("marimo edit, 100 notebooks in its folder, the page was fetched", "MiB")
    notebooks = easel.folder / "notebooks"
    _write_notebooks(notebooks)
    with jupyter_server(python, notebooks) as (port, pid):
        _fetch(f"http://127.0.0.1:{port}/api/contents")
        jupyter.values.append(_rss(pid))
    with marimo_server(python, notebooks) as (port, pid):
        _fetch(f"http://127.0.0.1:{port}/")
        marimo.values.append(_rss(pid))
    row = Row(
        "rss",
        f"idle server, {count} canvases",
        "80 MB",
        [listed, opened, closed, beside],
        [jupyter, marimo],
        met=max(listed.values + opened.values) <= 80e6 / 2**20,
    )
    return [row]


def _rss(pid: int) -> float:
    """Own and mapped pages of a process, MiB, once they do not change any more."""
    before, deadline = sum(resident_mib(pid)), time.monotonic() + 30
    while True:
        time.sleep(1)
        now = sum(resident_mib(pid))
        if abs(now - before) < 0.1 or time.monotonic() > deadline:
            return now
        before = now


def _below(pid: int) -> list[int]:
    """All processes below this one."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_below(int(child))]
    return found


def _write_notebooks(folder: Path) -> None:
    folder.mkdir()
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": code,
            "outputs": [],
            "execution_count": None,
            "id": name,
        }
        for name, code in _CODE.items()
    ]
    for i in range(100):
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (folder / f"c{i}.ipynb").write_text(json.dumps(notebook))
        (folder / f"c{i}.py").write_text(marimo_source(list(_CODE.values())))


def marimo_source(cells: list[str]) -> str:
    """A marimo notebook of these cells."""
    text = "import marimo\n\napp = marimo.App()\n"
    for code in cells:
        body = "".join(f"    {line}\n" for line in code.splitlines())
        text += f"\n@app.cell\ndef _():\n{body}    return\n"
    return text


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


@contextlib.contextmanager
def _peer(command: list[str], port: int, environ: dict[str, str]) -> Iterator[tuple[int, int]]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                _fetch(f"http://127.0.0.1:{port}/")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command} did not start") from None
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def jupyter_server(python: str, folder: Path) -> contextlib.AbstractContextManager[tuple[int, int]]:
    """JupyterLab on a folder, without a token: its port and its process."""
    port = free_port()
    command = [
        python,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        f"--notebook-dir={folder}",
    ]
    options = [
        "--IdentityProvider.token=",
        "--ServerApp.port_retries=0",
        "--ServerApp.disable_check_xsrf=True",
    ]
    private = {"JUPYTER_CONFIG_DIR": str(folder / ".config"), "JUPYTER_DATA_DIR": str(folder / ".data")}
    return _peer([*command, *options], port, private)


def marimo_server(python: str, path: Path) -> contextlib.AbstractContextManager[tuple[int, int]]:
    """`marimo edit` of a notebook or a folder: its port and its process."""
    port = free_port()
    command = [python, "-m", "marimo", "edit", str(path), "--headless", "--no-token", "--skip-update-check"]
    return _peer(
        [*command, f"--port={port}", "--host=127.0.0.1"], port, {"XDG_CONFIG_HOME": str(path) + ".config"}
    )

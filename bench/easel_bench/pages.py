"""H2: 2,000 pages look at one canvas, and something changes. `many_pages` is all of them, in one thread."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample
from .serving import Server, program


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """How long until an edit, and the end of an attempt, is with the last of them; and what a page costs that only listens."""
    count, rounds = (500, 20) if quick else (2000, 100)
    root = easel.canvas("h2/one", {"one": "x = 1\n", "two": "y = x + 1\n"})
    told = Sample("an attempt's end is with the last page", "ms")
    edited = Sample("an edit, from its sending until it is with the last page (a sync in it)", "ms")
    each = Sample("of these ends: each page by itself", "ms")
    bytes_each = Sample("resident memory of the server for a page that is idle", "KiB")
    server = Server(easel, str(Path(root).parent))
    try:
        api = "/api/v1/canvases/one"
        blocks = {block["name"]: block["id"] for block in server.send("GET", api)[1]["blocks"]}
        pages = Pages([program(easel, "many_pages"), str(server.port), "one", server.cookie], 1)
        _run_to_end(server, blocks["two"], "to")  # the engine, its executor and all they load are there
        before, _ = _settled(server)
        pages.close()
        pages = Pages([program(easel, "many_pages"), str(server.port), "one", server.cookie], count)
        after, _ = _settled(server)
        bytes_each.values.append((after - before) * 1024 / count)
        change = pages.ask(f"change {blocks['one']} {rounds}")
        edited.values = change["all"]
        for _ in range(rounds):
            pages.begin(f"finish {blocks['one']} 1")
            server.send("POST", f"{api}/runs", {"mode": "only", "blocks": [blocks["one"]], "force": True})
            said = pages.end()
            told.values += said["all"]
            each.values += [said["each"]["p50"]]
        later, _ = _settled(server)
        connected = pages.connected
        pages.close()
    finally:
        server.close()
    row = Row(
        "H2",
        f"{count:,} WebSockets on one canvas, a state change reaches all",
        "50 ms p99, 16 KiB each idle",
        [told, edited, each, bytes_each],
        met=told.quantile(0.99) <= 50 and bytes_each.median <= 16,
    )
    row.notes.append(
        f"all came within {connected['ms'] / 1e3:.1f} s, one after the other, and were sent {connected['received'] / 1e6:.0f} MB"
        f" doing so; server {before:.0f} MiB with one page, {after:.0f} with all of them idle, {later:.0f} after the rounds"
    )
    return [row]


class Pages:
    """`many_pages`; unless `wait` is false, once all have come."""

    def __init__(self, command: list[str], count: int, *, wait: bool = True) -> None:
        self.process = subprocess.Popen(
            [*command, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.connected = self.end() if wait else None

    def begin(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("many_pages ended; what it said is above")
        return json.loads(line)

    def ask(self, command: str) -> Any:
        self.begin(command)
        return self.end()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def _run_to_end(server: Server, block: str, mode: str) -> None:
    server.send("POST", "/api/v1/canvases/one/runs", {"mode": mode, "blocks": [block]})
    deadline = time.monotonic() + 120
    while server.send("GET", "/api/v1/canvases/one")[1]["runs"]:
        if time.monotonic() > deadline:
            raise RuntimeError("a run does not end")
        time.sleep(0.05)


def _settled(server: Server) -> tuple[float, float]:
    """The server's memory once it does not change any more."""
    before, deadline = server.resident_mib(), time.monotonic() + 20
    while True:
        time.sleep(1)
        now = server.resident_mib()
        if abs(now[0] - before[0]) < 0.05 or time.monotonic() > deadline:
            return now
        before = now

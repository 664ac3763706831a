"""R3: `kill -9` of the server while 200 blocks run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from .easel import Easel
from .pages import Pages
from .sample import Row, Sample
from .serving import Server, program

# Ten lines a second until the file is there, and then one that says how many there were: what is lost is seen.
_SOURCE = """
import os, time
n = 0
while not os.path.exists("go"):
    print({block}, n, flush=True)
    n += 1
    time.sleep(0.1)
print({block}, "lines", n, flush=True)
"""
PATIENCE_S = 120


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """How soon the API is back, and what became of the blocks and of their lines."""
    count, rounds = (40, 1) if quick else (200, 2)
    ready = Sample("its start -> it says that it is ready", "ms")
    back = Sample("its start -> the canvas is answered, with a session from before", "ms")
    known = Sample("its start -> all blocks are known to run", "ms")
    adopted, restarted, lost = (
        Sample(name, "") for name in ("blocks adopted", "attempts beyond one a block", "lines lost")
    )
    lines = 0
    watcher = program(easel, "many_pages")
    for round in range(rounds):
        easel.stop_executor()
        folder = f"r3_{round}/many"
        root = easel.canvas(folder, {f"b{i}": _SOURCE.format(block=i) for i in range(count)})
        _without_edges(Path(root))
        server = Server(easel, str(Path(root).parent))
        api = "/api/v1/canvases/many"
        try:
            server.send("POST", f"{api}/runs", {"mode": "all", "jobs": count})
            _until_all_print(server, api)
        finally:
            server.kill()
        began = time.perf_counter()
        again = Server(easel, str(Path(root).parent), cookie=server.cookie)
        try:
            ready.values.append((time.perf_counter() - began) * 1e3)
            again.send("GET", api)
            back.values.append((time.perf_counter() - began) * 1e3)
            page = Pages([watcher, str(again.port), "many", again.cookie], 1, wait=False)
            _until_states(again, api, lambda states: states.count("running") == count)
            known.values.append((time.perf_counter() - began) * 1e3)
            _until_all_print(again, api)
            (Path(root) / "files" / "go").touch()
            # Up to date or stale, as each looked for the file that came meanwhile.
            _until_states(again, api, lambda states: "running" not in states)
            attempts = missing = good = 0
            for block in again.send("GET", api)[1]["blocks"]:
                own = again.send("GET", f"{api}/blocks/{block['id']}/attempts")[1]["items"]
                attempts += len(own)
                good += len(own) == 1 and own[0]["status"] == "succeeded"
                had, gone = _count(again, f"{api}/blocks/{block['id']}/log")
                lines += had
                missing += gone
            adopted.values.append(good)
            restarted.values.append(attempts - count)
            lost.values.append(missing)
            page.close()
        finally:
            again.close()
    row = Row(
        "R3",
        f"`kill -9` of the server with {count} running blocks",
        f"1 s; {count}; 0; 0",
        [back, ready, known, adopted, restarted, lost],
        met=max(back.values) <= 1000
        and min(adopted.values) == count
        and max(restarted.values) == 0
        and max(lost.values) == 0,
    )
    row.notes.append(f"{lines:,} lines were printed by all blocks of all rounds, and are in the log")
    return [row]


def _without_edges(root: Path) -> None:
    """The canvases of these benches are chains; these blocks run at once."""
    text = (root / "canvas.yaml").read_text()
    (root / "canvas.yaml").write_text(text.partition("edges:")[0])


def _until_states(server: Server, api: str, done: Callable[[list[str]], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done(now := [block["state"] for block in server.send("GET", api)[1]["blocks"]]):
        if time.monotonic() > deadline:
            raise RuntimeError(f"R3: this does not come to be; blocks are {sorted(set(now))}")
        time.sleep(0.02)


def _until_all_print(server: Server, api: str) -> None:
    """Wait until each block has printed something more than it had."""
    deadline = time.monotonic() + PATIENCE_S
    logs = [f"{api}/blocks/{block['id']}/log?from=-1" for block in server.send("GET", api)[1]["blocks"]]
    had = {log: server.send("GET", log)[1]["total"] for log in logs}
    for log in logs:
        while server.send("GET", log)[1]["total"] <= had[log]:
            if time.monotonic() > deadline:
                raise RuntimeError("R3: a block does not print")
            time.sleep(0.05)


def _count(server: Server, log: str) -> tuple[int, int]:
    """Lines that a block printed, by its own words, and how many of them its log has not (or twice)."""
    seen: list[str] = []
    while True:
        page = server.send("GET", f"{log}?from={len(seen)}&limit=1000")[1]
        seen += [line["text"] for line in page["lines"]]
        if len(seen) >= page["total"] or not page["lines"]:
            break
    said = re.fullmatch(r"\d+ lines (\d+)", seen[-1].rstrip("\n")) if seen else None
    if said is None:
        raise RuntimeError(f"R3: the last line of a block is not there: {seen[-3:]}")
    numbers = [int(line.split()[1]) for line in seen[:-1]]
    wanted = int(said[1])
    return wanted + 1, len(set(range(wanted)) ^ set(numbers)) + len(numbers) - len(set(numbers))

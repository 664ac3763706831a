"""H3: one block that prints a million lines, into the journal, none lost."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample

_LINES = 1_000_000
_SOURCE = "for i in range({lines}):\n    print(i)\n"
_PIPE = """
import sys, time
began = time.perf_counter()
for i in range({lines}):
    print(i)
sys.stdout.flush()
print(time.perf_counter() - began, file=sys.stderr)
"""
_KERNEL = """
import sys, time
from jupyter_client import KernelManager
lines, limit = int(sys.argv[1]), float(sys.argv[2])
manager = KernelManager()
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
began = time.perf_counter()
message = client.execute("for i in range(%d):\\n    print(i)\\n" % lines)
seen = 0
while True:
    try:
        got = client.get_iopub_msg(timeout=2)
    except Exception:
        break
    if got["msg_type"] == "stream":
        seen += got["content"]["text"].count("\\n")
    elif got["msg_type"] == "status" and got["content"]["execution_state"] == "idle" \\
            and got["parent_header"].get("msg_id") == message:
        break
    if time.perf_counter() - began > limit:
        break
print(seen, time.perf_counter() - began)
client.stop_channels()
manager.shutdown_kernel(now=True)
"""


def measure(easel: Easel, python: str, quick: bool) -> Row:
    rounds = 2 if quick else 5
    root = easel.canvas("lines", {"talk": _SOURCE.format(lines=_LINES)})
    ran = Sample("the block's run phase", "M lines/s")
    whole = Sample("whole `easel run --force`, durable", "M lines/s")
    piped = Sample("python, block-buffered, into a pipe that is read", "M lines/s")
    kernel = Sample("ipykernel, counted at iopub", "M lines/s")
    row = Row(
        "H3", "one block prints 1,000,000 lines", "0.8 M lines/s, none lost", [ran, whole], [piped, kernel]
    )
    row.larger_is_better = True
    easel.command("run", root)
    lost = 0
    for index in range(rounds):
        easel.settle()
        whole.values.append(_LINES / 1e6 / easel.seconds("run", root, "--force"))
        manifest, journal = _newest(Path(root))
        ran.values.append(_LINES / 1e3 / manifest["phases_ms"]["run"])
        lost += _LINES - _stdout_lines(journal)
        done = subprocess.run([python, "-c", _PIPE.format(lines=_LINES)], capture_output=True, check=True)
        piped.values.append(_LINES / 1e6 / float(done.stderr))
        if index < (1 if quick else 2):
            told = subprocess.run([python, "-c", _KERNEL, str(_LINES), "60"], capture_output=True, text=True)
            if told.returncode == 0:
                seen, seconds = told.stdout.split()
                kernel.values.append(int(seen) / 1e6 / float(seconds))
                kernel.note = f"{int(seen):,} lines arrived"
            else:
                kernel.note = told.stderr.strip().splitlines()[-1][:120]
    row.notes.append(f"{lost} lines lost in {rounds} runs, counted in the journals")
    row.met = ran.median >= 0.8 and lost == 0
    return row


def _newest(root: Path) -> tuple[dict[str, Any], Path]:
    manifests = sorted(
        (root / ".easel/attempts").glob("*/*/manifest.json"), key=lambda path: path.stat().st_mtime_ns
    )
    return json.loads(manifests[-1].read_text()), manifests[-1].parent / "journal"


def _stdout_lines(journal: Path) -> int:
    """Count the lines of stdout in a journal (docs/formats/journal.md), checking that they are the numbers in order."""
    data = journal.read_bytes()
    at, text = 16, bytearray()
    while at < len(data):
        size, stream = int.from_bytes(data[at : at + 4], "little"), data[at + 4]
        if stream == 1:
            text += data[at + 20 : at + 20 + size]
        at += 20 + size
    lines = text.split(b"\n")[:-1]
    return sum(line == b"%d" % index for index, line in enumerate(lines))

"""C1: from a run accepted to the first byte of a block's stdout, with pandas preloaded and a worker parked."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from .easel import Easel
from .engine_channel import EngineChannel
from .sample import Row, Sample

_SOURCE = 'print("first")\n'
_KERNEL = """
import sys, time
from jupyter_client import KernelManager
rounds = int(sys.argv[1])
for _ in range(rounds):
    began = time.perf_counter()
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    started = time.perf_counter()
    client.execute("import pandas")
    _ = client.get_shell_msg(timeout=60)
    imported = time.perf_counter()
    client.execute("print('first')")
    while client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    print((started - began) * 1000, (imported - started) * 1000, (time.perf_counter() - imported) * 1000, flush=True)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


def _specification(
    easel: Easel, root: str, canvas: str, environment: dict[str, Any], number: int
) -> dict[str, Any]:
    run = f"r{number:08d}"
    return {
        "attempt": f"{run}/hello.{number}",
        "canvas": canvas,
        "canvas_root": root,
        "state_root": root + "/.easel",
        "block": "hello",
        "kind": "python",
        "run": run,
        "epoch": number,
        "code": _SOURCE,
        "filename": "blocks/hello.py",
        "environment": environment,
        "isolation": "local",
        "network": True,
        "pass_env": {},
        "limits": {"cpu": 0, "memory_bytes": 0, "timeout_ms": 0, "journal_bytes": 0},
        "key": "",
        "state": {"variables": {}, "slots": {}, "settings": {}},
        "load": [],
        "parents": [],
    }


class _Accepted:
    """Starts attempts as an engine does and notes when what was seen."""

    def __init__(self, easel: Easel) -> None:
        self.easel = easel
        self.root = easel.canvas("first_byte", {"hello": _SOURCE})
        easel.command("run", self.root)
        zygote = json.loads(easel.command("executor", "status", "--json").stdout)["zygotes"][0]
        self.environment = {
            "name": "default",
            "digest": zygote["environment"],
            "python": zygote["python"],
            "preload": ["pandas"],
        }
        self.channel = EngineChannel(str(easel.runtime_folder), "bench")
        # Its own zygote, since the list of what it imports ahead is part of a zygote's identity.
        self.once(0)
        self.number = 1

    def once(self, number: int) -> tuple[float, float, bool]:
        """Return ms from `start` sent to the first journal event, to the end of the attempt, and whether it was warm."""
        spec = _specification(self.easel, self.root, "bench", self.environment, number)
        began = time.perf_counter()
        self.channel.send({"op": "start", "spec": spec})
        first = 0.0
        warm = False
        while True:
            frame = self.channel.receive()
            if "error" in frame:
                raise RuntimeError(f"the executor refused: {frame['error']}")
            event = frame.get("event")
            if event == "started":
                warm = bool(frame["warm"])
            elif event == "log" and first == 0.0:
                first = time.perf_counter()
            elif event == "finished":
                ended = time.perf_counter()
                self.channel.ask({"op": "ack", "canvas": "bench", "through": frame["n"]})
                if frame["status"] != "succeeded":
                    raise RuntimeError(f"the attempt ended as {frame['status']}: {frame.get('failure')}")
                return (first - began) * 1000, (ended - began) * 1000, warm

    def measure(self, first: Sample, whole: Sample) -> bool:
        self.easel.settle()
        seen, ended, warm = self.once(self.number)
        self.number += 1
        first.values.append(seen)
        whole.values.append(ended)
        return warm


def _command_line(easel: Easel, root: str) -> tuple[float, float]:
    """Return ms from the start of `easel run` to `block.output` read from its --json, and to its end."""
    began = time.perf_counter()
    with subprocess.Popen(
        [easel.binary, "run", root, "--only", "hello", "--force", "--json"],
        env=easel.environ,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        seen = 0.0
        for line in process.stdout:
            if seen == 0.0 and json.loads(line)["event"] == "block.output":
                seen = time.perf_counter()
    return (seen - began) * 1000, (time.perf_counter() - began) * 1000


def measure(easel: Easel, python: str, quick: bool) -> Row:
    rounds = 40 if quick else 200
    first = Sample("first byte seen by an engine", "ms")
    whole = Sample("the attempt's state is durable", "ms")
    shown = Sample("`easel run --only --force --json`, its start to the first byte", "ms")
    ended = Sample("the same, to its end", "ms")
    imported = Sample('python -c "import pandas"', "ms")
    started = Sample("ipykernel: start until ready", "ms", note="jupyter_client, pandas not yet imported")
    kernel_import = Sample("ipykernel: import pandas", "ms")
    executed = Sample(
        "ipykernel: execute a print when all is warm", "ms", note="one process for all cells, no isolation"
    )
    row = Row(
        "C1",
        "run accepted -> first byte of stdout",
        "2 ms p50, 15 ms p99",
        [first, whole, shown, ended],
        [imported, started, kernel_import, executed],
    )
    accepted = _Accepted(easel)
    peer_rounds = 3 if quick else 5
    cold = 0
    for index in range(rounds):
        cold += not accepted.measure(first, whole)
        if index % (rounds // peer_rounds) == 0:
            easel.settle()
            seen, end = _command_line(easel, accepted.root)
            shown.values.append(seen)
            ended.values.append(end)
            began = time.perf_counter()
            subprocess.run([python, "-c", "import pandas"], check=True)
            imported.values.append((time.perf_counter() - began) * 1000)
            kernel = subprocess.run([python, "-c", _KERNEL, "1"], capture_output=True, text=True)
            if kernel.returncode == 0:
                for sample, value in zip(
                    (started, kernel_import, executed), kernel.stdout.split(), strict=True
                ):
                    sample.values.append(float(value))
            else:
                started.note = kernel.stderr.strip().splitlines()[-1]
    accepted.channel.close()
    if cold:
        row.notes.append(f"{cold} of {rounds} attempts found no parked worker")
    row.met = first.median <= 2 and first.quantile(0.99) <= 15
    return row

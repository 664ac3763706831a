"""The contestant: runs the binary on canvases made for the purpose, with an executor of its own."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any


class Easel:
    """The binary, a folder for canvases, and an executor that nobody else uses. Close it to end the executor."""

    def __init__(self, binary: str) -> None:
        self.binary = os.path.abspath(binary)
        self.folder = Path(tempfile.mkdtemp(prefix="easel_bench_"))
        self.runtime_folder = self.folder / "runtime"
        self.runtime_folder.mkdir(mode=0o700)
        self.environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("EASEL_")},
            "EASEL_RUNTIME_DIR": str(self.runtime_folder),
        }

    def stop_executor(self) -> None:
        """End the executor and wait until it has gone; the next run starts another."""
        self.command("executor", "stop", "--force", check=False)
        deadline = time.monotonic() + 10
        while (self.runtime_folder / "executor.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def close(self) -> None:
        self.stop_executor()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one command line and return what it printed."""
        done = subprocess.run(
            [self.binary, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise RuntimeError(
                f"easel {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done

    def seconds(self, *arguments: str) -> float:
        """Return the wall-clock time of one command line, from before its start to its end."""
        began = time.perf_counter()
        self.command(*arguments)
        return time.perf_counter() - began

    def events(self, *arguments: str) -> list[dict[str, Any]]:
        """Run with --json and return its events."""
        return [json.loads(line) for line in self.command(*arguments, "--json").stdout.splitlines()]

    def canvas(self, name: str, blocks: dict[str, str]) -> str:
        """Make a canvas whose blocks form a chain in the order given; return its folder."""
        root = self.folder / name
        (root / "blocks").mkdir(parents=True)
        (root / "files").mkdir()
        lines = ["easel: 1", f"name: {name}", "environment: default", "blocks:"]
        for block, source in blocks.items():
            (root / "blocks" / f"{block}.py").write_text(source)
            lines.append(f"  {block}: {{kind: python, file: blocks/{block}.py, at: [0, 0]}}")
        names = list(blocks)
        if len(names) > 1:
            lines += ["edges:", *(f"  - {a} -> {b}" for a, b in itertools.pairwise(names))]
        (root / "canvas.yaml").write_text("\n".join(lines) + "\n")
        return str(root)

    def settle(self) -> None:
        """Wait until as many workers are parked as the executor keeps, so that no run pays for the one before."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status = json.loads(self.command("executor", "status", "--json").stdout)
            zygotes = status.get("zygotes", [])
            if not status.get("attempts") and zygotes and all(zygote["parked"] >= 2 for zygote in zygotes):
                return
            time.sleep(0.01)

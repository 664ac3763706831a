"""All cases in one canvas, each a chain of blocks of its own, taken on its journey in three ways.

root ─┬─> make ──> change ──> check          one process instead: whole
      └─> aside ───────────┴─> join          what is not carried: use_0...
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

from canvas_folder import BINARY, CanvasFolder, Run, easel, is_alive, wait_until
from case import CHAIN, Case

HERE = Path(__file__).resolve().parent
ROOT = "root_value = {'of': ['root']}\n"
ASIDE = "aside_value = [root_value['of'], 1]\n"
SKIPPED = ("root_value", "aside_value")
# Command lines have an end.
ONLY_AT_ONCE = 200


class Journeys:
    """Runs every case once for each way, when it is first asked for; `results[way]` maps blocks to what they told."""

    def __init__(self, folder: Path, environ: dict[str, str], cases: list[Case]) -> None:
        self.environ = environ
        self.cases = cases
        blocks, edges, settings = {"root": ROOT, "aside": ASIDE}, ["root -> aside"], {}
        for case in cases:
            made = _blocks(case)
            blocks |= {f"{case.name}_{part}": source for part, source in made.items()}
            edges += [f"{a} -> {b}" for a, b in _edges(case, made)]
            settings |= {f"{case.name}_{part}": f"environment: {case.environment}" for part in made}
        self.canvas = CanvasFolder(folder, environ, blocks, edges, settings=settings)
        for name in ("files", "environments"):
            shutil.copytree(HERE / name, folder / name, dirs_exist_ok=True)
        self._ways: dict[str, dict[str, Told]] = {}
        self._plan: dict[str, tuple[str, str]] = {}

    def way(self, name: str) -> dict[str, Told]:
        """What the blocks told on one way; ways are taken in their order."""
        for way in ("same", "new", "killed"):
            if way not in self._ways:
                self._ways[way] = getattr(self, "_" + way)()
            if way == name:
                break
        return self._ways[name]

    def plan(self) -> dict[str, tuple[str, str]]:
        """What would run after every making block ran again, unchanged."""
        self.way("killed")
        return self._plan

    # -- the ways -----------------------------------------------------------------------------------------------

    def _same(self) -> dict[str, Told]:
        """One executor from the beginning to the end."""
        return told(self._run())

    def _new(self) -> dict[str, Told]:
        """What was stored by one executor is read by another."""
        easel(["executor", "stop", "--force"], self.environ)
        return told(self._run(*self._only(*CHAIN[1:], "check", "join"), "--force"))

    def _killed(self) -> dict[str, Told]:
        """The executor is killed while the values are made, and the run goes on; and once more when all is made."""
        run = self._start("--force", *self._only(*CHAIN))
        assert run.stdout is not None
        lines, finished = [], 0
        at = sum(len(case.chain) for case in self.cases) // 2
        for line in run.stdout:
            lines.append(json.loads(line))
            finished += lines[-1]["event"] == "block.finished"
            if finished == at:
                self._kill()
                finished += 1
        code = run.wait()
        made = told(Run(code, lines))
        self._plan = self.canvas.plan()
        self._kill()
        return made | told(self._run(*self._only("check", "join"), "--force"))

    def _kill(self) -> None:
        status = easel(["executor", "status", "--json"], self.environ).document
        if status["running"]:
            os.kill(status["pid"], signal.SIGKILL)
            wait_until(lambda: not is_alive(status["pid"]), "the executor is gone")

    def _start(self, *words: str) -> subprocess.Popen[str]:
        """A run of hundreds of blocks has no time limit but the test run's own."""
        command = [BINARY, "run", str(self.canvas.root), "--json", *words]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=self.environ
        )

    def _run(self, *words: str) -> Run:
        run = self._start(*words)
        out, _ = run.communicate()
        return Run(run.returncode, [json.loads(line) for line in out.splitlines()])

    def _only(self, *parts: str) -> list[str]:
        names = [f"{c.name}_{part}" for c in self.cases for part in parts if part in _blocks(c)]
        chunks = [names[i : i + ONLY_AT_ONCE] for i in range(0, len(names), ONLY_AT_ONCE)]
        return [word for chunk in chunks for word in ("--only", ",".join(chunk))]

    # -- what is stored -----------------------------------------------------------------------------------------

    def manifest(self, block: str) -> dict[str, Any]:
        """The published manifest of a block, as another program would read it."""
        database = self.canvas.root / ".easel/metadata.db"
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            [attempt] = connection.execute(
                "SELECT published_attempt FROM blocks WHERE block = ?", (block,)
            ).fetchone()
        connection.close()
        found: dict[str, Any] = json.loads(
            (self.canvas.root / ".easel/attempts" / attempt / "manifest.json").read_text()
        )
        return found


class Told:
    """What one block told in one run."""

    def __init__(self) -> None:
        self.status = ""
        self.reason = ""
        self.text = ""
        self.error = ""
        self.traceback = ""
        self.not_carried: dict[str, str] = {}
        self.notices: list[str] = []


def told(run: Run) -> dict[str, Told]:
    found: dict[str, Told] = {}
    for event in run.events:
        if "block" not in event:
            continue
        one = found.setdefault(event["block"], Told())
        match event["event"]:
            case "block.started":
                one.text = one.error = ""  # an attempt that was lost is tried again
            case "block.output" if event["stream"] == "stdout":
                one.text += event["text"]
            case "block.error":
                one.error = f"{event['ename']}: {event['evalue']}"
                one.traceback = str(event["traceback"])
            case "block.notice" if event["kind"] == "not_carried":
                one.not_carried[event["message"].split("`")[1]] = event["message"]
            case "block.notice":
                one.notices.append(f"{event['kind']}: {event['message']}")
            case "block.finished":
                one.status, one.reason = event["status"], event["reason"]
    if run.finished.get("error"):
        raise AssertionError(f"the run could not go on: {run.finished['error']}")
    return found


def _portrait_of(case: Case) -> str:
    if not case.portrait:
        return ""
    return f"__import__('portrait').show(globals(), {(*SKIPPED, *sorted(case.named))})\n"


def _blocks(case: Case) -> dict[str, str]:
    made = case.chain
    made["check"] = _portrait_of(case) + case.check
    made["join"] = case.check
    if case.portrait:
        made["whole"] = "".join(case.chain.values()) + _portrait_of(case)
    for number, name in enumerate(case.named):
        made[f"use_{number}"] = f"{name}\n"
    return made


def _edges(case: Case, made: dict[str, str]) -> list[tuple[str, str]]:
    chain = [f"{case.name}_{part}" for part in case.chain]
    last = chain[-1]
    edges = list(pairwise(["root", *chain, f"{case.name}_check"]))
    edges += [("aside", f"{case.name}_join"), (last, f"{case.name}_join")]
    if "whole" in made:
        edges.append(("root", f"{case.name}_whole"))
    return edges + [(last, f"{case.name}_{part}") for part in made if part.startswith("use_")]

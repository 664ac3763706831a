"""One person's Easel: the real binary with an executor, a home and a runtime folder of its own, and its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger import wait_until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("EASEL_BINARY", ROOT / "build/dev/bin/easel")).resolve()
ORPHANS_GONE_SECONDS = 5


@dataclass
class Result:
    code: int
    out: str
    err: str
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def finished(self) -> dict[str, Any]:
        return self.events[-1] if self.events and self.events[-1].get("event") == "run.finished" else {}

    def names(self, status: str) -> list[str]:
        return sorted(self.finished.get(status, []))

    def reason(self, block: str) -> str:
        for event in self.events:
            if event["event"] == "block.finished" and event["block"] == block:
                return str(event["reason"])
        return ""


@dataclass(frozen=True)
class Process:
    pid: int
    born: str  # start time: tells a reused number from the same process
    parent: int
    name: str

    def kill(self) -> None:
        """By a descriptor that is known to be this process: another may have its number by now."""
        try:
            fd = os.pidfd_open(self.pid)
        except OSError:
            return
        try:
            if process(self.pid) == self:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        except OSError:
            pass
        finally:
            os.close(fd)


def process(pid: int) -> Process | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
    if rest[0] in "ZX":
        return None
    return Process(pid, rest[19], int(rest[1]), name)


def all_processes() -> list[Process]:
    found = (process(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [p for p in found if p is not None]


def below(root: int) -> list[Process]:
    """All descendants of `root`, parents first."""
    children: dict[int, list[Process]] = {}
    for one in all_processes():
        children.setdefault(one.parent, []).append(one)
    out: list[Process] = []
    todo = [root]
    while todo:
        found = children.get(todo.pop(0), [])
        out += found
        todo += [p.pid for p in found]
    return out


def same(one: Process) -> bool:
    """Is this very process still alive (whoever its parent is by now)?"""
    now = process(one.pid)
    return now is not None and now.born == one.born


class Machine:
    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.runtime = folder / "runtime"
        self.runtime.mkdir(parents=True)
        keep = {k: v for k, v in os.environ.items() if not k.startswith("EASEL_")}
        self.environment = {
            **keep,
            "EASEL_CACHE": os.environ.get("EASEL_CACHE", str(Path.home() / ".cache/easel")),
            "EASEL_RUNTIME_DIR": str(self.runtime),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "EASEL_LINGER_S": "120",
            "EASEL_PARKED": "2",
            "ASAN_OPTIONS": f"log_path={folder}/asan:exitcode=99:detect_leaks=0",
            "UBSAN_OPTIONS": f"log_path={folder}/asan:print_stacktrace=1:exitcode=99",
            **{k: v for k in ("EASEL_RUNTIME",) if (v := os.environ.get(k))},
            **environment,
        }
        self._running: list[subprocess.Popen[str]] = []
        self._said_to: list[str] = []

    # -- commands -----------------------------------------------------------------------------------------------

    def start(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        number = len(self._running)
        out = open(self.folder / f"out.{number}", "w+")
        err = open(self.folder / f"err.{number}", "w+")
        with out, err:
            started = subprocess.Popen(
                [BINARY, *arguments],
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
            )
        self._running.append(started)
        self._said_to.append(" ".join(map(str, arguments)))
        return started

    def end(self, started: subprocess.Popen[str], seconds: float = 60) -> Result:
        """Wait for a command; what it said."""
        number = self._running.index(started)
        try:
            code = started.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"`easel {self._said_to[number]}` has not ended after {seconds} s:\n{self.story(started)}"
            ) from None
        out = (self.folder / f"out.{number}").read_text()
        events = [json.loads(line) for line in out.splitlines() if line.startswith('{"')]
        return Result(code, out, (self.folder / f"err.{number}").read_text(), events)

    def story(self, started: subprocess.Popen[str] | None = None) -> str:
        """What a person needs to see when a test fails."""
        parts = []
        if started is not None:
            number = self._running.index(started)
            parts += [(self.folder / f"{name}.{number}").read_text()[-4000:] for name in ("out", "err")]
        log = self.runtime / "executor.log"
        if log.exists():
            parts.append("executor.log:\n" + log.read_text(errors="replace")[-4000:])
        return "\n".join(parts)

    def easel(self, *arguments: str | Path, seconds: float = 60, **environment: str) -> Result:
        return self.end(self.start(*arguments, **environment), seconds)

    def run(self, canvas: Path, *arguments: str, seconds: float = 60, **environment: str) -> Result:
        return self.easel("run", "--json", canvas, *arguments, seconds=seconds, **environment)

    def document(self, *arguments: str | Path) -> dict[str, Any]:
        told = self.easel(*arguments, "--json")
        assert told.code == 0, told
        found = json.loads(told.out)
        assert isinstance(found, dict)
        return found

    def wait_for_output(self, started: subprocess.Popen[str], text: str, seconds: float = 30) -> None:
        out = self.folder / f"out.{self._running.index(started)}"
        wait_until(
            lambda: text in out.read_text(), seconds, f"`{text}` in the output:\n{self.story(started)}"
        )

    def wait_for_no_attempts(self, seconds: float = 30) -> None:
        wait_until(
            lambda: not self.document("executor", "status")["attempts"],
            seconds,
            "the executor's attempts end",
        )

    # -- processes ----------------------------------------------------------------------------------------------

    def mine(self) -> list[Process]:
        """Every process whose environment names this machine's folder: executor, zygotes and all they started."""
        mark = str(self.folder).encode() + b"/"
        out = []
        for one in all_processes():
            try:
                if mark in Path(f"/proc/{one.pid}/environ").read_bytes() and one.pid != os.getpid():
                    out.append(one)
            except OSError:
                continue
        return out

    def executors(self) -> list[Process]:
        """More than one while the executor of another build still drains."""
        return [one for one in self.mine() if b"executor\0serve" in _command(one.pid)]

    def executor(self) -> Process | None:
        return next(iter(self.executors()), None)

    def zygotes(self) -> list[Process]:
        return [p for p in self.mine() if b"zygote.py" in _command(p.pid) and not _forked_by_python(p)]

    def workers(self) -> list[Process]:
        return [p for p in self.mine() if b"zygote.py" in _command(p.pid) and _forked_by_python(p)]

    def beneath(self) -> list[Process]:
        """The executor's whole tree, unmarked processes included."""
        executor = self.executor()
        return [] if executor is None else below(executor.pid)

    def expect_gone(self, before: list[Process]) -> None:
        """These processes end within five seconds."""
        wait_until(
            lambda: not any(same(p) for p in before),
            ORPHANS_GONE_SECONDS,
            f"these processes end: {[(p.pid, p.name) for p in before if same(p)]}",
        )

    def stop(self) -> None:
        """End everything and make sure that nothing stays."""
        for started in self._running:
            if started.poll() is None:
                started.kill()
                started.wait()
        executors = self.executors()
        tree = executors + [one for executor in executors for one in below(executor.pid)]
        for executor in executors:
            executor.kill()
        try:
            self.expect_gone(tree + self.mine())
        finally:
            for one in self.mine():
                one.kill()
        reports = [p.read_text(errors="replace") for p in self.folder.glob("asan*")]
        assert not reports, "a sanitizer found something:\n" + "\n".join(reports)[:8000]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _forked_by_python(one: Process) -> bool:
    """A worker is a fork of the zygote, by way of its keeper: an ancestor has the same command line."""
    above, steps = one.parent, 0
    while above > 1 and steps < 6:
        if b"zygote.py" in _command(above):
            return True
        parent = process(above)
        above, steps = (parent.parent if parent else 0), steps + 1
    return False


if __name__ == "__main__":
    sys.exit("this is not a program: run pytest on this folder")

"""A canvas folder for a test, and the real `easel` to run it with."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("EASEL_BINARY") or str(REPOSITORY / "build/dev/bin/easel")
# A machine under load is slow, not wrong: what ends by itself gets this long.
PATIENCE_S = 120


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """The first true value of `condition`, asked again and again until the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Does the process run? A zombie that nobody has collected yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def processes_with(word: str) -> list[int]:
    """Processes on this machine that have `word` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass  # it has just ended
    return found


class Gate:
    """A place where a block stops until the test lets it go on, invisible to the files that it reads."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self._waiting: list[socket.socket] = []
        port = self._listener.getsockname()[1]
        self.code = (
            f"import socket as _s\n_gate = _s.create_connection(('127.0.0.1', {port}))\n_gate.recv(1)\n"
            "_gate.close()\ndel _gate\n"
        )

    def arrived(self) -> None:
        """Wait until one more block stands at the gate."""
        self._waiting.append(self._listener.accept()[0])

    def open(self) -> None:
        """Let all go on that have arrived."""
        while self._waiting:
            with self._waiting.pop() as one:
                try:
                    one.sendall(b".")
                except OSError:
                    pass  # it was ended at the gate

    def close(self) -> None:
        self.open()
        self._listener.close()


@dataclass
class Ended:
    """An `easel` command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.stdout)


@dataclass
class Run:
    """What `easel run --json` told."""

    code: int
    events: list[Json]
    stderr: str = ""
    finished: Json = field(init=False)

    def __post_init__(self) -> None:
        last = self.events[-1] if self.events else {}
        assert last.get("event") == "run.finished", (self.code, self.stderr, self.events[-5:])
        self.finished = last

    def __getattr__(self, name: str) -> list[str]:
        if name in ("ran", "up_to_date", "restored", "failed", "skipped", "cancelled"):
            return sorted(self.finished[name])
        raise AttributeError(name)

    def of(self, event: str, block: str | None = None) -> list[Json]:
        return [e for e in self.events if e["event"] == event and block in (None, e.get("block"))]

    def result(self, block: str) -> Json:
        """The one `block.finished` of the block."""
        [finished] = self.of("block.finished", block)
        return finished

    def text(self, block: str, stream: str = "stdout") -> str:
        return "".join(e["text"] for e in self.of("block.output", block) if e["stream"] == stream)

    def error(self, block: str) -> Json:
        [error] = self.of("block.error", block)
        return error

    def notices(self, block: str, kind: str) -> list[str]:
        return [e["message"] for e in self.of("block.notice", block) if e["kind"] == kind]

    def displayed(self, block: str) -> list[Json]:
        return [e["data"] for e in self.of("block.display", block)]


class CanvasFolder:
    """A canvas on disk. `blocks` maps names to sources, `settings` to more of a block's line in canvas.yaml."""

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        blocks: Mapping[str, str],
        edges: Sequence[str] = (),
        files: Mapping[str, str | bytes] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.environ = dict(environ)
        self.blocks = dict.fromkeys(blocks)
        self.edges = list(edges)
        self.settings = dict(settings or {})
        (root / "blocks").mkdir(parents=True, exist_ok=True)
        (root / "files").mkdir(exist_ok=True)
        for name, source in blocks.items():
            self.edit(name, source)
        for name, content in (files or {}).items():
            self.write_file(name, content)
        self.write_yaml()

    @classmethod
    def open(cls, root: Path, environ: Mapping[str, str]) -> CanvasFolder:
        """A canvas that is there already."""
        folder = cls.__new__(cls)
        folder.root, folder.environ = root, dict(environ)
        folder.blocks, folder.edges, folder.settings = {}, [], {}
        return folder

    def write_yaml(self) -> None:
        lines = ["easel: 1", f"name: {json.dumps(self.root.name, ensure_ascii=False)}", "blocks:"]
        for number, name in enumerate(self.blocks):
            more = ", " + self.settings[name] if name in self.settings else ""
            lines.append(f"  {name}: {{kind: python, file: blocks/{name}.py, at: [{number * 420}, 0]{more}}}")
        if self.edges:
            lines.append("edges:")
            lines += [f"  - {edge}" for edge in self.edges]
        (self.root / "canvas.yaml").write_text("\n".join(lines) + "\n")

    def edit(self, block: str, source: str) -> None:
        self.blocks.setdefault(block)
        (self.root / "blocks" / f"{block}.py").write_text(textwrap.dedent(source).lstrip("\n"))

    def write_file(self, name: str, content: str | bytes) -> Path:
        path = self.root / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(textwrap.dedent(content).lstrip("\n"))
        else:
            path.write_bytes(content)
        return path

    def file(self, name: str) -> Path:
        return self.root / "files" / name

    # -- commands ---------------------------------------------------------------------------------------------------

    def easel(self, command: str, *words: str, code: int | None = 0, **environ: str) -> Ended:
        """`easel COMMAND CANVAS WORDS...`, which must end with `code` (None: with any)."""
        return easel([command, str(self.root), *words], {**self.environ, **environ}, code)

    def easel_alone(self, *words: str, code: int | None = 0) -> Ended:
        """A command that takes no canvas, with the same executor."""
        return easel(words, self.environ, code)

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """`easel run` in the background; the caller reads it to its end or ends it."""
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more}
        command = subprocess.Popen(
            [BINARY, "run", str(self.root), *words], stdin=subprocess.DEVNULL, env=self.environ, **more
        )
        # Whoever reads its lines one by one must not wait for ever.
        watch = threading.Timer(PATIENCE_S, command.kill)
        watch.daemon = True
        watch.start()
        return command

    def run(self, *words: str, **environ: str) -> Run:
        ended = self.easel("run", "--json", *words, code=None, **environ)
        return Run(ended.code, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr)

    def good(self, *words: str, **environ: str) -> Run:
        """A run in which nothing fails."""
        run = self.run(*words, **environ)
        assert run.code == 0, (run.of("block.error"), run.finished, run.stderr)
        return run

    def plan(self, *words: str) -> dict[str, tuple[str, str]]:
        """Block -> (action, reason)."""
        blocks = self.easel("plan", "--json", *words).document["blocks"]
        return {block["name"]: (block["action"], block["reason"]) for block in blocks}

    def status(self) -> dict[str, tuple[str, str]]:
        """Block -> (state, reason)."""
        blocks = self.easel("status", "--json").document["blocks"]
        return {block["name"]: (block["state"], block["reason"]) for block in blocks}


def easel(words: Sequence[str], environ: Mapping[str, str], code: int | None = 0) -> Ended:
    done = subprocess.run(
        [BINARY, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=dict(environ),
        timeout=PATIENCE_S,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    if code is not None and done.returncode != code:
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        raise AssertionError(
            f"`easel {' '.join(words)}` ended with {done.returncode}, not {code}: {done.stderr}"
        )
    return ended

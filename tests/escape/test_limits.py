"""What a block of isolation `strict` may use up: memory, processors and disk. Each way past a limit works without it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from canvas_folder import BINARY, PATIENCE_S, CanvasFolder, Run, easel, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="isolation `strict` needs root")
STRICT = ("--isolation", "strict")
MIB = 1 << 20


def groups() -> dict[str, Any]:
    said = subprocess.run([BINARY, "doctor", "--json"], capture_output=True, text=True, check=False)
    return next(one for one in json.loads(said.stdout)["findings"] if one["name"] == "cgroups")


needs_groups = pytest.mark.skipif(os.geteuid() == 0 and not groups()["ok"], reason="no control groups here")


def with_compute(root: Path, environ: dict[str, str], code: str, compute: str) -> CanvasFolder:
    return CanvasFolder(
        root, environ, {"block": code}, settings={"block": f"compute: {compute}"} if compute else {}
    )


def failure(run: Run) -> str:
    assert run.failed == ["block"], run.events
    return str(run.result("block")["reason"])


# ---- memory

IN_SOCKETS = """
import socket
held = []
for _ in range(4000):
    pair = socket.socketpair()
    held.append(pair)
    pair[0].setblocking(False)
    try:
        while True:
            pair[0].send(bytes(65536))
    except BlockingIOError:
        pass
kept = len(held)
"""
IN_FILES_OF_MEMORY = """
for folder in ("/dev/shm", "/tmp"):
    with open(folder + "/much", "wb") as file:
        for _ in range(400):
            file.write(bytes(1 << 20))
kept = 1
"""
IN_A_PLAIN_LIST = "much = [bytes([1]) * (1 << 20) for _ in range(600)]\nkept = len(much)\ndel much\n"


@needs_groups
@pytest.mark.parametrize(
    "code", [IN_SOCKETS, IN_FILES_OF_MEMORY, IN_A_PLAIN_LIST], ids=["sockets", "files", "list"]
)
def test_memory_beyond_the_limit_ends_the_block(tmp_path: Path, environ: dict[str, str], code: str) -> None:
    free = with_compute(tmp_path / "free", environ, code, "").run(*STRICT)
    assert free.ran == ["block"], free.events
    limited = with_compute(tmp_path / "limited", environ, code, "{memory: 256Mi}").run(*STRICT)
    reason = failure(limited)
    assert "memory" in reason or "space" in reason or "buffer" in reason.lower(), reason


# ---- processes and processors

MEET = """
import os, time
with open("/proc/self/cgroup") as own, open("writing", "w") as file:
    file.write(own.read())
os.rename("writing", "ready")
while not os.path.exists("go"):
    time.sleep(0.01)
began, used = time.monotonic(), time.process_time()
while time.monotonic() - began < 1.0:
    pass
print(time.process_time() - used)
"""


def group_of(controller: str, groups: str) -> Path:
    """The folder of a process's control group, by what /proc/PID/cgroup says of it."""
    place = Path("/sys/fs/cgroup")
    for line in groups.splitlines():
        _, names, path = line.split(":", 2)
        if "easel-" in path and (not names or controller in names.split(",")):
            for base in (place, place / "unified", place / controller, place / names):
                if (base / path.lstrip("/") / "cgroup.procs").exists():
                    return base / path.lstrip("/")
    raise LookupError(f"{controller} in {groups}")


@needs_groups
def test_a_block_has_a_group_with_its_limits_and_no_more_time_than_it_asks_for(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    canvas = with_compute(tmp_path / "c", environ, MEET, "{cpu: 0.4, memory: 512Mi}")
    files = canvas.root / "files"
    running = subprocess.Popen(
        [BINARY, "run", str(canvas.root), *STRICT, "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_until((files / "ready").exists, "the block runs", PATIENCE_S)
    try:
        own = (files / "ready").read_text()
        memory, cpu, pids = (group_of(name, own) for name in ("memory", "cpu", "pids"))
        second = (memory / "memory.max").exists()
        limit = int((memory / ("memory.max" if second else "memory.limit_in_bytes")).read_text())
        assert limit == 512 * MIB
        assert 1024 <= int((pids / "pids.max").read_text()) <= 32768
        if second:
            assert (cpu / "cpu.max").read_text().split() == ["40000", "100000"]
        else:
            assert int((cpu / "cpu.cfs_quota_us").read_text()) == 40000
    finally:
        (files / "go").write_text("")
    said, _ = running.communicate(timeout=60)
    events = [json.loads(line) for line in said.splitlines()]
    run = Run(running.returncode, events, "")
    assert float(run.text("block")) < 0.65, "a second of one processor at 0.4"


def test_without_groups_a_block_runs_and_it_is_said_what_is_missing(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    canvas = CanvasFolder(tmp_path / "c", environ, {"block": "print('ran')"})
    own = {**environ, "EASEL_RUNTIME_DIR": str(tmp_path / "rt")}
    command = (
        'mount -t tmpfs -o ro none /sys/fs/cgroup && "$0" doctor --json; echo; '
        f'exec "$0" run "{canvas.root}" --isolation strict --json'
    )
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-c", command, BINARY],
        env=own, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    easel(["executor", "stop", "--force"], own, code=None)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line]
    finding = next(one for one in lines[0]["findings"] if one["name"] == "cgroups")
    assert not finding["ok"]
    assert "Delegate=yes" in finding["advice"]
    run = Run(done.returncode, lines[1:], done.stderr)
    assert run.text("block") == "ran\n"
    [said] = run.notices("block", "degraded_isolation")
    assert all(word in said for word in ("cgroup_memory", "cgroup_pids", "cgroup_cpu")), said


# ---- disk

ONE_LARGE_FILE = "open('large', 'wb').write(bytes(48 << 20))\nkept = 1\n"
SLOWLY = """
import time
with open("slow", "wb") as file:
    for _ in range(48):
        file.write(bytes(1 << 20))
        file.flush()
        time.sleep(0.02)
kept = 1
"""
RESERVED = """
import os
fd = os.open("reserved", os.O_CREAT | os.O_WRONLY)
os.posix_fallocate(fd, 0, 48 << 20)
kept = 1
"""
MANY_SMALL_FILES = "for i in range(12_000):\n    open(f'small-{i}', 'w').close()\nkept = 1\n"
WITHOUT_A_NAME = """
import os, time
fd = os.open("nameless", os.O_CREAT | os.O_RDWR)
os.unlink("nameless")
os.posix_fallocate(fd, 0, 48 << 20)
time.sleep(SECONDS)
kept = 1
"""
AT_HOME = "import pathlib\n(pathlib.Path.home() / 'large').write_bytes(bytes(48 << 20))\nkept = 1\n"
BY_A_SUBPROCESS = "import subprocess\nsubprocess.run(['dd', 'if=/dev/zero', 'of=large', 'bs=1M', 'count=48'], check=True)\nkept = 1\n"
AS_STATE = "import random\nkept = random.randbytes(48 << 20)\n"
NESTED = """
import os
for _ in range(200):
    os.mkdir("d")
    os.chdir("d")
open("large", "wb").write(bytes(48 << 20))
os.chdir("/canvas/files" if os.path.isdir("/canvas/files") else "/")
kept = 1
"""
# Longer than the time between two looks at the folders, which a limit ends; without one it need not be long.
WAYS = {
    "one large file": ONE_LARGE_FILE, "slowly": SLOWLY, "reserved": RESERVED, "many small files": MANY_SMALL_FILES,
    "without a name": WITHOUT_A_NAME, "at home": AT_HOME, "by a subprocess": BY_A_SUBPROCESS, "as state": AS_STATE,
    "nested": NESTED,
}  # fmt: skip


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_block_that_takes_too_much_of_the_disk_fails_and_its_last_good_result_stays(
    tmp_path: Path, environ: dict[str, str], way: str
) -> None:
    free = CanvasFolder(tmp_path / "free", environ, {"block": WAYS[way].replace("SECONDS", "0")}, [])
    assert free.run(*STRICT).ran == ["block"], "nothing else stops it"
    canvas = CanvasFolder(
        tmp_path / "limited", environ, {"block": "kept = 7", "after": "print(kept)"}, ["block -> after"]
    )
    limit = (*STRICT, "--disk", "24MiB")
    assert canvas.run(*limit).text("after") == "7\n"
    canvas.edit("block", WAYS[way].replace("SECONDS", "30"))
    reason = failure(canvas.run(*limit, "--only", "block"))
    assert "the limit is 24.0 MiB" in reason or "nested deeper" in reason, reason
    assert canvas.run(*STRICT, "--only", "after", "--force").text("after") == "7\n"


def test_a_canvas_that_has_too_much_already_may_be_tidied_by_a_block(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    canvas = CanvasFolder(
        tmp_path / "c", environ, {"block": "import os\nos.unlink('old')\nprint(os.listdir())"}, []
    )
    (canvas.root / "files").mkdir(exist_ok=True)
    for name in ("old", "older"):
        (canvas.root / "files" / name).write_bytes(bytes(32 * MIB))
    assert canvas.run(*STRICT, "--disk", "24MiB").text("block") == "['older']\n"

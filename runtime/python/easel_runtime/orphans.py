"""Ending what an attempt leaves behind where there is no pid namespace.

The zygote is the subreaper of its workers: when a keeper ends, its descendants become children of the zygote. They are
stopped first, until none is new, and killed then: so a process that forks while it is being killed gains nothing.
"""

from __future__ import annotations

import os
import signal


def _parents() -> dict[int, int]:
    parents = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] != b"Z":
            parents[int(name)] = int(fields[1])
    return parents


def _descendants(root: int, spared: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    front = [pid for pid in children.get(root, []) if pid not in spared]
    while front:
        pid = front.pop()
        found.add(pid)
        front += children.get(pid, [])
    return found


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def end_all(spared: set[int]) -> int:
    """Kill every descendant of this process but `spared` and theirs; return how many there were."""
    total = 0
    for _ in range(1000):
        stopped: set[int] = set()
        while True:
            new = _descendants(os.getpid(), spared) - stopped
            if not new:
                break
            _signal(new, signal.SIGSTOP)
            stopped |= new
        if not stopped:
            return total
        total += len(stopped)
        _signal(stopped, signal.SIGKILL)
        for pid in stopped:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass  # a grandchild: it becomes a child, and is found in the next round
    return total


def end_siblings() -> int:
    """Kill all that this worker's block started, daemons that its keeper adopted included; return how many there were.

    The keeper reaps what it adopted; only what this process itself forked is waited for here.
    """
    total = 0
    mine = {os.getpid()}
    for _ in range(1000):
        stopped: set[int] = set()
        while True:
            new = (_descendants(os.getppid(), mine) | _descendants(os.getpid(), set())) - stopped
            if not new:
                break
            _signal(new, signal.SIGSTOP)
            stopped |= new
        if not stopped:
            return total
        total += len(stopped)
        _signal(stopped, signal.SIGKILL)
        for pid in stopped:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass
    return total

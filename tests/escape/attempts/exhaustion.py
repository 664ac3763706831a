"""Using it all up; what is left must not touch others."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import Any

from attempts.proofs import attempt, libc


@attempt("exhaustion")
def processes(T: Any) -> str:
    children: list[int] = []
    try:
        for _ in range(1100):
            children.append(os.posix_spawn("/bin/sleep", ["sleep", "60"], {}))
        return f"{len(children)} at once"
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


@attempt("exhaustion")
def the_disk_by_temporary_files(T: Any) -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 3
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "escape-big")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.posix_fallocate(fd, 0, size)
        return f"{size >> 30} GiB"
    finally:
        os.close(fd)
        os.unlink(path)


@attempt("exhaustion")
def open_files(T: Any) -> str:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(17_000)]
    return f"{len(held)} at once"


@attempt("exhaustion")
def real_time_scheduling(T: Any) -> str:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    return "runs before everything else"


@attempt("exhaustion")
def message_queues_of_everybody(T: Any) -> str:
    libc.shmget.restype = ctypes.c_int
    found = libc.shmget(T["shm_key"], 0, 0)
    if found < 0:
        raise OSError(ctypes.get_errno(), "no such segment in here")
    return "sees the machine's shared memory"

"""Giving OpenBLAS its threads back after the imports.

OpenBLAS starts its threads when it is loaded, so packages are imported with OPENBLAS_NUM_THREADS=1. Told a larger
number later it starts them at once; but its fork handler stops them, and a worker's first large product starts them
again. So the number is set in the zygote, followed by one fork, and the zygote is single-threaded again. That it is
is tried in a child first: a build that behaves otherwise keeps one thread.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

_SYMBOLS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


def _setters() -> list[Any]:
    with open("/proc/self/maps") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if "openblas" in line}
    setters = []
    for path in sorted(paths):
        try:
            library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
        except OSError:
            continue
        symbol = next((name for name in _SYMBOLS if hasattr(library, name)), None)
        if symbol is not None:
            setters.append(getattr(library, symbol))
    return setters


def _raise_and_fork(setters: list[Any], threads: int) -> int:
    """Set the number, fork once, and return how many threads this process has then."""
    for setter in setters:
        setter(ctypes.c_int(threads))
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir("/proc/self/task"))


def allow_threads() -> None:
    """Let every OpenBLAS that is loaded use all processors again, in the workers forked from now on."""
    setters = _setters()
    threads = len(os.sched_getaffinity(0))
    if not setters or threads < 2:
        return
    before = len(os.listdir("/proc/self/task"))
    pid = os.fork()
    if pid == 0:
        os._exit(0 if _raise_and_fork(setters, threads) <= before else 1)
    if os.waitpid(pid, 0)[1] == 0:
        _raise_and_fork(setters, threads)

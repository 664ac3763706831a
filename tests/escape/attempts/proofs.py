"""What an attempt is, and what counts as proof that it got out."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)
ATTEMPTS: dict[str, Callable[[Any], Any]] = {}


def attempt(family: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        ATTEMPTS[f"{family}: {function.__name__.replace('_', ' ')}"] = function
        return function

    return add


def each(family: str, name: str, values: dict[str, Any]) -> Callable[[Callable[[Any, Any], Any]], None]:
    """One attempt for each of `values`, named after its key."""

    def add(function: Callable[[Any, Any], Any]) -> None:
        for key, value in values.items():
            ATTEMPTS[f"{family}: {name} {key}"] = lambda T, value=value: function(T, value)

    return add


def read(path: str, size: int = 1 << 16) -> bytes:
    with open(path, "rb") as file:
        return file.read(size)


def proof(T: Any, text: bytes) -> str:
    """The secret that `text` holds; nothing is proof without one."""
    for secret in T["secrets"]:
        if secret.encode() in text:
            return f"read {secret}"
    raise ValueError("no secret in it")


def call(number: int, *arguments: Any, allowed: tuple[int, ...] = ()) -> str:
    """A system call; errors in `allowed` come from beyond the filter: the call itself was let through."""
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    problem = ctypes.get_errno()
    if result >= 0:
        return f"returned {result}"
    if problem in allowed:
        return f"let through ({errno.errorcode[problem]})"
    raise OSError(problem, os.strerror(problem))


def of_each(pids: list[int], look: Callable[[int], str]) -> str:
    problem: Exception = ProcessLookupError("no process")
    for pid in pids:
        try:
            return look(pid)
        except (OSError, ValueError, AssertionError) as error:
            problem = error
    raise problem

"""The life of a worker from fork to hand-over: put the sandbox on, get ready, wait for the block, start it."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import socket
import struct
import sys
import traceback
from typing import Any, NoReturn

from easel_runtime import fault, filetrace, sandbox, worker

_LARGEST_FRAME = 64 << 20
# What a block does first, so that its pages are there: compile, format, raise, define.
_WARM = """
import time
text = str(time.monotonic_ns()) + f"{1.5:.3f}"
def f(a):
    return [i for i in range(a)]
f(10)
try:
    1 / 0
except ZeroDivisionError:
    pass
"""


def prepare() -> None:
    """Do in the zygote what every worker would do alike."""
    _warm()
    filetrace.prepare()


def _warm() -> None:
    for _ in range(2):
        exec(compile(_WARM, "<warm>", "exec"), {"__name__": "warm"})
        json.loads(json.dumps({"code": _WARM, "limits": {"cpu": 1}}))
    warm = getattr(worker, "warm", None)
    if warm is not None:
        warm()


def _reseed() -> None:
    """Give every loaded global random generator new entropy: forks of one zygote would all draw the same numbers."""
    random.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()


def _take_descriptors(descriptors: list[int]) -> socket.socket:
    """Make the three descriptors the channel, stdout and stderr, and close all others."""
    channel = os.dup(descriptors[0])
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(descriptors[1], 1)
    os.dup2(descriptors[2], 2)
    kept = os.dup2(channel, 3, inheritable=False)
    os.closerange(4, 1 << 20)
    return socket.socket(fileno=kept)


def send(channel: socket.socket, frame: dict[str, Any]) -> None:
    """Send one frame to the executor."""
    data = json.dumps(frame).encode()
    channel.sendall(struct.pack("<I", len(data)) + data)


def _receive_exactly(channel: socket.socket, size: int, mounts: list[int]) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece, descriptors, _, _ = socket.recv_fds(channel, min(size - len(data), 1 << 20), 8)
        mounts += descriptors
        if not piece:
            os._exit(0)  # the executor does not need this worker any more
        data += piece
    return bytes(data)


def _receive_spec(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return the attempt, and the mounts that came with it in mode `strict`."""
    mounts: list[int] = []
    size = struct.unpack("<I", _receive_exactly(channel, 4, mounts))[0]
    if size > _LARGEST_FRAME:
        raise ValueError(f"the executor announced a frame of {size} bytes; the largest is {_LARGEST_FRAME}")
    spec = json.loads(_receive_exactly(channel, size, mounts))
    if not isinstance(spec, dict):
        raise ValueError("the executor sent no attempt")
    return spec, mounts


def live(box: sandbox.Sandbox, scratch: str | None, slot: int, descriptors: list[int]) -> NoReturn:
    """Be a worker. Never returns: the process ends when its block has."""
    try:
        sandbox.die_with_parent()
        channel = _take_descriptors(descriptors)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # until there is a block to interrupt
        box.park(scratch)
        filetrace.park()
        _reseed()
        _warm()
        gc.enable()
        fault.point("parking.ready")
        send(channel, {"event": "parked"})
        spec, mounts = _receive_spec(channel)
        fault.hand_over()
    except BaseException:
        os.write(2, f"easel: a worker could not get ready:\n{traceback.format_exc()}".encode())
        os._exit(120)
    try:
        missing = box.hand_over(spec, mounts, slot)
        if not filetrace.start(spec):
            missing = [*missing, "file_trace"]
    except (OSError, KeyError) as error:
        message = f"the sandbox could not be made around the block: {error}"
        send(
            channel,
            {"event": "result", "status": "failed", "failure": {"kind": "sandbox", "message": message}},
        )
        os._exit(0)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        worker.run(channel, spec, box.mode, missing)
    finally:
        os._exit(121)

"""A zygote and its workers as contracts/executor_protocol.md describes them, with plain os.fork and no sandbox.

A block's code runs in the worker with `emit(event, **fields)`, `store(bytes)` and `succeed(...)` at hand, so that a test
can make a worker do anything, well-behaved or not. Laid out as RUNTIME/easel_runtime/zygote.py by the tests.
"""

from __future__ import annotations

import array
import fcntl
import hashlib
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import time
import traceback
import zlib
from typing import Any

Options = dict[str, Any]


def send_frame(channel: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    channel.sendall(struct.pack("<I", len(data)) + data)


def unread(fd: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


def read_frame(channel: socket.socket) -> dict[str, Any] | None:
    def exactly(n: int) -> bytes:
        out = b""
        while len(out) < n:
            piece = channel.recv(n - len(out))
            if not piece:
                os._exit(0)
            out += piece
        return out

    (length,) = struct.unpack("<I", exactly(4))
    return json.loads(exactly(length))


def object_file(data: bytes) -> tuple[bytes, str, int]:
    """A state object with one component, whose stream is `data`; its name; the component's length."""
    head = {
        "codec": "pickle5",
        "version": 2,
        "members": ["x"],
        "stream": [256, len(data)],
        "crc32": zlib.crc32(data),
    }
    text = json.dumps(head).encode().ljust(240)
    component = b"ECMP" + struct.pack("<III", 240, zlib.crc32(text), 0) + text + data
    meta = component + bytes(-len(component) % 64)
    place = struct.pack("<QQ", 64, len(meta))
    meta += place + struct.pack("<II", zlib.crc32(place), 0) + b"EASELEND"
    first = b"EASELOBJ" + struct.pack("<II", 2, 0)
    return first.ljust(64, b"\0") + meta, hashlib.sha256(first + meta).hexdigest(), len(component)


def work(channel: socket.socket) -> None:
    send_frame(channel, {"event": "parked"})
    spec = read_frame(channel)
    assert spec is not None
    objects: list[str] = []
    state: dict[str, Any] = {"variables": {}, "slots": {}, "settings": {}}

    def emit(event: str, **fields: Any) -> None:
        try:
            sys.stdout.flush()
            while any(unread(fd) for fd in (1, 2)):
                time.sleep(0.0001)
        except OSError:
            pass  # the block closed it
        send_frame(channel, {"event": event, **fields})

    def store(data: bytes, name: str = "") -> str:
        digest = name or hashlib.sha256(data).hexdigest()
        with open(os.path.join(spec["staging"], digest), "wb") as file:
            file.write(data)
        objects.append(digest)
        return digest

    def keep(name: str, data: bytes) -> None:
        slot = f"{spec['attempt']}#{len(state['slots'])}"
        content, object_name, length = object_file(data)
        state["slots"][slot] = {
            "object": store(content, object_name),
            "offset": 64,
            "length": length,
            "codec": "pickle5",
            "digest": hashlib.sha256(data).hexdigest(),
            "names": [name],
            "members": [name],
            "refs": [],
            "reads": [],
        }
        state["variables"][name] = {
            "slot": slot,
            "origin": spec["block"],
            "type": "bytes",
            "shape": [],
            "bytes": 1,
            "preview": "",
        }

    def result(**fields: Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        emit(
            "result",
            **{
                "status": "succeeded",
                "state": state,
                "objects": objects,
                "files": {},
                "flags": [],
                "python": "3.11",
                "platform": "linux",
                **fields,
            },
        )

    if "before_start" in spec:
        exec(spec["before_start"])
    emit("started", missing=["sandbox"])
    emit("phase", phase="run", at_us=time.monotonic_ns() // 1000)
    scope = {"emit": emit, "store": store, "keep": keep, "result": result, "spec": spec, "channel": channel}
    try:
        exec(compile(spec["code"], spec["filename"], "exec"), scope)
    except SystemExit as stop:
        sys.stdout.flush()
        result(status="failed", failure={"kind": "exit", "message": f"sys.exit({stop.code})"})
        return
    except BaseException as error:
        sys.stdout.flush()
        emit(
            "error",
            ename=type(error).__name__,
            evalue=str(error),
            traceback=traceback.format_exc(),
            line=1,
            kind="exception",
        )
        result(
            status="failed",
            failure={
                "kind": "exception",
                "ename": type(error).__name__,
                "evalue": str(error),
                "line": 1,
                "message": "",
            },
        )
        return
    emit("phase", phase="save", at_us=time.monotonic_ns() // 1000)
    result()


def park(descriptors: list[int], babbles: bool) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(-1)
        channel = socket.socket(fileno=os.dup(descriptors[0]))
        os.dup2(descriptors[1], 1)
        os.dup2(descriptors[2], 2)
        keep = channel.fileno()
        os.closerange(3, keep)
        os.closerange(keep + 1, 1024)
        if babbles:
            send_frame(channel, {"event": "nonsense"})
        else:
            work(channel)
        sys.stdout.flush()
        # After `result` a worker does nothing more; the executor ends it.
        signal.pause()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(120)


def main() -> None:
    options: Options = json.loads(os.environ["EASEL_ZYGOTE"])
    preload = options["preload"]
    if "broken" in preload:
        print("ImportError: no module named broken", file=sys.stderr)
        sys.exit(1)
    single = bool(options.get("single"))
    safe = "unsafe" not in preload
    control = socket.socket(fileno=3)
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    control.send(
        json.dumps(
            {
                "event": "ready",
                "threads": 1,
                "fork_safe": safe and not single,
                "python": "3.11",
                "platform": "linux",
                "mode": options["mode"],
                "missing": ["everything"],
            }
        ).encode()
    )
    ids: dict[int, int] = {}
    babbles = "babbles" in preload  # the first worker does
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(read_end, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready == read_end:
                os.read(read_end, 4096)
                while ids:
                    pid, status, usage = os.wait4(-1, os.WNOHANG)
                    if not pid:
                        break
                    number = ids.pop(pid)
                    control.send(
                        json.dumps(
                            {
                                "event": "exited",
                                "id": number,
                                "status": status,
                                "max_rss_kib": usage.ru_maxrss,
                                "user_ms": 0,
                                "system_ms": 0,
                            }
                        ).encode()
                    )
                    if single:
                        return
                continue
            data, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 8)
            if not data:
                return
            number = json.loads(data)["id"]
            if "unparkable" in preload:
                control.send(
                    json.dumps({"event": "failed", "id": number, "message": "no namespaces left"}).encode()
                )
            else:
                pid = park(descriptors, babbles)
                babbles = False
                ids[pid] = number
                pidfd = os.pidfd_open(pid)
                socket.send_fds(
                    control, [json.dumps({"event": "forked", "id": number, "pid": pid}).encode()], [pidfd]
                )
                os.close(pidfd)
            for fd in descriptors:
                os.close(fd)


main()

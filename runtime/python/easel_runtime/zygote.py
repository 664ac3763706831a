"""The zygote of one environment: imports its packages once, then forks parked workers on request.

Started by the executor as `PYTHON -I RUNTIME/easel_runtime/zygote.py`; contracts/executor_protocol.md section 3 tells
what is spoken on descriptor 3. Life:

    start -> restart with the environment of a worker (hash seed, trace shim, single-threaded libraries)
          -> sandbox.enter()  before any package is imported: packages are foreign code
          -> imports, collection, freeze -> "ready" -> serve: park requests in, "forked" and "exited" out
          -> end of file on descriptor 3: exit; every worker dies with it

It imports and never computes: what is forked after a computation hangs in several libraries (isolation.md section 4).
It stays single-threaded; one loop over poll() serves requests and the deaths of children.

The start-up settings of the restart, and what becomes of them in a worker:
* PYTHONHASHSEED=0 stays, for subprocesses too: equal sets print and pickle equally, run after run.
* OPENBLAS_NUM_THREADS=1 is taken back after the imports, inside OpenBLAS and in os.environ (blas.py).
* JE_ARROW_MALLOC_CONF and _RJEM_MALLOC_CONF (pyarrow's and polars' jemalloc) =background_thread:false are taken back in
  os.environ only: they are read once, so freed memory of a worker goes back to the system at the next allocation and
  not by a timer.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import gc
import importlib
import json
import platform
import select
import signal
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from easel_runtime import _easel, blas, fault, orphans, parked, sandbox
from easel_runtime.options import Options

CONTROL_FD = 3
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INIT = os.path.join(_ROOT, "easel_init")
_IMPORT_ONLY = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
}
# Threads that only wait and hold no lock: forking beside them is fine.
_HARMLESS_THREADS = ("polars-ooc-clea",)


def _restart_if_needed(options: Options) -> None:
    """Start this program again where its environment is not yet that of a worker.

    `-I` makes Python ignore PYTHONHASHSEED, and a shim is loaded at exec only. `-s -P` keep out what `-I` keeps out;
    nothing else of the caller's environment is there to be kept out.
    """
    if os.environ.get("EASEL_ZYGOTE_RESTARTED") == "1":
        del os.environ["EASEL_ZYGOTE_RESTARTED"]
        return
    environment = {
        **os.environ,
        **_IMPORT_ONLY,
        "EASEL_ZYGOTE_RESTARTED": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "agg",
        "HOME": options.home,
    }
    if options.shim:
        environment["LD_PRELOAD"] = options.shim
    os.execve(sys.executable, [sys.executable, "-s", "-P", os.path.abspath(__file__)], environment)


def _stand_in(pid: int) -> NoReturn:
    """Become the process that the executor sees: it ends as `pid`, the zygote in its own pid namespace, ends."""
    os.execve(_INIT, ["easel_init", "wait", str(pid)], {})


@dataclass
class Child:
    """A worker's keeper, from fork to the report of its end."""

    request: int
    status_fd: int
    scratch: str | None


class Zygote:
    """Serves park requests and reports the ends of workers. Single-threaded."""

    def __init__(self, control: socket.socket, box: sandbox.Sandbox, machine_proc: int, single: bool) -> None:
        self._control = control
        self._box = box
        self._single = single
        self._machine_proc = machine_proc
        self._pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY) if box.namespaces else -1
        self._served = False
        self._children: dict[int, Child] = {}
        self._wake, wake_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        self._wake_end = wake_end

    def say(self, event: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send one packet to the executor."""
        socket.send_fds(self._control, [json.dumps(event).encode()], descriptors)

    def serve(self) -> None:
        """Serve until the executor closes the control socket, or in `single` mode until the one attempt has ended."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._wake:
                    try:
                        os.read(self._wake, 4096)
                    except BlockingIOError:
                        pass
                    self._reap()
                    if self._single and self._served and not self._children:
                        return
                elif not self._request():
                    return

    def end(self) -> None:
        """End all workers. With namespaces they end with this process, the first of their outer pid namespace."""
        if self._box.namespaces:
            return
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while orphans.end_all(set()) and time.monotonic() < deadline:
            pass
        for child in self._children.values():
            sandbox.remove_scratch(child.scratch)

    def _request(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 8)
        except ConnectionResetError:
            return False
        if not data:
            return False
        try:
            request = json.loads(data)
            number = request["id"]
            if request["op"] != "park" or len(descriptors) != 3:
                raise ValueError('a request is {"op": "park", "id": N} with three descriptors')
        except (ValueError, KeyError, TypeError) as error:
            self.say({"event": "failed", "message": f"the zygote does not understand the request: {error}"})
            number = None
        try:
            if number is not None:
                self._park(number, int(request.get("slot", 0)), descriptors)
        except OSError as error:
            self.say({"event": "failed", "id": number, "message": f"a worker could not be forked: {error}"})
        finally:
            for fd in descriptors:
                os.close(fd)
        return True

    def _park(self, number: int, slot: int, descriptors: list[int]) -> None:
        scratch = self._box.make_scratch()
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if self._box.namespaces:  # the next child is pid 1 of a new pid namespace
                _easel.setns(self._pid_namespace, sandbox.CLONE_NEWPID)
                _easel.unshare(sandbox.CLONE_NEWPID)
            pid = _easel.fork_kept(_INIT, writing)
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                parked.live(self._box, scratch, slot, descriptors)
            if self._box.namespaces:
                _easel.setns(self._pid_namespace, sandbox.CLONE_NEWPID)
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        fault.point("zygote.forked")
        self._children[pid] = Child(number, reading, scratch)
        self._served = True
        pidfd = os.pidfd_open(pid)
        try:
            self.say({"event": "forked", "id": number, "pid": self._pid_outside(pidfd, pid)}, (pidfd,))
        finally:
            os.close(pidfd)

    def _pid_outside(self, pidfd: int, pid: int) -> int:
        """Return the number that the executor knows a child by, told by the /proc that it sees."""
        try:
            fd = os.open(f"self/fdinfo/{pidfd}", os.O_RDONLY, dir_fd=self._machine_proc)
            with open(fd) as lines:
                for line in lines:
                    if line.startswith("Pid:"):
                        return int(line.split()[1])
        except OSError:
            pass
        return pid

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                self._report(child, status, usage)

    def _report(self, child: Child, status: int, usage: Any) -> None:
        """Tell of an end, after the whole tree's: with the keeper the kernel has ended its pid namespace."""
        if not self._box.namespaces:
            orphans.end_all(set(self._children))
        try:
            told = os.read(child.status_fd, 4)
        except BlockingIOError:
            told = b""
        os.close(child.status_fd)
        if len(told) == 4:  # else the keeper was killed, and its own status tells how
            status = struct.unpack("=i", told)[0]
        sandbox.remove_scratch(child.scratch)
        self.say(
            {
                "event": "exited",
                "id": child.request,
                "status": status,
                "max_rss_kib": usage.ru_maxrss,
                "user_ms": round(usage.ru_utime * 1000),
                "system_ms": round(usage.ru_stime * 1000),
            }
        )


def _import_packages(names: list[str]) -> dict[str, str]:
    """Import the packages; return those that could not be, with the reason. Blocks that use them will see it again."""
    failed = {}
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:
            failed[name] = f"{type(error).__name__}: {error}"
            print(
                f"easel: package {name!r} could not be imported ahead: {failed[name]}",
                file=sys.stderr,
                flush=True,
            )
    return failed


def _live_threads() -> int:
    count = 0
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm") as name:
                harmless = name.read().strip().startswith(_HARMLESS_THREADS)
        except OSError:
            continue
        count += 0 if harmless else 1
    return count


def main() -> None:
    """Run the zygote; returns when the executor has gone."""
    sandbox.die_with_parent()
    options = Options.parse(os.environ.get("EASEL_ZYGOTE", "{}"))
    if not options.home:
        options.home = os.environ.get("HOME") or os.path.expanduser("~")
    _restart_if_needed(options)
    os.set_inheritable(CONTROL_FD, False)
    control = socket.socket(fileno=CONTROL_FD)
    if options.mode != "strict":
        os.makedirs(options.home, exist_ok=True)
    machine_proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    try:
        box = sandbox.enter(options, _stand_in)
    except sandbox.Refused as refused:
        sys.exit(f"isolation `{options.mode}` cannot be made on this machine: {refused}; see `easel doctor`")
    os.chdir("/")
    os.environ.pop("EASEL_ZYGOTE", None)
    os.environ.pop("EASEL_FAULT", None)
    zygote = Zygote(control, box, machine_proc, options.single)
    not_imported = {} if options.single else _import_packages(options.preload)
    parked.prepare()
    blas.allow_threads()
    for name in _IMPORT_ONLY:
        os.environ.pop(name, None)
    gc.collect()
    _easel.malloc_trim()
    gc.freeze()
    threads = _live_threads()
    zygote.say(
        {
            "event": "ready",
            "threads": threads,
            "fork_safe": threads == 1 and not options.single,
            "python": ".".join(platform.python_version_tuple()[:2]),
            "platform": f"{sys.platform}-{platform.machine()}",
            "mode": box.mode,
            "missing": box.missing,
            "not_imported": not_imported,
        }
    )
    try:
        zygote.serve()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the executor went while it was being told something
    zygote.end()
    os._exit(0)  # nothing of the imported packages is worth finalising


if __name__ == "__main__":
    main()

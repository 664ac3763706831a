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
* JE_ARROW_MALLOC_CONF=background_thread:false is taken back in os.environ only: pyarrow's jemalloc reads it once, so
  freed Arrow memory of a worker goes back to the system at the next allocation and not by a timer.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from typing import Any, NoReturn, Optional  # noqa: E402

from easel_runtime import _easel, blas, orphans, parked, sandbox  # noqa: E402

CONTROL_FD = 3
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INIT = os.path.join(_ROOT, "easel_init")
_IMPORT_ONLY = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
# Threads that only wait and hold no lock: forking beside them is fine.
_HARMLESS_THREADS = ("polars-cleaner", "pl-mem-cleaner")


def _restart_if_needed(options: sandbox.Options) -> None:
    """Start this program again where its environment is not yet that of a worker.

    `-I` makes Python ignore PYTHONHASHSEED, and a shim is loaded at exec only. `-s -P` keep out what `-I` keeps out;
    nothing else of the caller's environment is there to be kept out.
    """
    if os.environ.get("EASEL_ZYGOTE_RESTARTED") == "1":
        del os.environ["EASEL_ZYGOTE_RESTARTED"]
        return
    environment = {**os.environ, **_IMPORT_ONLY, "EASEL_ZYGOTE_RESTARTED": "1", "PYTHONHASHSEED": "0",
                   "MPLBACKEND": "agg", "HOME": options.home}
    if options.shim:
        environment["LD_PRELOAD"] = options.shim
    os.execve(sys.executable, [sys.executable, "-s", "-P", os.path.abspath(__file__)], environment)


def _stand_in(pid: int) -> NoReturn:
    """Become the process that the executor sees: it ends as `pid`, the zygote in its own pid namespace, ends."""
    os.execve(_INIT, ["easel_init", "wait", str(pid)], {})


@dataclass
class Child:
    """A worker, or its keeper, from fork to the report of its end."""

    request: int
    pid: int
    reaper: int
    scratch: Optional[str]
    ended: Optional[dict[str, Any]] = None


class Zygote:
    """Serves park requests and reports the ends of workers. Single-threaded."""

    def __init__(self, control: socket.socket, box: sandbox.Sandbox, machine_proc: int, single: bool) -> None:
        self._control = control
        self._box = box
        self._single = single
        self._machine_proc = machine_proc
        self._pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY) if box.mode == "local" else -1
        self._served = False
        self._children: dict[int, Child] = {}
        self._reapers: dict[int, Child] = {}
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
                    if self._single and self._served and not self._children and not self._reapers:
                        return
                elif not self._request():
                    return

    def children(self) -> list[int]:
        """Return the pids of the workers, or their keepers, that have not ended."""
        return list(self._children)

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
                raise ValueError("a request is {\"op\": \"park\", \"id\": N} with three descriptors")
        except (ValueError, KeyError, TypeError) as error:
            self.say({"event": "failed", "message": f"the zygote does not understand the request: {error}"})
            number = None
        try:
            if number is not None:
                self._park(number, descriptors)
        except OSError as error:
            self.say({"event": "failed", "id": number, "message": f"a worker could not be forked: {error}"})
        finally:
            for fd in descriptors:
                os.close(fd)
        return True

    def _park(self, number: int, descriptors: list[int]) -> None:
        scratch = self._box.make_scratch()
        reaper = 0
        if self._box.mode == "local":
            _easel.setns(self._pid_namespace, sandbox.CLONE_NEWPID)
            _easel.unshare(sandbox.CLONE_NEWPID)
            reaper = os.posix_spawn(_INIT, ["easel_init", "reap"], {})
            try:
                pid = os.fork()
            except OSError:
                os.kill(reaper, signal.SIGKILL)
                raise
        else:
            pid = _easel.fork_kept()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            parked.live(self._box, scratch, descriptors)
        if reaper:
            _easel.setns(self._pid_namespace, sandbox.CLONE_NEWPID)
        child = Child(number, pid, reaper, scratch)
        self._children[pid] = child
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
                child.ended = {"event": "exited", "id": child.request, "status": status, "max_rss_kib": usage.ru_maxrss,
                               "user_ms": round(usage.ru_utime * 1000), "system_ms": round(usage.ru_stime * 1000)}
                self._end_tree(child)
                continue
            child = self._reapers.pop(pid, None)
            if child is not None:
                self._report(child)
                continue
            for child in list(self._children.values()):  # the reaper went first, and took its worker with it
                if child.reaper == pid:
                    child.reaper = 0

    def _end_tree(self, child: Child) -> None:
        if child.reaper:
            self._reapers[child.reaper] = child
            os.kill(child.reaper, signal.SIGKILL)  # the kernel kills all that is left in its pid namespace
            return
        if self._box.mode != "local":
            orphans.end_all(set(self._children))
        self._report(child)

    def _report(self, child: Child) -> None:
        sandbox.remove_scratch(child.scratch)
        assert child.ended is not None
        self.say(child.ended)


def _import_packages(names: list[str], say: Any) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: B902 - a broken package may raise anything; blocks will see it again
            say({"event": "failed", "message": f"package {name!r} could not be imported ahead: "
                                               f"{type(error).__name__}: {error}"})


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
    options = sandbox.Options.parse(os.environ.get("EASEL_ZYGOTE", "{}"))
    if not options.home:
        options.home = os.environ.get("HOME") or os.path.expanduser("~")
    _restart_if_needed(options)
    os.set_inheritable(CONTROL_FD, False)
    control = socket.socket(fileno=CONTROL_FD)
    os.makedirs(options.home, exist_ok=True)
    machine_proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    box = sandbox.enter(options, _stand_in)
    os.chdir("/")
    os.environ.pop("EASEL_ZYGOTE", None)
    zygote = Zygote(control, box, machine_proc, options.single)
    if not options.single:
        _import_packages(options.preload, zygote.say)
    parked.prepare()
    blas.allow_threads()
    for name in _IMPORT_ONLY:
        os.environ.pop(name, None)
    gc.collect()
    _easel.malloc_trim()
    gc.freeze()
    threads = _live_threads()
    zygote.say({"event": "ready", "threads": threads, "fork_safe": threads == 1 and not options.single,
                "python": ".".join(platform.python_version_tuple()[:2]),
                "platform": f"{sys.platform}-{platform.machine()}", "mode": box.mode, "missing": box.missing})
    try:
        zygote.serve()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the executor went while it was being told something
    if box.mode != "local":
        for pid in zygote.children():
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while orphans.end_all(set()) and time.monotonic() < deadline:
            pass


if __name__ == "__main__":
    main()

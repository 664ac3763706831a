"""The block's sys.stdout and sys.stderr: block-buffered, yet prompt and in order.

A write after a pause goes out at once; what follows goes out every 5 ms or at 64 KiB. At any time at most
one of the two streams is *hot*: its `write` is the C method of `io.TextIOWrapper` itself (a Python-level
`write` halves the print rate). The first write to the other stream takes the *cold* path, which flushes the
hot one and waits until its pipe is empty, so that whoever reads both pipes sees the bytes in the order in
which they were written.

Thread-safe. Fork-safe: nothing is pending and no timer thread runs at the moment of a fork, and a child
starts cold. The timer thread is started by the first write and does not appear in `threading.enumerate()`.
"""

from __future__ import annotations

import _thread
import array
import fcntl
import io
import os
import select
import stat
import sys
import termios
import threading
import time
from typing import Any

BUFFER_BYTES = 64 * 1024
HOT_TICK_S = 0.005
# Cold streams are looked at now and then: code that kept a bound `write` from a hot time can still leave
# text there.
COLD_TICK_S = 0.1
EMPTY_WAIT_S = 2.0

_SPAWN_EVENTS = frozenset(
    {"subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.exec", "os.forkpty", "pty.spawn"}
)


def pipe_is_empty(fd: int) -> bool:
    """Whether everything written to `fd` was read; True also for what is not an open pipe."""
    try:
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            return True
        unread = array.array("i", [0])
        fcntl.ioctl(fd, termios.FIONREAD, unread, True)
    except OSError:
        return True
    return unread[0] == 0


def wait_until_empty(fd: int, timeout_s: float = EMPTY_WAIT_S) -> bool:
    """Wait until the pipe `fd` was read to the end; False if the reader needs longer than `timeout_s`."""
    if pipe_is_empty(fd):
        return True
    deadline = time.monotonic() + timeout_s
    pause = 0.0
    while not pipe_is_empty(fd):
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(0.001, pause + 0.00002)
    return True


class _Raw(io.FileIO):
    """The descriptor; counts writes, and waits where user code made the pipe non-blocking."""

    writes = 0

    def write(self, data: Any) -> int:
        self.writes += 1
        while True:
            written: int | None = super().write(data)
            if written is not None:
                return written
            poller = select.poll()
            poller.register(self.fileno(), select.POLLOUT)
            poller.poll()


class _Buffer(io.BufferedWriter):
    """The bytes layer. Every byte passes here, text included, so this is where the stream is claimed."""

    stream: OutputStream | None = None

    def write(self, data: Any) -> int:
        stream = self.stream
        if stream is None or stream.hot:
            return super().write(data)
        with stream.streams.lock:
            stream.streams.claim(stream)
            written = super().write(data)
            super().flush()
            if not stream.streams.is_child:
                stream.heat()
        return written


class OutputStream(io.TextIOWrapper):
    """One of the two text streams; made by `Streams`."""

    def __init__(self, streams: Streams, fd: int, name: str) -> None:
        raw = _Raw(fd, "w", closefd=False)
        raw.name = name
        buffer = _Buffer(raw, BUFFER_BYTES)
        super().__init__(buffer, encoding="utf-8", errors="backslashreplace", newline="\n")
        self.__dict__["mode"] = "w"
        self.streams = streams
        self.raw_stream = raw
        self.fd = fd
        self.hot = False
        self._line_begun = False
        self._fast_write = super().write
        buffer.stream = self

    def write(self, text: str) -> int:
        """Write while cold: a line goes out at once and whole, both parts of a `print`, and the stream is hot then; text
        without its newline waits for it 5 ms at the most."""
        streams = self.streams
        with streams.lock:
            streams.claim(self)
            if streams.is_child:
                return self._write_lines(text)
            self.hot = True
            try:
                written = self._fast_write(text)
                complete = self._line_begun or text.endswith("\n")
                if complete:
                    super().flush()
            finally:
                self.hot = False
            if complete:
                self.heat()
            elif text:
                self._line_begun = True
                streams.start_timer()
        return written

    @property
    def waits(self) -> bool:
        """Whether something may lie in the buffer that the timer has to send."""
        return self.hot or self._line_begun

    def _write_lines(self, text: str) -> int:
        """Write in a child process, which may be killed at any time: a line is out once it is complete."""
        self.hot = True
        try:
            written = self._fast_write(text)
            if "\n" in text or "\r" in text:
                super().flush()
        finally:
            self.hot = False
        return written

    def isatty(self) -> bool:
        return False

    def heat(self) -> None:
        """Hand writes to the C method until the timer finds a pause. Called with the lock held."""
        self._line_begun = False
        self.hot = True
        self.__dict__["write"] = self._fast_write
        self.streams.start_timer()

    def cool(self) -> None:
        """Make the next write take the cold path. Called with the lock held."""
        self._line_begun = False
        self.__dict__.pop("write", None)
        self.hot = False

    def push(self) -> None:
        """Flush; a closed or broken stream is recorded, never raised. Called with the lock held."""
        try:
            super().flush()
        except (OSError, ValueError) as error:
            self.streams.problems[self.raw_stream.name] = str(error)


class Streams:
    """Both streams, the order between them, and their timer."""

    def __init__(self, stdout_fd: int = 1, stderr_fd: int = 2) -> None:
        self.lock = threading.RLock()
        self.problems: dict[Any, str] = {}
        self.stdout = OutputStream(self, stdout_fd, "<stdout>")
        self.stderr = OutputStream(self, stderr_fd, "<stderr>")
        self._last: OutputStream | None = None
        self._timer_running = False
        self._stopping = False
        self._wake = _thread.allocate_lock()
        self._wake.acquire()
        self._done = _thread.allocate_lock()
        self._c_streams = _CStreams()
        self.timer_thread_id: int | None = None
        self.is_child = False
        os.register_at_fork(
            before=self._before_fork,
            after_in_parent=self._after_fork_in_parent,
            after_in_child=self._after_fork_in_child,
        )

    def install(self) -> None:
        """Become sys.stdout and sys.stderr. Best before foreign imports: logging handlers keep them.

        Call it again in a forked worker, which then is the owner; other children are line-buffered.
        """
        self.is_child = False
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            old = getattr(sys, name, None)
            if old is not None:
                try:
                    old.flush()
                except (OSError, ValueError):
                    pass
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc]

    def claim(self, stream: OutputStream) -> None:
        """Make `stream` the one being written: everything written to the other was read before. Lock held."""
        other = self.stderr if stream is self.stdout else self.stdout
        if self._last is other:
            waited = other.waits
            other.cool()
            if waited or self.is_child:
                self._push_hot(other)
            wait_until_empty(other.fd)
        self._last = stream

    def flush(self) -> None:
        """Send what is pending in both streams to the pipes."""
        with self.lock:
            order = (self.stderr, self.stdout) if self._last is self.stderr else (self.stdout, self.stderr)
            for stream in order:
                stream.push()

    def drain(self, timeout_s: float = EMPTY_WAIT_S) -> bool:
        """Flush both streams, C's own included, and wait until both pipes were read; False if they were not."""
        with self.lock:
            self.flush()
            self._c_streams.flush()
            self.stdout.cool()
            self.stderr.cool()
        deadline = time.monotonic() + timeout_s
        first = wait_until_empty(self.stdout.fd, timeout_s)
        return wait_until_empty(self.stderr.fd, max(0.0, deadline - time.monotonic())) and first

    def on_audit(self, event: str, _args: object) -> None:
        """For an audit hook: let our bytes go before those of a program being started."""
        if event in _SPAWN_EVENTS:
            self.drain()

    def start_timer(self) -> None:
        """Start the flushing thread, or make it tick fast. Lock held."""
        if self._timer_running:
            if self._wake.locked():
                self._wake.release()
            return
        self._stopping = False
        self._timer_running = True
        self._done.acquire(False)
        try:
            _thread.start_new_thread(self._run_timer, (self._wake, self._done))
        except RuntimeError:
            # No more threads are allowed: without a timer every write has to go out by itself.
            self._timer_running = False
            self.stdout.cool()
            self.stderr.cool()

    def _run_timer(self, wake: Any, done: Any) -> None:
        self.timer_thread_id = _thread.get_native_id()
        try:
            while not self._stopping:
                hot = self.stdout.waits or self.stderr.waits
                if wake.acquire(True, HOT_TICK_S if hot else COLD_TICK_S) and not self._stopping:
                    # A stream has just become hot; it has its 5 ms from now.
                    continue
                if self._stopping:
                    break
                with self.lock:
                    self._tick()
        finally:
            self.timer_thread_id = None
            done.release()

    def _tick(self) -> None:
        for stream in (self.stdout, self.stderr):
            before = stream.raw_stream.writes
            was_hot = stream.hot
            if was_hot:
                self._push_hot(stream)
            else:
                stream.push()
                stream._line_begun = False
            if was_hot and stream.raw_stream.writes == before:
                stream.cool()

    def _push_hot(self, stream: OutputStream) -> None:
        """Flush a stream that is or was hot without claiming it again."""
        hot = stream.hot
        stream.hot = True
        try:
            stream.push()
        finally:
            stream.hot = hot

    def _stop_timer(self) -> None:
        if not self._timer_running:
            return
        self._stopping = True
        if self._wake.locked():
            self._wake.release()
        self._done.acquire()
        self._timer_running = False
        self._wake = _thread.allocate_lock()
        self._wake.acquire()

    def _before_fork(self) -> None:
        self._stop_timer()
        self.lock.acquire()
        self._push_hot(self.stdout)
        self._push_hot(self.stderr)
        self.stdout.cool()
        self.stderr.cool()

    def _after_fork_in_parent(self) -> None:
        self.lock.release()

    def _after_fork_in_child(self) -> None:
        self.lock = threading.RLock()
        self._done = _thread.allocate_lock()
        self.problems = {}
        self.is_child = True
        self._last = None


class _CStreams:
    """C's stdout and stderr in this process: native code that uses printf buffers there."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        try:
            import ctypes

            libc = ctypes.CDLL(None)
            self._fflush = libc.fflush
            self._fflush.argtypes = [ctypes.c_void_p]
            self._handles = [ctypes.c_void_p.in_dll(libc, name) for name in ("stdout", "stderr")]
        except (ImportError, OSError, ValueError, AttributeError):
            self._handles = []

    def flush(self) -> None:
        """Flush these two only: `fflush(NULL)` would wait for a thread that reads another file."""
        for handle in self._handles:
            self._fflush(handle)

"""A loopback server to which blocks say that they run: what really ran, whatever the engine recorded of it.

A block sends one line "BLOCK TOKEN" when it begins and waits for the answer, so that a test can hold it there. The
token is random and is kept in the block's state: a published value names the very execution that made it.
"""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable


class Ledger:
    def __init__(self) -> None:
        self._entries: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        self._held: set[str] = set()
        self.pause: Callable[[], float] = lambda: 0  # seconds before a block gets its answer
        ledger = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                words = self.rfile.readline().decode().split()
                if len(words) == 2:
                    ledger._enter(words[0], words[1])
                    try:
                        self.wfile.write(b"go\n")
                    except OSError:
                        pass  # the block was killed while it was held

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def _enter(self, block: str, token: str) -> None:
        with self._changed:
            self._entries.append((block, token))
            self._changed.notify_all()
            self._changed.wait_for(lambda: block not in self._held, timeout=60)
        time.sleep(self.pause())

    def hold(self, *blocks: str) -> None:
        """From now on these blocks wait where they begin."""
        with self._changed:
            self._held.update(blocks)

    def release(self) -> None:
        with self._changed:
            self._held.clear()
            self._changed.notify_all()

    def ran(self, block: str) -> list[str]:
        """Tokens of all executions of `block`, in the order in which they began."""
        with self._changed:
            return [token for name, token in self._entries if name == block]

    def count(self) -> int:
        with self._changed:
            return len(self._entries)

    def await_next(self, seconds: float) -> None:
        """Return when a block begins, or after `seconds`."""
        with self._changed:
            now = len(self._entries)
            self._changed.wait_for(lambda: len(self._entries) > now, timeout=seconds)

    def wait_for(self, block: str, times: int = 1, seconds: float = 60) -> None:
        with self._changed:
            if not self._changed.wait_for(
                lambda: sum(n == block for n, _ in self._entries) >= times, timeout=seconds
            ):
                raise AssertionError(f"block {block} did not begin {times} time(s) within {seconds} s")


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)

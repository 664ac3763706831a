"""An engine's side of contracts/executor_protocol.md, no larger than measuring needs."""

from __future__ import annotations

import json
import os
import socket
from typing import Any


class EngineChannel:
    """A connection to the executor of a runtime folder, attached to one canvas."""

    def __init__(self, runtime_folder: str, canvas: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(os.path.join(runtime_folder, "executor.sock"))
        self._rest = b""
        self._request = 0
        self.receive()  # hello
        self.ask({"op": "attach", "canvas": canvas, "after": 0})

    def close(self) -> None:
        self._socket.close()

    def receive(self) -> dict[str, Any]:
        """Return the next frame."""
        while b"\n" not in self._rest:
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise RuntimeError("the executor closed the connection")
            self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        frame: dict[str, Any] = json.loads(line)
        return frame

    def send(self, request: dict[str, Any]) -> None:
        self._request += 1
        self._socket.sendall(json.dumps({"id": self._request, **request}).encode() + b"\n")

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its answer; events that come before it are passed over."""
        self.send(request)
        while True:
            frame = self.receive()
            if frame.get("id") == self._request:
                if "error" in frame:
                    raise RuntimeError(f"the executor refused {request['op']}: {frame['error']['message']}")
                answer: dict[str, Any] = frame["ok"]
                return answer

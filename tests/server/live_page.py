"""A page's WebSocket to an open canvas (docs/formats/live.md), by hand: RFC 6455 with text frames."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from typing import Any, Protocol

PATIENCE_S = 60


class Serving(Protocol):
    port: int
    url: str
    cookie: str


class LivePage:
    """Acknowledges every batch, and keeps what was told."""

    def __init__(self, server: Serving, canvas: str, place: tuple[str, int] | None = None) -> None:
        query = f"?epoch={place[0]}&after={place[1]}" if place else ""
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                f"GET /api/v1/canvases/{canvas}/live{query} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                f"Origin: {server.url}\r\nCookie: {server.cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            ).encode()
        )
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self.bytes += self._receive()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101"), head
        self.operations: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.people: dict[str, dict[str, Any]] = {}
        self.others = 0
        self.canvas: dict[str, Any] = {}
        self.problem: str | None = None
        self.batches = 0
        self.hello: dict[str, Any] = self.next()

    def _receive(self) -> bytes:
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return piece

    def _take(self, n: int) -> bytes:
        while len(self.bytes) < n:
            self.bytes += self._receive()
        taken, self.bytes = self.bytes[:n], self.bytes[n:]
        return taken

    def send(self, message: dict[str, Any]) -> None:
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, data: bytes) -> None:
        mask = os.urandom(4)
        length = (
            struct.pack("!B", 0x80 | len(data))
            if len(data) < 126
            else struct.pack("!BH", 0x80 | 126, len(data))
            if len(data) < 65536
            else struct.pack("!BQ", 0x80 | 127, len(data))
        )
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(b"\x81" + length + mask + masked)

    def next(self) -> dict[str, Any]:
        """The next message; a batch is taken in and acknowledged."""
        whole = b""
        while True:
            first, second = self._take(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack("!H", self._take(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._take(8))
            data = self._take(length)
            if first & 15 == 8:
                raise ConnectionError(data[2:].decode())
            if first & 15 > 1:
                continue
            whole += data
            if first & 0x80 == 0:  # it goes on in the next frame
                continue
            message: dict[str, Any] = json.loads(whole)
            if message["type"] == "batch":
                self._take_in(message)
            return message

    def _take_in(self, batch: dict[str, Any]) -> None:
        self.batches += 1
        self.operations += batch.get("operations", [])
        self.refused += batch.get("refused", [])
        self.texts += batch.get("texts", [])
        self.events += batch.get("events", [])
        self.states |= {state["block"]: state for state in batch.get("states", [])}
        self.people |= {person["id"]: person for person in batch.get("people", [])}
        self.others = batch.get("others", self.others)
        self.canvas = batch.get("canvas", self.canvas)
        if "problem" in batch:
            self.problem = batch["problem"]
        self.send({"op": "ack", "batch": batch["batch"]})

    def until(self, done: Any) -> None:
        """Take messages in until `done(self)` holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not done(self):
            assert time.monotonic() < deadline, (
                self.operations,
                self.refused,
                self.events[-20:],
                self.problem,
            )
            self.next()

    def id(self, name: str) -> str:
        return next(str(b["id"]) for b in self.hello["snapshot"]["blocks"] if b["name"] == name)

    def change(self, token: str, change: dict[str, Any]) -> dict[str, Any]:
        """Make a change and return its operation, or the refusal."""
        self.send({"op": "change", "token": token, "change": change})
        known = lambda: [a for a in self.operations + self.refused if a.get("token") == token]  # noqa: E731
        self.until(lambda _: known())
        return known()[-1]

    def close(self) -> None:
        self.socket.close()

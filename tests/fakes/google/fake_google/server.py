"""HTTP/1.1 on a loopback port, for one service: reads whole requests, writes whole answers, and misbehaves on demand."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """`path` and `raw_query` are as they came; header names are lower case; a body that came in chunks is whole."""

    service: str
    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes
    base: str = ""
    query: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.query = urllib.parse.parse_qs(self.raw_query, keep_blank_values=True)

    def param(self, name: str, default: str | None = None) -> str | None:
        return self.query.get(name, [default])[0]


@dataclass
class Response:
    """`reset_after`: send so many bytes of the body, then reset the connection. `hold_s`: wait so long, answer nothing."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reset_after: int | None = None
    hold_s: float | None = None


Handler = Callable[[Request], Response]


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the double keeps its own list of requests."""

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(256).split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline(8)
        while self.rfile.readline(4096).strip():
            pass
        return b"".join(parts)

    def _serve(self) -> None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        if "chunked" in headers.get("transfer-encoding", ""):
            body = self._chunks()
        else:
            body = self.rfile.read(int(headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        request = Request(self.server.service, self.command, path, query, headers, body, self.server.base)
        self._answer(self.server.handler(request))

    def _answer(self, response: Response) -> None:
        if response.hold_s is not None:
            select.select([self.connection], [], [], response.hold_s)
            self._reset()
            return
        if response.reset_after is not None and response.reset_after < 0:
            self._reset()
            return
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        bodiless = response.status in (204, 304) or response.status < 200
        if not bodiless and "Content-Length" not in response.headers:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if response.reset_after is not None:
            self.wfile.write(response.body[: response.reset_after])
            self.wfile.flush()
            self._reset()
        elif self.command != "HEAD" and not bodiless:
            self.wfile.write(response.body)

    def _reset(self) -> None:
        """The peer sees ECONNRESET, not an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.cut.add(self.connection)
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve


class Listener(ThreadingHTTPServer):
    """One service on a port of its own; `stop()` ends it. TLS when a context is given."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        service: str,
        handler: Handler,
        port: int = 0,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((host, port), _Connection)
        self.service = service
        self.handler = handler
        self.cut: set[socket.socket] = set()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.base = f"{'https' if tls else 'http'}://{host}:{self.server_address[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        """Without the polling of serve_forever, which would make each end of a double wait."""
        while True:
            try:
                connection, address = self.socket.accept()
            except OSError:
                return
            self.process_request(connection, address)

    def shutdown_request(self, request: Any) -> None:
        if request in self.cut:
            self.cut.discard(request)
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients leave when they like; a fault of ours has been answered with 500 and kept in the list of requests."""

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()

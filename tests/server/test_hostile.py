"""Requests that no browser sends."""

from __future__ import annotations

import socket
import time

import pytest
from serving import Server


def post(server: Server, body: bytes, length: int | None = None, more: str = "") -> bytes:
    head = (
        f"POST /api/v1/canvases HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {server.url}\r\n"
        f"Cookie: {server.cookie}\r\nContent-Type: application/json\r\nConnection: close\r\n{more}"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


def status(heard: bytes) -> int:
    assert heard.startswith(b"HTTP/1.1 "), heard[:200]
    return int(heard.split()[1])


def test_a_body_of_a_gigabyte_is_refused_before_it_comes(shared: Server) -> None:
    began = time.monotonic()
    heard = shared.say(post(shared, b"{", length=1 << 30))
    assert status(heard) == 413
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[1]",
        b'"text"',
        b"null",
        b'{"name": 5}',
        b'{"name": null}',
        b'{"name": "x", "name": 7}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "\\ud800"}',
        b'{"name": "x"} trailing',
        b'{"name": "' + b"x" * 1_000_000 + b'"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"name": 1' + b"0" * 5000 + b"}",
        b"\x00" * 100,
    ],
    ids=lambda body: body[:20].decode(errors="replace"),
)
def test_a_body_that_is_not_what_it_should_be_is_named(shared: Server, body: bytes) -> None:
    heard = shared.say(post(shared, body))
    assert status(heard) == 400
    assert b"application/problem+json" in heard


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /assets/%2e%2e%2fapp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzzz\r\n",
    ],
    ids=range(11),
)
def test_what_is_not_http_ends_with_an_answer_or_without_and_nothing_else_ends(
    shared: Server, text: bytes
) -> None:
    heard = shared.say(text)
    assert heard == b"" or 400 <= status(heard) < 500, heard[:200]
    assert shared.ask("GET", "/healthz").status == 200


def test_slow_clients_do_not_hold_up_the_others(shared: Server) -> None:
    slow = [socket.create_connection(("127.0.0.1", shared.port)) for _ in range(50)]
    try:
        for one in slow:
            one.sendall(b"POST /api/v1/canvases HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")
        began = time.monotonic()
        for _ in range(20):
            assert shared.ask("GET", "/api/v1/canvases").status == 200
        assert time.monotonic() - began < 20
    finally:
        for one in slow:
            one.close()


def test_pages_have_their_headers_and_unknown_paths_are_the_app(shared: Server) -> None:
    for path in ("/", "/c/alpha"):
        page = shared.ask("GET", path)
        assert page.status == 200
        policy = page.headers["content-security-policy"]
        assert (
            "script-src 'self'" in policy
            and "'unsafe-eval'" not in policy
            and "frame-ancestors 'none'" in policy
        )
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "no-referrer"
    assert shared.ask("GET", "/missing.js").status == 404
    assert shared.ask("GET", "/.easel/server.db").status == 404
    assert shared.ask("GET", "/api/v1/nothing").reason == "NO_SUCH_PATH"
    wrong = shared.ask("PUT", "/api/v1/session", check=False)
    assert (wrong.status, "POST" in wrong.headers["allow"]) == (405, True)


def test_the_frame_of_outputs_has_an_origin_of_its_own(shared: Server) -> None:
    frame = shared.ask("GET", "/frame", headers={"Cookie": ""})
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;") and "allow-same-origin" not in policy
    assert "default-src 'none'" in policy and "connect-src" not in policy

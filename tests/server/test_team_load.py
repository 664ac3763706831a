"""Many who sign in at once: passwords cost much, and nothing else waits for them."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import PATIENCE_S, Server
from team import ask, found, sign_in, team_server

MANY = 100


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served = team_server(tmp_path, "--proxy")
    found(served)
    yield served
    assert served.stop() == 0


def at_once(server: Server, emails: list[str]) -> list[socket.socket]:
    """Sign-ins, each from an address of its own, whose last bytes are all sent together."""
    connections = []
    for i, email in enumerate(emails):
        body = json.dumps({"email": email, "password": "wrong horse battery"}).encode()
        head = (
            f"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
            f"X-Forwarded-For: 10.1.{i // 200}.{i % 200}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        connection.sendall(head.encode() + body[:-1])
        connections.append(connection)
    for connection in connections:
        connection.sendall(b"}")
    return connections


def statuses(connections: list[socket.socket]) -> Counter[int]:
    out: Counter[int] = Counter()
    for connection in connections:
        with connection:
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        status = int(answer.split(maxsplit=2)[1])
        assert (b"\r\nRetry-After:" in answer) == (status in (429, 503)), answer
        out[status] += 1
    return out


def test_a_hundred_sign_ins_at_once_hold_up_nothing_else(server: Server) -> None:
    waiting = at_once(server, [f"m{i}@example.org" for i in range(MANY)])
    assert server.ask("GET", "/healthz", check=False).status == 200
    assert ask(server, "GET", "/team").status == 200
    counted = statuses(waiting)
    # Some are checked, the others are told at once to come again.
    assert set(counted) == {401, 503}, counted
    assert sign_in(server, "ada@example.org").status == 200


def test_guesses_at_one_account_are_limited_however_many_come_at_once(server: Server) -> None:
    counted = statuses(at_once(server, ["ada@example.org"] * MANY))
    assert counted == {401: 10, 429: MANY - 10}, counted

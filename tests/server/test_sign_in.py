"""Coming in and going out: the link, sessions, API tokens, and what survives the end of the server."""

from __future__ import annotations

import signal
import sqlite3
import time
from pathlib import Path

from conftest import Serve
from serving import Server, make_canvas


def test_a_link_signs_in_once_and_the_cookie_is_for_this_server_alone(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    again = server.ask("POST", "/api/v1/session", {"token": server.ready["token"]}, headers={"Cookie": ""})
    assert (again.status, again.reason) == (401, "SIGN_IN_TOKEN")
    assert "easel serve" in again.json["detail"]
    session = server.ask("GET", "/api/v1/session")
    assert session.json["user"]["role"] == "owner"
    assert server.ask("DELETE", "/api/v1/session").status == 204
    assert server.ask("GET", "/api/v1/session").status == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(serve: Serve, tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    try:
        answer = server.ask("POST", "/api/v1/session", {"token": server.ready["token"]})
        parts = [part.strip() for part in answer.headers["set-cookie"].split(";")]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts)
    finally:
        server.stop()


def test_sessions_survive_a_kill_and_nothing_secret_is_on_the_disk(serve: Serve, tmp_path: Path) -> None:
    make_canvas(tmp_path, "alpha")
    first = serve(tmp_path)
    token = first.token("viewer")
    first.stop(signal.SIGKILL)
    second = serve(tmp_path)
    second.cookie = first.cookie
    assert second.ask("GET", "/api/v1/canvases").json["items"][0]["id"] == "alpha"
    bearer = {"Authorization": f"Bearer {token}", "Cookie": ""}
    assert second.ask("GET", "/api/v1/canvases", headers=bearer).status == 200
    second.stop()
    kept = b"".join(file.read_bytes() for file in (tmp_path / ".easel").iterdir() if file.is_file())
    for secret in (token, first.cookie.partition("=")[2], first.ready["token"], second.ready["token"]):
        assert secret.encode() not in kept
    assert (tmp_path / ".easel/server.db").stat().st_mode & 0o077 == 0


def test_an_expired_token_and_an_expired_session_are_worth_nothing(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    token = server.token("owner")
    server.stop()
    with sqlite3.connect(tmp_path / ".easel/server.db") as database:
        database.execute("UPDATE credentials SET expires_ms = ?", (int(time.time() * 1000) - 1,))
    database.close()
    late = serve(tmp_path)
    assert late.ask("GET", "/api/v1/session", headers={"Cookie": server.cookie}).status == 401
    bearer = {"Authorization": f"Bearer {token}", "Cookie": ""}
    assert late.ask("GET", "/api/v1/session", headers=bearer).status == 401


def test_a_token_is_shown_once_is_worth_its_scope_and_can_be_revoked(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    token = server.token("viewer", days=1)
    bearer = {"Authorization": f"Bearer {token}", "Cookie": "", "Origin": ""}
    assert server.ask("GET", "/api/v1/session", headers=bearer).json["user"]["role"] == "viewer"
    refused = server.ask("POST", "/api/v1/canvases", {"name": "x"}, headers=bearer)
    assert (refused.status, refused.reason) == (403, "ROLE_TOO_SMALL")
    refused = server.ask("POST", "/api/v1/tokens", {"name": "x", "scope": "owner"}, headers=bearer)
    assert (refused.status, refused.reason) == (403, "SESSION_NEEDED")
    (listed,) = server.ask("GET", "/api/v1/tokens").json["items"]
    assert "token" not in listed and listed["scope"] == "viewer"
    assert server.ask("DELETE", f"/api/v1/tokens/{listed['id']}").status == 204
    assert server.ask("GET", "/api/v1/session", headers=bearer).status == 401
    assert server.ask("DELETE", f"/api/v1/tokens/{listed['id']}").status == 404


def test_a_second_server_says_who_has_the_workspace_and_hands_out_a_link(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(tmp_path)
    second = Server(tmp_path)
    ready = second.start().ready
    assert ready["pid"] == server.process.pid
    assert ready["url"] == server.url
    assert second.process.wait(30) == 0
    server.sign_in(ready["token"])


def test_one_can_guess_only_so_often(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    statuses = [
        server.ask("POST", "/api/v1/session", {"token": f"guess{i}"}, headers={"Cookie": ""}).status
        for i in range(12)
    ]
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429] * 2
    assert server.ask("GET", "/api/v1/session").status == 200


def test_revoking_a_session_elsewhere_ends_it(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    other = Server(tmp_path).start()
    first = server.cookie
    server.sign_in(other.ready["token"])
    other.process.wait(30)
    sessions = server.ask("GET", "/api/v1/sessions").json["items"]
    assert [one["current"] for one in sessions].count(True) == 1
    gone = next(one for one in sessions if not one["current"])
    assert server.ask("DELETE", f"/api/v1/sessions/{gone['id']}").status == 204
    assert server.ask("GET", "/api/v1/session", headers={"Cookie": first}).status == 401
    assert server.ask("GET", "/api/v1/session").status == 200

"""Every route and WebSocket topic that the running server has, tried by those who must not use it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import Server, contract_routes, make_canvas
from team import ROLES, found, join, sign_in, team_server


def routes(server: Server) -> list[dict[str, str]]:
    listed: list[dict[str, str]] = server.ask("GET", "/api/v1/routes").json["items"]
    return listed


def concrete(path: str) -> str:
    """A path with something in the place of its parameters; the canvas is there, so that nothing is hidden by a 404."""
    return re.sub(r"\{[^}]*\}", "load", path.replace("{canvas}", "alpha"))


def attempt(server: Server, route: dict[str, str], headers: dict[str, Any]) -> int:
    """The status of a request that carries only these headers."""
    if route["method"] == "WEBSOCKET":
        line = server.upgrade(concrete(route["path"]), {k: v for k, v in headers.items() if v})
        return int(line.split()[1])
    sent = {"Cookie": None, "Origin": None, **headers}
    answer = server.ask(
        route["method"],
        concrete(route["path"]),
        headers=sent,
        raw=b"{}",
        check=route["path"].startswith("/api"),
    )
    return answer.status


class Team:
    """A served team with somebody of each role; `server.cookie` is the first owner's."""

    def __init__(self, workspace: Path) -> None:
        make_canvas(workspace, "alpha")
        self.workspace = workspace
        self.server = team_server(workspace)
        ada = found(self.server)
        self.server.cookie = ada.cookie
        self.members = {role: join(ada, role) for role in ROLES}


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    served = Team(tmp_path_factory.mktemp("team"))
    yield served
    assert served.server.stop() == 0


@pytest.fixture(scope="session", params=["one person's", "team's"])
def both(request: pytest.FixtureRequest, shared: Server, team: Team) -> Server:
    return shared if request.param == "one person's" else team.server


@pytest.fixture(scope="session")
def tokens(both: Server) -> dict[str, str]:
    return {role: both.token(role) for role in ROLES}


def needed_role(access: str) -> str | None:
    return {"admin_person": "admin"}.get(access, access if access in ROLES else None)


def is_harmless(route: dict[str, str]) -> bool:
    """Whether a request that is let in changes nothing."""
    return route["method"] == "GET" and "events" not in route["path"]


def guarded(server: Server) -> list[dict[str, str]]:
    found = [route for route in routes(server) if route["access"] != "public"]
    assert len(found) > 10
    return found


def test_without_with_wrong_and_with_ended_credentials_nothing_opens(both: Server) -> None:
    revoked = both.token("owner")
    for token in both.ask("GET", "/api/v1/tokens").json["items"][:1]:
        assert both.ask("DELETE", f"/api/v1/tokens/{token['id']}").status == 204
    name = both.cookie.partition("=")[0]
    bad: list[dict[str, Any]] = [
        {},
        {"Cookie": f"{name}=" + "0" * 32, "Origin": both.url},
        {"Cookie": "easel_session=" + both.cookie.partition("=")[2], "Origin": both.url},
        {"Authorization": "Bearer easel_" + "0" * 32},
        {"Authorization": f"Bearer {revoked}"},
        {"Authorization": "Bearer " + both.cookie.partition("=")[2]},
        {"Authorization": "Basic YTpi", "Cookie": both.cookie, "Origin": both.url},
        {"Authorization": f"Bearer {revoked}", "Cookie": both.cookie, "Origin": both.url},
    ]
    for route in guarded(both):
        for headers in bad:
            assert attempt(both, route, headers) == 401, (route, headers)


def test_lesser_tokens_are_refused_and_enough_are_not(both: Server, tokens: dict[str, str]) -> None:
    for route in guarded(both):
        for role, token in tokens.items():
            needs = route["access"]
            enough = needs == "signed_in" or (needs in ROLES and ROLES.index(role) >= ROLES.index(needs))
            if enough and not is_harmless(route):
                continue
            status = attempt(both, route, {"Authorization": f"Bearer {token}"})
            if enough:
                assert status not in (401, 403), (route, role, status)
            else:
                assert status == 403, (route, role, status)


def test_members_of_lesser_roles_are_refused_and_of_enough_are_not(team: Team) -> None:
    for route in guarded(team.server):
        for role, member in team.members.items():
            needs = needed_role(route["access"])
            enough = needs is None or ROLES.index(role) >= ROLES.index(needs)
            if enough and not is_harmless(route):
                continue
            status = attempt(team.server, route, {"Cookie": member.cookie, "Origin": team.server.url})
            if enough:
                assert status not in (401, 403), (route, role, status)
            else:
                assert status == 403, (route, role, status)


def test_a_role_on_another_canvas_opens_nothing_here(tmp_path: Path) -> None:
    served = Team(tmp_path)
    make_canvas(tmp_path, "beta")
    viewer = served.members["viewer"]
    grant = served.server.ask("PUT", f"/api/v1/canvases/beta/roles/{viewer.id}", {"role": "owner"})
    assert grant.status == 200
    try:
        for route in guarded(served.server):
            needs = needed_role(route["access"])
            if needs in (None, "viewer"):
                continue
            status = attempt(served.server, route, {"Cookie": viewer.cookie, "Origin": served.server.url})
            assert status == 403, route
    finally:
        served.server.stop()


def test_expired_credentials_open_nothing(tmp_path: Path) -> None:
    first = Team(tmp_path)
    tokens = {role: first.members[role].token(role) for role in ROLES}
    first.server.stop()
    with sqlite3.connect(tmp_path / ".easel/server.db") as database:
        changed = database.execute("UPDATE credentials SET expires_ms = ?", (int(time.time() * 1000) - 1,))
        assert changed.rowcount > 2 * len(ROLES)
    database.close()
    late = team_server(tmp_path)
    # Somebody has to ask for the list of routes.
    late.cookie = sign_in(late, "owner@example.org").headers["set-cookie"].partition(";")[0]
    try:
        for route in guarded(late):
            for role in ROLES:
                cookie = {"Cookie": first.members[role].cookie, "Origin": late.url}
                assert attempt(late, route, cookie) == 401, (route, role)
                assert attempt(late, route, {"Authorization": f"Bearer {tokens[role]}"}) == 401, (route, role)
    finally:
        late.stop()


def test_another_site_cannot_use_a_session(both: Server) -> None:
    for route in guarded(both):
        if not route["path"].startswith("/api"):
            continue
        for origin in (
            "https://evil.example",
            "null",
            f"http://127.0.0.1:{both.port + 1}",
            "http://localhost",
        ):
            status = attempt(both, route, {"Cookie": both.cookie, "Origin": origin})
            assert status == 403, (route, origin)
        if route["method"] not in ("GET", "HEAD"):
            assert attempt(both, route, {"Cookie": both.cookie}) == 403, route


def test_a_name_that_was_rebound_to_us_gets_nothing(both: Server) -> None:
    for route in routes(both):
        for host in ("evil.example", f"evil.example:{both.port}", "127.0.0.1.evil.example", ""):
            headers = {"Host": host or " ", "Cookie": both.cookie, "Origin": f"http://{host}"}
            if route["method"] != "WEBSOCKET":
                assert attempt(both, route, headers) == 421, (route, host)
    assert both.ask("GET", "/", headers={"Host": "evil.example"}, check=False).status == 421


def test_the_contract_and_the_server_have_the_same_routes_with_the_same_access(shared: Server) -> None:
    contract = {(method, path): operation["x-access"] for method, path, operation in contract_routes()}
    server = {
        (route["method"], route["path"]): route["access"]
        for route in routes(shared)
        if route["path"].startswith("/api") and route["method"] != "WEBSOCKET"
    }
    unknown = {route for route in server if route not in contract}
    assert not unknown, "routes that contracts/openapi.yaml does not have"
    missing = {route for route in contract if route not in server}
    assert not missing, "of the contract, but not served"
    for route, access in server.items():
        assert access == contract[route], route

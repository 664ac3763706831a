"""Every route and WebSocket topic that the running server has, tried by those who must not use it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from serving import Server, contract_routes

ROLES = ["viewer", "runner", "editor", "admin", "owner"]


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


@pytest.fixture(scope="session")
def tokens(shared: Server) -> dict[str, str]:
    return {role: shared.token(role) for role in ROLES}


def guarded(server: Server) -> list[dict[str, str]]:
    found = [route for route in routes(server) if route["access"] != "public"]
    assert len(found) > 10
    return found


def test_without_with_wrong_and_with_ended_credentials_nothing_opens(shared: Server) -> None:
    revoked = shared.token("owner")
    for token in shared.ask("GET", "/api/v1/tokens").json["items"][:1]:
        assert shared.ask("DELETE", f"/api/v1/tokens/{token['id']}").status == 204
    name = shared.cookie.partition("=")[0]
    bad: list[dict[str, Any]] = [
        {},
        {"Cookie": f"{name}=" + "0" * 32, "Origin": shared.url},
        {"Cookie": "easel_session=" + shared.cookie.partition("=")[2], "Origin": shared.url},
        {"Authorization": "Bearer easel_" + "0" * 32},
        {"Authorization": f"Bearer {revoked}"},
        {"Authorization": "Bearer " + shared.cookie.partition("=")[2]},
        {"Authorization": "Basic YTpi", "Cookie": shared.cookie, "Origin": shared.url},
        {"Authorization": f"Bearer {revoked}", "Cookie": shared.cookie, "Origin": shared.url},
    ]
    for route in guarded(shared):
        for headers in bad:
            assert attempt(shared, route, headers) == 401, (route, headers)


def test_lesser_credentials_are_refused_and_enough_are_not(shared: Server, tokens: dict[str, str]) -> None:
    for route in guarded(shared):
        if route["method"] not in ("GET", "WEBSOCKET") or "events" in route["path"]:
            allowed_is_harmless = False
        else:
            allowed_is_harmless = route["method"] == "GET"
        for role, token in tokens.items():
            needs = route["access"]
            enough = needs == "signed_in" or (needs in ROLES and ROLES.index(role) >= ROLES.index(needs))
            if enough and not allowed_is_harmless:
                continue
            status = attempt(shared, route, {"Authorization": f"Bearer {token}"})
            if enough:
                assert status not in (401, 403), (route, role, status)
            else:
                assert status == 403, (route, role, status)


def test_another_site_cannot_use_a_session(shared: Server) -> None:
    for route in guarded(shared):
        if not route["path"].startswith("/api"):
            continue
        for origin in (
            "https://evil.example",
            "null",
            f"http://127.0.0.1:{shared.port + 1}",
            "http://localhost",
        ):
            status = attempt(shared, route, {"Cookie": shared.cookie, "Origin": origin})
            assert status == 403, (route, origin)
        if route["method"] not in ("GET", "HEAD"):
            assert attempt(shared, route, {"Cookie": shared.cookie}) == 403, route


def test_a_name_that_was_rebound_to_us_gets_nothing(shared: Server) -> None:
    for route in routes(shared):
        for host in ("evil.example", f"evil.example:{shared.port}", "127.0.0.1.evil.example", ""):
            headers = {"Host": host or " ", "Cookie": shared.cookie, "Origin": f"http://{host}"}
            if route["method"] != "WEBSOCKET":
                assert attempt(shared, route, headers) == 421, (route, host)
    assert shared.ask("GET", "/", headers={"Host": "evil.example"}, check=False).status == 421


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

"""A served team: its members, each with a browser of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving import Answer, Server

ROLES = ["viewer", "runner", "editor", "admin", "owner"]
# Most tests are not about what blocks may do; those that are leave this out and need root.
SHARED_USER = "--accept-members-can-read-each-other"
PASSWORD = "correct horse battery"


@dataclass
class Member:
    """Somebody of the team, signed in."""

    server: Server
    name: str
    email: str
    cookie: str
    id: str = ""
    role: str = ""

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        headers = {"Cookie": self.cookie, **more.pop("headers", {})}
        return self.server.ask(method, f"/api/v1{path}", body, headers=headers, **more)

    def token(self, scope: str, **more: Any) -> str:
        made = self.ask("POST", "/tokens", {"name": f"a {scope}", "scope": scope, **more})
        assert made.status == 201, made
        return str(made.json["token"])


def team_server(workspace: Path, *arguments: str, **environ: str) -> Server:
    return Server(workspace, ("--port", "0", "--team", SHARED_USER, *arguments), environ).start()


def ask(server: Server, method: str, path: str, body: Any = None, **more: Any) -> Answer:
    """A request of somebody who is not signed in."""
    return server.ask(
        method, f"/api/v1{path}", body, headers={"Cookie": "", **more.pop("headers", {})}, **more
    )


def come_in(server: Server, answer: Answer, name: str, email: str) -> Member:
    assert answer.status == 200, answer
    cookie = answer.headers["set-cookie"].partition(";")[0]
    user = answer.json["user"]
    return Member(server, name, email, cookie, user["id"], user["role"])


def found(server: Server, name: str = "Ada", email: str = "ada@example.org") -> Member:
    """Set the team up; the first owner."""
    form = {"token": server.ready["token"], "organization": "Analytics"}
    form |= {"name": name, "email": email, "password": PASSWORD}
    return come_in(server, ask(server, "POST", "/team/setup", form), name, email)


def token_of(link: str) -> str:
    return link.partition("#token=")[2]


def invite(admin: Member, role: str, **more: Any) -> str:
    made = admin.ask("POST", "/invitations", {"role": role, **more})
    assert made.status == 201, made
    return token_of(made.json["link"])


def join(admin: Member, role: str, name: str | None = None) -> Member:
    """Invite somebody, and accept it as them."""
    name = name or role
    email = f"{name.lower()}@example.org"
    form = {"token": invite(admin, role), "name": name, "email": email, "password": PASSWORD}
    return come_in(admin.server, ask(admin.server, "POST", "/invitations/accept", form), name, email)


def sign_in(server: Server, email: str, password: str = PASSWORD) -> Answer:
    return ask(server, "POST", "/session", {"email": email, "password": password})

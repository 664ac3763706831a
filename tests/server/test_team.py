"""A team from nothing: the first owner, invitations, passwords, roles, and who did what."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import BINARY, Server, make_canvas
from team import PASSWORD, ROLES, Member, ask, found, invite, join, sign_in, team_server, token_of


class Start:
    """Start team servers on a workspace; all are stopped at the end."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.started: list[Server] = []

    def __call__(self, *arguments: str, **environ: str) -> Server:
        self.started.append(team_server(self.workspace, *arguments, **environ))
        return self.started[-1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    make_canvas(tmp_path, "alpha")
    make_canvas(tmp_path, "beta")
    starting = Start(tmp_path)
    yield starting
    for server in starting.started:
        server.stop()


def test_the_first_owner_comes_by_a_link_that_works_once(start: Start) -> None:
    server = start()
    assert "/setup#token=" in server.ready["link"]
    assert ask(server, "GET", "/team").json == {"team": True, "organization": None, "setup": True}
    wrong = {"token": "0" * 32, "organization": "X", "name": "Eve", "email": "e@x.y", "password": PASSWORD}
    assert ask(server, "POST", "/team/setup", wrong).reason == "LINK_INVALID"
    ada = found(server)
    assert ada.role == "owner"
    again = ask(server, "POST", "/team/setup", wrong | {"token": server.ready["token"]})
    assert (again.status, again.reason) == (400, "SET_UP_ALREADY")
    assert ask(server, "GET", "/team").json == {"team": True, "organization": "Analytics", "setup": False}
    assert ada.ask("GET", "/organization").json["members"] == 1
    # A printed link is no way in any more.
    refused = ask(server, "POST", "/session", {"token": server.ready["token"]})
    assert (refused.status, refused.reason) == (400, "NO_LINKS")


def test_what_is_set_up_survives_a_kill_and_holds_no_secret(start: Start, tmp_path: Path) -> None:
    first = start()
    ada = found(first)
    secret = invite(ada, "viewer")
    token = ada.token("admin")
    first.stop(signal.SIGKILL)
    second = start()
    assert second.ready["token"] == "" and second.ready["link"] == second.url + "/"
    again = Member(second, ada.name, ada.email, ada.cookie)
    assert again.ask("GET", "/members").json["items"][0]["email"] == "ada@example.org"
    assert sign_in(second, "Ada@Example.org ").status == 200
    second.stop()
    kept = b"".join(file.read_bytes() for file in (tmp_path / ".easel").iterdir() if file.is_file())
    for one in (secret, token, ada.cookie.partition("=")[2], PASSWORD, first.ready["token"]):
        assert one.encode() not in kept
    assert b"$argon2id$v=19$m=19456,t=2,p=1$" in kept


def test_a_wrong_password_and_a_wrong_address_get_the_same_answer(start: Start) -> None:
    server = start()
    found(server)
    wrong = sign_in(server, "ada@example.org", "wrong horse battery")
    unknown = sign_in(server, "nobody@example.org")
    assert (wrong.status, wrong.reason) == (401, "SIGN_IN_WRONG")
    assert wrong.body == unknown.body
    assert "set-cookie" not in wrong.headers


def test_guessing_is_limited_by_address_and_by_account(start: Start) -> None:
    server = start("--proxy")
    found(server)

    def guess(email: str, address: str) -> int:
        body = {"email": email, "password": "wrong horse battery"}
        return ask(
            server, "POST", "/session", body, headers={"X-Forwarded-For": f"9.9.9.9, {address}"}
        ).status

    assert [guess(f"m{i}@example.org", "10.0.0.1") for i in range(11)] == [401] * 10 + [429]
    # Each try from elsewhere, always the same account.
    assert [guess("ada@example.org", f"10.0.1.{i}") for i in range(11)] == [401] * 10 + [429]
    right = {"email": "ada@example.org", "password": PASSWORD}
    closed = ask(server, "POST", "/session", right, headers={"X-Forwarded-For": "10.0.2.1"})
    assert (closed.status, closed.reason) == (429, "TOO_MANY_SIGN_INS")
    assert int(closed.headers["retry-after"]) > 60
    # A link for a new password opens it again.
    link = subprocess.run(
        [BINARY, "serve", str(start.workspace), "--no-open", "--json", "--password-link", "ada@example.org"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    token = token_of(link.partition('"link":"')[2].partition('"')[0])
    new = {"token": token, "password": "a new one, for a change"}
    reset = ask(server, "POST", "/password-resets", new, headers={"X-Forwarded-For": "10.0.2.1"})
    assert reset.status == 200
    right["password"] = new["password"]
    assert ask(server, "POST", "/session", right, headers={"X-Forwarded-For": "10.0.2.1"}).status == 200


def test_invitations_are_for_one_person_expire_and_can_be_revoked(start: Start, tmp_path: Path) -> None:
    server = start()
    ada = found(server)
    token = invite(ada, "editor", email="Bob@example.org")
    seen = ask(server, "POST", "/invitations/look", {"token": token}).json
    assert (seen["organization"], seen["role"], seen["email"]) == ("Analytics", "editor", "bob@example.org")
    assert seen["by"]["name"] == "Ada"
    form = {"token": token, "name": "Bob", "email": "eve@example.org", "password": PASSWORD}
    assert ask(server, "POST", "/invitations/accept", form).reason == "EMAIL_OTHER"
    form["email"] = "bob@example.org"
    assert ask(server, "POST", "/invitations/accept", form | {"password": "short"}).reason == "PASSWORD_WEAK"
    assert ask(server, "POST", "/invitations/accept", form).status == 200
    assert ask(server, "POST", "/invitations/accept", form).reason == "LINK_INVALID"
    assert (
        ada.ask("POST", "/invitations", {"role": "viewer", "email": "bob@example.org"}).reason
        == "EMAIL_TAKEN"
    )

    revoked, late = invite(ada, "viewer"), invite(ada, "runner")
    listed = ada.ask("GET", "/invitations?limit=1").json
    assert listed["next"] and len(ada.ask("GET", f"/invitations?cursor={listed['next']}").json["items"]) == 1
    for one in ada.ask("GET", "/invitations").json["items"]:
        assert "link" not in one and "token" not in one
        if one["role"] == "viewer":
            assert ada.ask("DELETE", f"/invitations/{one['id']}").status == 204
            assert ada.ask("DELETE", f"/invitations/{one['id']}").status == 404
    server.stop()
    with sqlite3.connect(tmp_path / ".easel/server.db") as database:
        database.execute("UPDATE invitations SET expires_ms = ?", (int(time.time() * 1000) - 1,))
    database.close()
    again = start()
    for token in (revoked, late):
        assert ask(again, "POST", "/invitations/look", {"token": token}).reason == "LINK_INVALID"
        form |= {"token": token, "email": "new@example.org"}
        assert ask(again, "POST", "/invitations/accept", form).reason == "LINK_INVALID"


def test_nobody_gives_more_than_they_have(start: Start) -> None:
    server = start()
    ada = found(server)
    adam, ed = join(ada, "admin", "Adam"), join(ada, "editor", "Ed")
    assert adam.ask("POST", "/invitations", {"role": "owner"}).reason == "ROLE_TOO_GREAT"
    assert adam.ask("PATCH", f"/members/{ed.id}", {"role": "owner"}).reason == "ROLE_TOO_GREAT"
    assert adam.ask("PATCH", f"/members/{ada.id}", {"role": "viewer"}).reason == "ROLE_TOO_GREAT"
    assert adam.ask("DELETE", f"/members/{ada.id}").reason == "ROLE_TOO_GREAT"
    assert adam.ask("POST", f"/members/{ada.id}/password-reset").reason == "ROLE_TOO_GREAT"
    assert adam.ask("PATCH", f"/members/{ed.id}", {"role": "admin"}).json["role"] == "admin"
    # A token that is worth less than who has it gives less, and makes no credentials at all.
    bearer = {"Authorization": f"Bearer {ada.token('admin')}", "Cookie": "", "Origin": ""}
    refused = server.ask("PATCH", f"/api/v1/members/{ed.id}", {"role": "owner"}, headers=bearer)
    assert refused.reason == "ROLE_TOO_GREAT"
    for path in ("/invitations", f"/members/{ed.id}/password-reset"):
        refused = server.ask("POST", f"/api/v1{path}", {"role": "viewer"}, headers=bearer)
        assert (refused.status, refused.reason) == (403, "SESSION_NEEDED")


def test_the_last_owner_stays_one(start: Start) -> None:
    server = start()
    ada = found(server)
    for answer in (
        ada.ask("PATCH", f"/members/{ada.id}", {"role": "admin"}),
        ada.ask("DELETE", f"/members/{ada.id}"),
    ):
        assert (answer.status, answer.reason) == (400, "LAST_OWNER")
    olga = join(ada, "owner", "Olga")
    assert ada.ask("PATCH", f"/members/{ada.id}", {"role": "viewer"}).status == 200
    assert olga.ask("DELETE", f"/members/{olga.id}").reason == "LAST_OWNER"


def test_who_is_removed_is_out_at_once_and_what_they_handed_out_is_worth_nothing(start: Start) -> None:
    server = start()
    ada = found(server)
    adam, ed = join(ada, "admin", "Adam"), join(ada, "editor", "Ed")
    bearer = {"Authorization": f"Bearer {adam.token('viewer')}", "Cookie": "", "Origin": ""}
    invitation = invite(adam, "viewer")
    reset = token_of(adam.ask("POST", f"/members/{ed.id}/password-reset").json["link"])
    assert server.ask("GET", "/api/v1/members", headers=bearer).status == 200
    assert ada.ask("DELETE", f"/members/{adam.id}").status == 204
    assert adam.ask("GET", "/session").status == 401
    assert server.ask("GET", "/api/v1/members", headers=bearer).status == 401
    assert sign_in(server, adam.email).reason == "SIGN_IN_WRONG"
    assert ask(server, "POST", "/invitations/look", {"token": invitation}).reason == "LINK_INVALID"
    used = ask(server, "POST", "/password-resets", {"token": reset, "password": "something else entirely"})
    assert used.reason == "LINK_INVALID"
    assert [one["name"] for one in ada.ask("GET", "/members").json["items"]] == ["Ada", "Ed"]


def test_a_new_password_ends_other_sessions_and_a_reset_all(start: Start) -> None:
    server = start()
    ada = found(server)
    ed = join(ada, "editor", "Ed")
    second = sign_in(server, ed.email).headers["set-cookie"].partition(";")[0]
    token = ed.token("viewer")
    change = {"current": "wrong horse battery", "password": "a new one, for a change"}
    assert ed.ask("PUT", "/me/password", change).reason == "PASSWORD_WRONG"
    assert ed.ask("PUT", "/me/password", change | {"current": PASSWORD}).status == 204
    assert ed.ask("GET", "/session").status == 200
    assert ed.ask("GET", "/session", headers={"Cookie": second}).status == 401
    assert sign_in(server, ed.email).status == 401
    assert sign_in(server, ed.email, change["password"]).status == 200

    first = token_of(ada.ask("POST", f"/members/{ed.id}/password-reset").json["link"])
    link = token_of(ada.ask("POST", f"/members/{ed.id}/password-reset").json["link"])
    new = {"token": first, "password": "the third one, by a link"}
    assert ask(server, "POST", "/password-resets", new).reason == "LINK_INVALID"
    done = ask(server, "POST", "/password-resets", new | {"token": link})
    assert done.json["user"]["id"] == ed.id
    assert ed.ask("GET", "/session").status == 401
    bearer = {"Authorization": f"Bearer {token}", "Cookie": "", "Origin": ""}
    assert server.ask("GET", "/api/v1/session", headers=bearer).status == 401
    assert sign_in(server, ed.email, new["password"]).status == 200


def test_a_canvas_grants_more_and_never_less(start: Start) -> None:
    server = start()
    ada = found(server)
    vic, ed = join(ada, "viewer", "Vic"), join(ada, "editor", "Ed")
    path = f"/canvases/alpha/roles/{vic.id}"
    assert vic.ask("PATCH", "/canvases/alpha", {"name": "Mine"}).status == 403
    assert ed.ask("PUT", path, {"role": "editor"}).reason == "ROLE_TOO_SMALL"
    granted = ada.ask("PUT", path, {"role": "editor"}).json
    assert (granted["organization"], granted["granted"], granted["role"]) == ("viewer", "editor", "editor")
    assert vic.ask("PATCH", "/canvases/alpha", {"name": "Mine"}).status == 200
    assert vic.ask("PATCH", "/canvases/beta", {"name": "Mine"}).status == 403
    roles = {one["id"]: one["role"] for one in vic.ask("GET", "/canvases").json["items"]}
    assert roles == {"alpha": "editor", "beta": "viewer"}
    # Less than what the organization gives changes nothing.
    lesser = ada.ask("PUT", f"/canvases/alpha/roles/{ed.id}", {"role": "viewer"}).json
    assert lesser["role"] == "editor"
    assert ed.ask("PATCH", "/canvases/alpha", {"name": "Ours"}).status == 200
    # An admin of one canvas grants roles there, up to their own, and nowhere else.
    assert ada.ask("PUT", path, {"role": "admin"}).status == 200
    assert vic.ask("PUT", f"/canvases/alpha/roles/{ed.id}", {"role": "owner"}).reason == "ROLE_TOO_GREAT"
    assert vic.ask("PUT", f"/canvases/alpha/roles/{ed.id}", {"role": "admin"}).status == 200
    assert vic.ask("PUT", f"/canvases/beta/roles/{ed.id}", {"role": "admin"}).status == 403
    assert vic.ask("GET", "/audit").status == 403
    token = vic.token("editor")
    bearer = {"Authorization": f"Bearer {token}", "Cookie": "", "Origin": ""}
    renamed = server.ask("PATCH", "/api/v1/canvases/alpha", {"name": "By a program"}, headers=bearer)
    assert renamed.status == 200
    assert server.ask("PATCH", "/api/v1/canvases/beta", {"name": "x"}, headers=bearer).status == 403
    assert ada.ask("DELETE", path).status == 204
    assert vic.ask("PATCH", "/canvases/alpha", {"name": "Again"}).status == 403


def test_who_makes_a_canvas_owns_it_and_a_new_one_of_its_name_is_not_theirs(start: Start) -> None:
    server = start()
    ada = found(server)
    ed, eve = join(ada, "editor", "Ed"), join(ada, "editor", "Eve")
    made = ed.ask("POST", "/canvases", {"name": "Gamma"}).json
    assert made["role"] == "owner"
    assert eve.ask("DELETE", "/canvases/gamma").status == 403
    trash = ed.ask("DELETE", "/canvases/gamma").json["trash"]
    assert eve.ask("POST", "/canvases", {"name": "Gamma"}).json["role"] == "owner"
    assert ed.ask("DELETE", "/canvases/gamma").status == 403
    # Who owned it brings it back, or who owns all; nobody else learns that it is there.
    assert eve.ask("POST", f"/trash/{trash}/restore").reason == "TRASH_UNKNOWN"
    limited = {"Authorization": f"Bearer {ed.token('editor')}", "Cookie": "", "Origin": ""}
    refused = server.ask("POST", f"/api/v1/trash/{trash}/restore", headers=limited)
    assert refused.reason == "TRASH_UNKNOWN"
    own = ed.ask("POST", f"/trash/{trash}/restore").json
    assert own["role"] == "owner"
    trash = ed.ask("DELETE", f"/canvases/{own['id']}").json["trash"]
    back = ada.ask("POST", f"/trash/{trash}/restore").json["id"]
    roles = {one["id"]: one["role"] for one in ed.ask("GET", "/canvases").json["items"]}
    assert roles[back] == "owner" and roles["gamma"] == "editor"


def test_the_log_says_who_did_what_and_cannot_be_changed(start: Start, tmp_path: Path) -> None:
    server = start()
    ada = found(server)
    ed = join(ada, "editor", "Ed")
    bearer = {"Authorization": f"Bearer {ed.token('editor')}", "Cookie": "", "Origin": ""}
    assert server.ask("PATCH", "/api/v1/canvases/beta", {"name": "B"}, headers=bearer).status == 200
    assert ed.ask("POST", "/canvases/alpha/files/folders", {"path": "data"}).status in (200, 201)
    sign_in(server, ed.email, "wrong horse battery")
    ada.ask("PATCH", f"/members/{ed.id}", {"role": "runner"})
    ada.ask("DELETE", f"/members/{ed.id}")

    entries = ada.ask("GET", "/audit").json["items"]
    actions = [one["action"] for one in entries]
    assert actions == [
        "member.remove",
        "member.role",
        "session.refused",
        "file.folder",
        "canvas.rename",
        "token.create",
        "invitation.accept",
        "invitation.create",
        "team.setup",
    ]
    renamed = entries[actions.index("canvas.rename")]
    assert (
        renamed["person"] == {"id": ed.id, "name": "Ed"} and renamed["token"] and renamed["canvas"] == "beta"
    )
    assert entries[1]["detail"] == {"name": "Ed", "before": "editor", "role": "runner"}
    assert entries[2]["person"] is None and entries[2]["address"] == "127.0.0.1"

    def those(query: str) -> list[str]:
        return [one["action"] for one in ada.ask("GET", f"/audit?{query}").json["items"]]

    assert those(f"person={ed.id}") == ["file.folder", "canvas.rename", "token.create", "invitation.accept"]
    assert those("canvas=alpha") == ["file.folder"]
    assert those("action=member.") == ["member.remove", "member.role"]
    assert those(f"action=canvas.rename&person={ed.id}&canvas=beta") == ["canvas.rename"]
    paged: list[str] = []
    cursor = ""
    while True:
        page = ada.ask("GET", f"/audit?limit=2{cursor}").json
        paged += [one["action"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert paged == actions
    server.stop()
    with sqlite3.connect(tmp_path / ".easel/server.db") as database:
        for statement in ("UPDATE audit SET person = 'x'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                database.execute(statement)
    database.close()


def test_members_come_by_pages_by_name(start: Start) -> None:
    server = start()
    ada = found(server)
    for name in ("Zoe", "Bob", "Mia"):
        join(ada, "viewer", name)
    names: list[str] = []
    cursor = ""
    while True:
        page = ada.ask("GET", f"/members?limit=1{cursor}").json
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert names == ["Ada", "Bob", "Mia", "Zoe"]
    assert ada.ask("PATCH", "/me", {"name": "Countess"}).json["user"]["name"] == "Countess"
    assert ada.ask("PATCH", "/organization", {"name": "Data"}).json["name"] == "Data"
    assert ada.ask("GET", "/session").json["organization"] == "Data"


@pytest.mark.parametrize("point", ["team.before_coming", "team.coming", "team.after_coming"])
def test_a_kill_while_an_invitation_is_accepted_leaves_a_member_or_the_invitation(
    start: Start, point: str
) -> None:
    first = start()
    token = invite(found(first), "editor")
    first.stop()
    dying = start(EASEL_FAULT=point)
    form = {"token": token, "name": "Bob", "email": "bob@example.org", "password": PASSWORD}
    with pytest.raises(ConnectionError):
        ask(dying, "POST", "/invitations/accept", form)
    assert dying.process.wait(30) == -signal.SIGKILL
    after = start()
    come = sign_in(after, "bob@example.org")
    open_still = ask(after, "POST", "/invitations/look", {"token": token})
    if point == "team.after_coming":
        assert come.status == 200 and open_still.reason == "LINK_INVALID"
    else:
        assert come.status == 401 and open_still.status == 200
        assert ask(after, "POST", "/invitations/accept", form).status == 200
    ada = sign_in(after, "ada@example.org").headers["set-cookie"].partition(";")[0]
    members = after.ask("GET", "/api/v1/members", headers={"Cookie": ada}).json["items"]
    assert [one["name"] for one in members] == ["Ada", "Bob"]
    accepted = after.ask("GET", "/api/v1/audit?action=invitation.accept", headers={"Cookie": ada}).json[
        "items"
    ]
    assert len(accepted) == 1


def test_without_isolation_a_team_is_not_served_unless_that_is_accepted_by_name(tmp_path: Path) -> None:
    make_canvas(tmp_path, "alpha")
    # Root of a user namespace of its own may not map owners of this file system.
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        BINARY,
        "serve",
        str(tmp_path),
        "--team",
        "--port",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if "unshare" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    assert done.returncode != 0
    assert "isolation `strict`" in done.stderr and "--accept-members-can-read-each-other" in done.stderr


def test_a_workspace_of_a_team_is_not_one_persons(start: Start) -> None:
    server = start()
    found(server)
    server.stop()
    command = [BINARY, "serve", str(start.workspace), "--port", "0", "--no-open"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "--team" in done.stderr


def test_one_persons_server_says_that_it_has_no_team(shared: Server) -> None:
    assert shared.ask("GET", "/api/v1/team").json == {"team": False, "organization": None, "setup": False}
    for method, path in (("GET", "/members"), ("GET", "/audit"), ("POST", "/invitations")):
        answer = shared.ask(method, f"/api/v1{path}", {"role": "viewer"} if method == "POST" else None)
        assert (answer.status, answer.reason) == (400, "NOT_A_TEAM")


def test_every_role_is_known_by_its_name(start: Start) -> None:
    server = start()
    ada = found(server)
    for role in ROLES:
        assert join(ada, role).ask("GET", "/session").json["user"]["role"] == role


def test_who_imports_a_canvas_owns_it_and_nobody_else_goes_on_with_it(start: Start) -> None:
    server = start()
    ada = found(server)
    ed, eve, vic = join(ada, "editor", "Ed"), join(ada, "editor", "Eve"), join(ada, "viewer", "Vic")
    out = ed.ask("GET", "/canvases/alpha/export")
    assert out.status == 200
    announced = {"file": "gamma.zip", "bytes": len(out.body)}
    assert vic.ask("POST", "/imports", announced).reason == "ROLE_TOO_SMALL"
    begun = ed.ask("POST", "/imports", announced).json["import"]
    path = f"/imports/{begun}"
    assert ed.ask("PUT", f"{path}?offset=0", raw=out.body[:100]).json["offset"] == 100
    # Of somebody else it says no more than of one that never was.
    for who in (eve, ada):
        for method, more in (("GET", ""), ("PUT", "?offset=100"), ("DELETE", "")):
            answer = who.ask(method, path + more, raw=out.body[100:] if method == "PUT" else None)
            assert (answer.status, answer.reason) == (404, "UPLOAD_UNKNOWN"), (who.name, method, answer)
    done = ed.ask("PUT", f"{path}?offset=100", raw=out.body[100:]).json
    assert done["done"] and done["canvas"]["role"] == "owner"
    canvas = done["canvas"]["id"]
    assert eve.ask("DELETE", f"/canvases/{canvas}").status == 403
    entry = ada.ask("GET", "/audit?action=canvas.import").json["items"]
    assert [(one["person"]["name"], one["canvas"]) for one in entry] == [("Ed", canvas)]

    # Who was removed meanwhile goes on with nothing.
    half = ed.ask("POST", "/imports", announced).json["import"]
    ada.ask("DELETE", f"/members/{ed.id}")
    assert ed.ask("PUT", f"/imports/{half}?offset=0", raw=out.body).status == 401
    assert len(ada.ask("GET", "/audit?action=canvas.import").json["items"]) == 1

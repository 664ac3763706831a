"""Open pages of a team: what a member may do changes under them, and ends under them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_page import LivePage
from serving import Server, make_canvas
from team import Member, found, join, team_server
from test_isolation import LAYERS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    make_canvas(tmp_path, "alpha")
    make_canvas(tmp_path, "beta")
    served = team_server(tmp_path)
    yield served
    assert served.stop() == 0


def page_of(member: Member, canvas: str = "alpha") -> LivePage:
    member.server.cookie = member.cookie
    return LivePage(member.server, canvas)


def closed_with(page: LivePage) -> str:
    """The reason with which the server ends the page."""
    with pytest.raises(ConnectionError) as ended:
        while True:
            page.next()
    return str(ended.value)


def add_a_note(page: LivePage, token: str) -> dict[str, object]:
    block = {"id": token, "kind": "markdown", "name": token, "code": "", "settings": {}}
    block |= {"at": {"x": 0, "y": 0}, "size": {"width": 300, "height": 200}}
    return page.change(token, {"op": "add", "block": block})


def test_who_becomes_a_viewer_edits_no_more_and_sees_on(server: Server) -> None:
    ada = found(server)
    ed = join(ada, "editor", "Ed")
    page, others = page_of(ed), page_of(ada)
    assert "seq" in add_a_note(page, "before")
    assert ada.ask("PATCH", f"/members/{ed.id}", {"role": "viewer"}).status == 200
    page.send({"op": "change", "token": "late", "change": {"op": "delete", "ids": ["before"]}})
    assert closed_with(page).startswith("ROLE_CHANGED")
    again = page_of(ed)
    assert again.hello["role"] == "viewer"
    assert add_a_note(again, "after")["reason"] == "ROLE_TOO_LOW"
    # Who was not meant is not disturbed, and nothing of what came late was made.
    assert "seq" in add_a_note(others, "mine")
    assert [one["token"] for one in others.operations] == ["before", "mine"]


def test_who_becomes_an_editor_of_a_canvas_can_edit_there_and_pages_elsewhere_stay(server: Server) -> None:
    ada = found(server)
    vic = join(ada, "viewer", "Vic")
    here, elsewhere = page_of(vic), page_of(vic, "beta")
    assert ada.ask("PUT", f"/canvases/alpha/roles/{vic.id}", {"role": "editor"}).status == 200
    assert closed_with(here).startswith("ROLE_CHANGED")
    assert "seq" in add_a_note(page_of(vic), "mine")
    assert add_a_note(elsewhere, "no")["reason"] == "ROLE_TOO_LOW"


def test_who_is_removed_or_signs_out_is_cut_off(server: Server) -> None:
    ada = found(server)
    ed, eve = join(ada, "editor", "Ed"), join(ada, "editor", "Eve")
    eds, eves = page_of(ed), page_of(eve)
    assert ada.ask("DELETE", f"/members/{ed.id}").status == 204
    assert closed_with(eds) == "signed out"
    assert eve.ask("DELETE", "/session").status == 204
    assert closed_with(eves) == "signed out"


def test_a_page_whose_session_expires_is_cut_off_at_its_next_word(tmp_path: Path) -> None:
    make_canvas(tmp_path, "alpha")
    first = team_server(tmp_path)
    ed = join(found(first), "editor", "Ed")
    first.stop()
    # So long that the page opens, so short that a test can wait for it.
    expires_ms = int(time.time() * 1000) + 10_000
    with sqlite3.connect(tmp_path / ".easel/server.db") as database:
        database.execute("UPDATE credentials SET expires_ms = ?", (expires_ms,))
    database.close()
    second = team_server(tmp_path)
    try:
        page = page_of(Member(second, ed.name, ed.email, ed.cookie))
        while time.time() * 1000 < expires_ms:
            time.sleep(0.05)
        page.send({"op": "change", "token": "late", "change": {"op": "delete", "ids": ["x"]}})
        assert closed_with(page) == "signed out"
    finally:
        second.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="isolation `strict` needs root")
def test_a_members_block_sees_its_own_canvas_only(tmp_path: Path) -> None:
    make_canvas(
        tmp_path,
        "alpha",
        {"look": f"import os\nprint('sees', os.path.exists({str(tmp_path)!r}), os.getcwd())\n"},
    )
    make_canvas(tmp_path, "beta")
    server = Server(tmp_path, ("--port", "0", "--team", "--accept-missing", LAYERS)).start()
    try:
        runner = join(found(server), "runner", "Ron")
        page = page_of(runner)
        assert runner.ask("POST", "/canvases/alpha/runs", {"mode": "all"}).status == 202
        page.until(lambda p: p.states.get(p.id("look"), {}).get("state") in ("up_to_date", "failed"))
        shown = "".join(str(event.get("text", "")) for event in page.events)
        assert "sees False /canvas" in shown, page.events
    finally:
        server.stop()

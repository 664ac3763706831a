"""The files of a canvas: looked at, downloaded, uploaded in pieces, and nothing beyond them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Serve
from serving import Server, make_canvas

FILES = "/api/v1/canvases/alpha/files"
UPLOADS = "/api/v1/canvases/alpha/uploads"


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Server:
    root = make_canvas(tmp_path, "alpha")
    (root / "files/data").mkdir(parents=True)
    (root / "files/data/numbers.csv").write_text("a,b\n1,2\n")
    (root / "files/notes.txt").write_text("héllo")
    (root / "files/blob.bin").write_bytes(bytes(range(256)) * 4096)
    return serve(tmp_path)


def files(server: Server) -> Path:
    return server.workspace / "alpha/files"


def upload(server: Server, path: str, content: bytes, piece: int, upto: int | None = None) -> str:
    begun = server.ask("POST", UPLOADS, {"path": path, "bytes": len(content)})
    assert begun.status == 201, begun
    name = begun.json["upload"]
    for at in range(0, len(content) if upto is None else upto, piece):
        sent = server.ask("PUT", f"{UPLOADS}/{name}?offset={at}", raw=content[at : at + piece])
        assert sent.json["offset"] == min(at + piece, len(content)), sent
    return str(name)


def test_folders_come_first_and_a_preview_says_what_it_is(server: Server) -> None:
    listed = server.ask("GET", FILES).json["items"]
    assert [(one["name"], one["kind"]) for one in listed] == [
        ("data", "folder"),
        ("blob.bin", "file"),
        ("notes.txt", "file"),
    ]
    assert server.ask("GET", f"{FILES}?path=data").json["items"][0]["bytes"] == 8
    preview = server.ask("GET", f"{FILES}/preview?path=data/numbers.csv").json
    assert (preview["kind"], preview["text"], preview["cut"]) == ("text", "a,b\n1,2\n", False)
    assert server.ask("GET", f"{FILES}/preview?path=blob.bin").json["kind"] == "binary"


def test_a_download_is_whole_or_the_range_that_was_asked_for(server: Server) -> None:
    content = (files(server) / "blob.bin").read_bytes()
    whole = server.ask("GET", f"{FILES}/content?path=blob.bin")
    assert (whole.status, whole.body) == (200, content)
    assert "sandbox" in whole.headers["content-security-policy"]
    for header, begin, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=1000-", 1000, None),
        ("bytes=-7", len(content) - 7, None),
    ):
        part = server.ask("GET", f"{FILES}/content?path=blob.bin", headers={"Range": header})
        assert (part.status, part.body) == (206, content[begin:end])
    beyond = server.ask("GET", f"{FILES}/content?path=blob.bin", headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status == 416
    tag = {"If-None-Match": whole.headers["etag"]}
    assert server.ask("GET", f"{FILES}/content?path=blob.bin", headers=tag).status == 304
    stale = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert server.ask("GET", f"{FILES}/content?path=blob.bin", headers=stale).status == 200


def test_a_page_among_the_files_is_no_page_of_ours(server: Server) -> None:
    (files(server) / "evil.html").write_text("<script>alert(1)</script>")
    (files(server) / "evil.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    )
    for name in ("evil.html", "evil.svg"):
        answer = server.ask("GET", f"{FILES}/content?path={name}")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (
        server.ask("GET", f"{FILES}/content?path=evil.html")
        .headers["content-disposition"]
        .startswith("attachment")
    )


def test_no_path_and_no_link_leads_out(server: Server) -> None:
    outside = server.workspace / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    os.symlink(outside, files(server) / "link")
    os.symlink("/etc/passwd", files(server) / "passwd")
    os.symlink("../../outside/secret", files(server) / "climb")
    os.mkfifo(files(server) / "pipe")
    for path in (
        "link/secret",
        "passwd",
        "climb",
        "/etc/passwd",
        "../canvas.yaml",
        "data/../../canvas.yaml",
        "a//b",
        "",
        ".",
        "pipe",
    ):
        for what in ("content", "preview"):
            answer = server.ask("GET", f"{FILES}/{what}?path={quote(path, safe='')}")
            assert answer.status in (400, 403, 404), (path, answer)
    assert server.ask("POST", UPLOADS, {"path": "link/new", "bytes": 0}).status == 403
    assert server.ask("POST", f"{FILES}/folders", {"path": "link/new"}).status == 403
    assert server.ask("PATCH", FILES, {"path": "notes.txt", "to": "link/notes.txt"}).status == 403
    assert server.ask("DELETE", f"{FILES}?path=link/secret").status == 403
    assert os.listdir(outside) == ["secret"]


def test_an_upload_that_was_cut_goes_on_after_a_kill(server: Server, serve: Serve) -> None:
    content = os.urandom(3_000_000)
    name = upload(server, "deep/down/data.bin", content, 1_000_000, upto=2_000_000)
    assert not (files(server) / "deep/down/data.bin").exists()
    server.stop(signal.SIGKILL)
    later = serve(server.workspace)
    at = later.ask("GET", f"{UPLOADS}/{name}").json["offset"]
    assert at == 2_000_000
    wrong = later.ask("PUT", f"{UPLOADS}/{name}?offset=0", raw=b"x")
    assert (wrong.status, wrong.reason) == (409, "UPLOAD_OFFSET")
    assert later.ask("PUT", f"{UPLOADS}/{name}?offset={at}", raw=content[at:]).json["done"]
    assert (files(later) / "deep/down/data.bin").read_bytes() == content
    assert later.ask("GET", f"{UPLOADS}/{name}").reason == "UPLOAD_UNKNOWN"


def test_an_upload_replaces_only_when_told_to_and_can_be_dropped(server: Server) -> None:
    assert server.ask("POST", UPLOADS, {"path": "notes.txt", "bytes": 3}).reason == "FILE_EXISTS"
    begun = server.ask("POST", UPLOADS, {"path": "notes.txt", "bytes": 3, "replace": True}).json
    assert server.ask("PUT", f"{UPLOADS}/{begun['upload']}?offset=0", raw=b"four").reason == "UPLOAD_TOO_LONG"
    assert server.ask("PUT", f"{UPLOADS}/{begun['upload']}?offset=0", raw=b"new").json["done"]
    assert (files(server) / "notes.txt").read_text() == "new"
    begun = server.ask("POST", UPLOADS, {"path": "other", "bytes": 3}).json
    assert server.ask("DELETE", f"{UPLOADS}/{begun['upload']}").status == 204
    assert server.ask("POST", UPLOADS, {"path": "empty", "bytes": 0}).json["done"]
    assert (files(server) / "empty").read_bytes() == b""


def test_what_is_deleted_comes_back_and_nothing_is_overwritten(server: Server) -> None:
    trash = server.ask("DELETE", f"{FILES}?path=data").json["trash"]
    assert not (files(server) / "data").exists()
    assert server.ask("POST", f"{FILES}/folders", {"path": "data"}).status == 201
    assert server.ask("POST", f"{FILES}/restore", {"trash": trash}).reason == "FILE_EXISTS"
    assert server.ask("PATCH", FILES, {"path": "data", "to": "newer/data"}).status == 200
    assert server.ask("POST", f"{FILES}/restore", {"trash": trash}).json["path"] == "data"
    assert (files(server) / "data/numbers.csv").read_text() == "a,b\n1,2\n"
    assert server.ask("PATCH", FILES, {"path": "notes.txt", "to": "data/numbers.csv"}).reason == "FILE_EXISTS"
    assert server.ask("POST", f"{FILES}/restore", {"trash": "../../x"}).reason == "TRASH_UNKNOWN"

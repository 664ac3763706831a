"""Canvases as files: exported, imported again, and archives that strangers made."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from serving import Answer, Server, make_canvas


def send(server: Server, file: str, content: bytes, piece: int = 8 << 20) -> Answer:
    """Import a file as a page does; the last answer."""
    answer = server.ask("POST", "/api/v1/imports", {"file": file, "bytes": len(content)})
    assert answer.status == 201, answer
    path = f"/api/v1/imports/{answer.json['import']}"
    for at in range(0, len(content), piece):
        answer = server.ask("PUT", f"{path}?offset={at}", raw=content[at : at + piece])
    return answer


def zipped(entries: dict[str, bytes | str], **info: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


CANVAS = {
    "churn/canvas.yaml": "easel: 1\nname: Churn\nblocks:\n  load: {kind: python, file: blocks/load.py, at: [0, 0]}\n",
    "churn/blocks/load.py": "x = 1\n",
}


def nothing_left(workspace: Path) -> bool:
    new = workspace / ".easel/new"
    imports = workspace / ".easel/imports"
    return not (new.is_dir() and any(new.iterdir())) and not any(imports.glob("*.part"))


def test_what_was_exported_is_imported_again_without_results(serve: Serve, tmp_path: Path) -> None:
    root = make_canvas(tmp_path, "alpha", {"one": "1", "two": "x = 2\n"})
    (root / "files/deep").mkdir(parents=True)
    (root / "files/deep/ünï.bin").write_bytes(os.urandom(3 << 20))
    (root / ".git").mkdir()
    (root / ".git/config").write_text("[core]\n")
    (root / "files/link").symlink_to("/etc/passwd")
    server = serve(tmp_path)
    server.ask("GET", "/api/v1/canvases/alpha")  # opens it: now it has an .easel
    out = server.ask("GET", "/api/v1/canvases/alpha/export")
    assert out.headers["content-type"] == "application/zip"
    assert (out.headers["content-disposition"], out.headers["easel-left-out"]) == (
        'attachment; filename="alpha.zip"',
        "1",
    )
    with zipfile.ZipFile(io.BytesIO(out.body)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    assert {"alpha/canvas.yaml", "alpha/blocks/one.py", "alpha/files/deep/ünï.bin"} <= names
    assert not [name for name in names if ".easel" in name or ".git/" in name or "link" in name]
    done = send(server, "alpha.zip", out.body, piece=1 << 20).json
    assert (done["done"], done["canvas"]["id"], done["canvas"]["name"]) == (True, "alpha-2", "Alpha")
    again = tmp_path / "alpha-2"
    assert (again / "files/deep/ünï.bin").read_bytes() == (root / "files/deep/ünï.bin").read_bytes()
    assert (again / "canvas.yaml").read_text() == (root / "canvas.yaml").read_text()
    assert not (again / ".git").exists()
    snapshot = server.ask("GET", "/api/v1/canvases/alpha-2").json
    assert [block["name"] for block in snapshot["blocks"]] == ["one", "two"]


def test_what_was_typed_a_moment_ago_is_in_the_export(serve: Serve, tmp_path: Path) -> None:
    make_canvas(tmp_path, "alpha")
    server = serve(tmp_path)
    block = server.ask("GET", "/api/v1/canvases/alpha").json["blocks"][0]["id"]
    change = {"token": "t", "change": {"op": "setCode", "id": block, "code": "x = 42\n"}}
    assert server.ask("POST", "/api/v1/canvases/alpha/operations", change).status == 200
    out = server.ask("GET", "/api/v1/canvases/alpha/export")
    with zipfile.ZipFile(io.BytesIO(out.body)) as archive:
        assert archive.read("alpha/blocks/load.py") == b"x = 42\n"


def test_an_import_goes_on_after_a_kill_and_is_known_when_it_is_done(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    content = zipped(CANVAS)
    begun = server.ask("POST", "/api/v1/imports", {"file": "churn.zip", "bytes": len(content)}).json
    path = f"/api/v1/imports/{begun['import']}"
    assert server.ask("PUT", f"{path}?offset=0", raw=content[:100]).json["offset"] == 100
    server.stop(signal.SIGKILL)
    server = serve(tmp_path)
    assert server.ask("GET", path).json["offset"] == 100
    assert server.ask("PUT", f"{path}?offset=0", raw=content).reason == "UPLOAD_OFFSET"
    done = server.ask("PUT", f"{path}?offset=100", raw=content[100:])
    assert done.json["canvas"]["id"] == "churn"
    # The answer was lost: asked again, it is the same, and there is one canvas.
    assert server.ask("PUT", f"{path}?offset=100", raw=content[100:]).json == done.json
    assert server.ask("GET", path).json == done.json
    assert [one["id"] for one in server.ask("GET", "/api/v1/canvases").json["items"]] == ["churn"]
    assert server.ask("DELETE", path).status == 204
    assert server.ask("GET", path).reason == "UPLOAD_UNKNOWN"


def link(name: str, target: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for known, content in CANVAS.items():
            archive.writestr(known, content)
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)
    return out.getvalue()


def twice(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for known, content in CANVAS.items():
            archive.writestr(known, content)
        for content in ("first", "second"):
            with pytest.warns(UserWarning) if content == "second" else _quiet():
                archive.writestr(name, content)
    return out.getvalue()


class _quiet:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def renamed(old: str, new: str) -> bytes:
    """An archive with an entry whose name zipfile would not write."""
    assert len(old.encode()) == len(new.encode())
    return zipped({**CANVAS, old: "x"}).replace(old.encode(), new.encode())


def overlapping() -> bytes:
    """Two names whose content is the same bytes, as in bombs that do not nest."""
    content = zipped({**CANVAS, "churn/files/a": os.urandom(4000), "churn/files/b": b""})
    end = content.rindex(b"PK\x05\x06")
    directory = struct.unpack("<I", content[end + 16 : end + 20])[0]
    first = content.index(b"churn/files/a", directory) - 46
    second = content.index(b"churn/files/b", directory) - 46
    out = bytearray(content)
    out[second + 10 : second + 28] = content[first + 10 : first + 28]  # method, time, check sum, sizes
    out[second + 42 : second + 46] = content[first + 42 : first + 46]  # where it is
    return bytes(out)


BOMB = zipped({**CANVAS, "churn/files/zeros": bytes(300 << 20)})

HOSTILE = {
    "absolute": (renamed("churn/aaaaaa", "/tmp/aaaaaaa"[:12]), "ZIP_UNSAFE"),
    "climbs": (zipped({**CANVAS, "churn/../../../evil": "x"}), "ZIP_UNSAFE"),
    "climbs_at_the_end": (zipped({**CANVAS, "churn/files/..": "x"}), "ZIP_UNSAFE"),
    "dot": (zipped({**CANVAS, "churn/./files": "x"}), "ZIP_UNSAFE"),
    "empty_part": (zipped({**CANVAS, "churn//files": "x"}), "ZIP_UNSAFE"),
    "backslash": (renamed("churn/x--evil", "churn/x\\\\evil"), "ZIP_UNSAFE"),
    "drive": (zipped({**CANVAS, "C:/evil": "x"}), "ZIP_UNSAFE"),
    "newline": (zipped({**CANVAS, "churn/a\nb": "x"}), "ZIP_UNSAFE"),
    "not_utf8": (renamed("churn/ab", "churn/ab").replace(b"churn/ab", b"churn/\xff\xfe"), "ZIP_UNSAFE"),
    "long": (zipped({**CANVAS, "churn/" + "a" * 300: "x"}), "ZIP_UNSAFE"),
    "link": (link("churn/files", "/etc"), "ZIP_UNSAFE"),
    "link_to_the_canvas": (link("churn/blocks/x.py", "../../../.easel/server.db"), "ZIP_UNSAFE"),
    "twice": (twice("churn/files/data"), "ZIP_UNSAFE"),
    "file_and_folder": (zipped({**CANVAS, "churn/files": "x", "churn/files/data": "y"}), "ZIP_UNSAFE"),
    "bomb": (BOMB, "ZIP_TOO_LARGE"),
    "overlap": (overlapping(), "ZIP_INVALID"),
    "cut": (zipped(CANVAS)[:-30], "ZIP_INVALID"),
    "only_a_head": (b"PK\x03\x04", "ZIP_INVALID"),
    "no_canvas": (zipped({"readme.txt": "x"}), "IMPORT_NO_CANVAS"),
    "two_canvases": (
        zipped({"a/canvas.yaml": "easel: 1\n", "b/canvas.yaml": "easel: 1\n"}),
        "IMPORT_SEVERAL",
    ),
    "broken_canvas": (zipped({"canvas.yaml": "easel: 1\nblocks: 3\n"}), "CANVAS_INVALID"),
    "climbing_block": (
        zipped({"canvas.yaml": "easel: 1\nblocks:\n  a: {kind: python, file: ../x.py, at: [0, 0]}\n"}),
        "CANVAS_INVALID",
    ),
    "text": (b"hello", "IMPORT_FORMAT"),
    "no_notebook": (b'{"cells": []}', "NOTEBOOK_INVALID"),
    "deep_notebook": (b'{"nbformat": 4, "cells": ' + b"[" * 100_000, "NOTEBOOK_INVALID"),
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = Server(tmp_path_factory.mktemp("host")).start().sign_in()
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_name_and_leaves_nothing(name: str, host: Server) -> None:
    content, reason = HOSTILE[name]
    before = {path for path in host.workspace.parent.rglob("*") if ".easel" not in path.parts}
    answer = send(host, "churn.zip", content)
    assert (answer.status, answer.reason) == (400, reason), answer.json
    assert str(host.workspace) not in answer.json["detail"]
    assert {path for path in host.workspace.parent.rglob("*") if ".easel" not in path.parts} == before
    assert nothing_left(host.workspace)
    assert host.ask("GET", "/api/v1/canvases").json["items"] == []


def test_an_archive_locked_by_a_password_is_refused(host: Server) -> None:
    content = bytearray(zipped(CANVAS))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    assert send(host, "x.zip", bytes(content)).reason == "ZIP_UNSAFE"


def test_state_and_git_in_an_archive_are_not_unpacked(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    content = zipped(
        {
            **CANVAS,
            "churn/.easel/metadata.db": "poison",
            "churn/.git/config": "[core]\n\tfsmonitor = evil\n",
            "__MACOSX/churn/x": "x",
            "readme.txt": "beside",
        }
    )
    done = send(server, "churn.zip", content).json
    assert done["canvas"]["id"] == "churn"
    assert sorted(path.name for path in (tmp_path / "churn").iterdir()) == ["blocks", "canvas.yaml", "files"]
    assert [notice.partition(":")[0] for notice in done["notices"]] == [
        "1 file beside the canvas's folder in the archive",
        "the Git repository in the archive is left out",
    ]


def test_a_notebook_becomes_a_canvas_of_its_name(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Load\n", "the data"]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": 1,
            "source": ["%matplotlib inline\n", "x = 1"],
        },
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": 2,
            "source": "print(x + 1)",
        },
    ]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": cells,
    }
    done = send(server, "My analysis.ipynb", json.dumps(notebook).encode()).json
    assert (done["canvas"]["id"], done["canvas"]["name"]) == ("my-analysis", "My analysis")
    assert len(done["notices"]) == 1 and "%matplotlib inline" in done["notices"][0]
    snapshot = server.ask("GET", "/api/v1/canvases/my-analysis").json
    assert [(block["kind"], block["name"], block["code"]) for block in snapshot["blocks"]] == [
        ("markdown", "about_load", "# Load\nthe data\n"),
        ("python", "load", "# %matplotlib inline\nx = 1\n"),
        ("python", "cell_3", "print(x + 1)\n"),
    ]
    ids = {block["name"]: block["id"] for block in snapshot["blocks"]}
    assert snapshot["edges"] == [{"parent": ids["load"], "child": ids["cell_3"]}]


def test_an_import_is_its_owners_and_needs_to_be_announced(host: Server) -> None:
    assert host.ask("GET", "/api/v1/imports/" + "a" * 20).reason == "UPLOAD_UNKNOWN"
    for body in ({"file": "", "bytes": 1}, {"file": "a\nb", "bytes": 1}, {"file": "a.zip", "bytes": 0}):
        assert host.ask("POST", "/api/v1/imports", body).reason == "BAD_PARAMETER"
    begun = host.ask("POST", "/api/v1/imports", {"file": "a.zip", "bytes": 3}).json
    assert (
        host.ask("PUT", f"/api/v1/imports/{begun['import']}?offset=0", raw=b"abcd").reason
        == "UPLOAD_TOO_LONG"
    )
    assert host.ask("DELETE", f"/api/v1/imports/{begun['import']}").status == 204


def test_a_workspace_of_one_canvas_takes_no_import(serve: Serve, tmp_path: Path) -> None:
    server = serve(make_canvas(tmp_path, "alpha"))
    assert server.ask("POST", "/api/v1/imports", {"file": "a.zip", "bytes": 3}).reason == "ONE_CANVAS"

"""`kill -9` of a server at each write of an operation: nothing that was told is lost, nothing is doubled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from live_page import PATIENCE_S, LivePage
from serving import Server, make_canvas

POINTS = [
    "before_commit",
    "after_commit",
    "before_file",
    "after_file",
    "before_canvas",
    "after_canvas",
    "before_remove",
    "after_saved",
]


def changes(load: str, show: str) -> list[dict[str, Any]]:
    new = {"id": "n1", "kind": "python", "name": "new", "code": "z = 1\n", "settings": {}}
    new |= {"at": {"x": 1, "y": 2}, "size": {"width": 360, "height": 190}}
    return [
        {"op": "rename", "id": load, "name": "read"},
        {"op": "setCode", "id": show, "code": "y = 1\n"},
        {"op": "add", "block": new},
        {"op": "connect", "edge": {"parent": load, "child": "n1"}},
        {"op": "delete", "ids": [show]},
    ]


def folder_says(root: Path, snapshot: dict[str, Any]) -> bool:
    yaml = (root / "canvas.yaml").read_text()
    files = {root / block["file"]: block["code"] for block in snapshot["blocks"]}
    return all(f"{block['name']}:" in yaml for block in snapshot["blocks"]) and all(
        path.exists() and path.read_text() == code for path, code in files.items()
    )


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("point", POINTS)
def test_what_was_told_is_there_again(tmp_path: Path, point: str, at: int) -> None:
    root = make_canvas(tmp_path, "one", {"load": "x = 1\n", "show": "print(x + 1)\n"})
    server = Server(tmp_path, environ={"EASEL_FAULT": f"hub.{point}:{at}"}).start().sign_in()
    told = 0
    try:
        page = LivePage(server, "one")
        for i, change in enumerate(changes(page.id("load"), page.id("show"))):
            page.change(f"t{i}", change)
            told += 1
            time.sleep(0.25)  # so that each has its own writes
    except OSError:
        pass
    server.stop()
    again = Server(tmp_path).start().sign_in()
    try:
        page = LivePage(again, "one")
        tokens = [o["token"] for o in again.ask("GET", "/api/v1/canvases/one/operations").json["items"]]
        assert tokens == [f"t{i}" for i in range(len(tokens))]
        assert len(tokens) >= told
        deadline = time.monotonic() + PATIENCE_S
        while not folder_says(root, page.hello["snapshot"]):
            assert time.monotonic() < deadline, (root / "canvas.yaml").read_text()
            time.sleep(0.02)
        assert again.ask("GET", "/api/v1/canvases/one").json["seq"] == len(tokens)
        page.close()
    finally:
        again.stop()

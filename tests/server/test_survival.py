"""What must survive: two servers on one workspace, folders that change underneath, pages that misbehave."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import Serve
from live_page import PATIENCE_S, LivePage
from serving import BINARY, Answer, make_canvas


def ended(page: LivePage) -> str:
    """Why the server ended a page's connection."""
    with pytest.raises(ConnectionError) as error:
        while True:
            page.next()
    return str(error.value)


def test_a_second_server_on_a_workspace_leads_to_the_first(serve: Serve, tmp_path: Path) -> None:
    make_canvas(tmp_path, "alpha")
    first = serve(tmp_path)
    page = LivePage(first, "alpha")
    second = subprocess.run(
        [BINARY, "serve", str(tmp_path), "--no-open", "--json", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert second.returncode == 0, second.stderr
    ready = json.loads(second.stdout)
    assert (ready["url"], ready["pid"]) == (first.url, first.process.pid)
    first.sign_in(ready["token"])
    page.change("t1", {"op": "rename", "id": page.id("load"), "name": "read"})
    page.until(lambda page: page.operations)


def test_a_canvas_that_two_workspaces_have_is_open_in_one_of_them(serve: Serve, tmp_path: Path) -> None:
    root = make_canvas(tmp_path, "alpha")
    outer, inner = serve(tmp_path), serve(root)
    assert outer.ask("GET", "/api/v1/canvases/alpha").status == 200
    refused = inner.ask("GET", "/api/v1/canvases/alpha")
    assert refused.reason == "CANVAS_OPEN_ELSEWHERE"
    assert outer.stop() == 0
    assert inner.ask("GET", "/api/v1/canvases/alpha").status == 200


def test_a_folder_that_is_moved_ends_its_pages_and_keeps_what_was_typed(serve: Serve, tmp_path: Path) -> None:
    root = make_canvas(tmp_path, "alpha")
    server = serve(tmp_path)
    page = LivePage(server, "alpha")
    text = {"op": "text", "block": page.id("load"), "version": 0}
    page.send({**text, "updates": [{"client": "1", "changes": [6, [0, "y = 2", ""]]}]})
    page.until(lambda page: page.texts)
    root.rename(tmp_path / "moved")
    assert ended(page).startswith("FOLDER_GONE")
    assert not root.exists()
    back = LivePage(server, "moved")
    assert [block["code"] for block in back.hello["snapshot"]["blocks"]] == ["x = 1\ny = 2\n"]


def test_a_folder_that_is_deleted_while_it_runs_ends_nothing_else(serve: Serve, tmp_path: Path) -> None:
    root = make_canvas(tmp_path, "alpha", {"slow": "import time\nprint('begun')\ntime.sleep(15)\n"})
    make_canvas(tmp_path, "beta")
    server = serve(tmp_path)
    page, other = LivePage(server, "alpha"), LivePage(server, "beta")
    assert server.ask("POST", "/api/v1/canvases/alpha/runs", {"mode": "all"}).status == 202
    page.until(lambda page: any(e["event"] == "block.output" for e in page.events))
    gone = tmp_path / "gone"
    root.rename(gone)  # as one step: what `rm -r` meets while files are still made in it is another matter
    shutil.rmtree(gone, ignore_errors=True)
    assert ended(page).startswith("FOLDER_GONE")
    other.change("t1", {"op": "rename", "id": other.id("load"), "name": "read"})
    other.until(lambda page: page.operations)
    assert server.ask("GET", "/readyz").status == 200
    make_canvas(tmp_path, "alpha", {"quick": "x = 1\n"})
    again = LivePage(server, "alpha")
    assert [block["name"] for block in again.hello["snapshot"]["blocks"]] == ["quick"]


def test_a_page_that_never_reads_disturbs_nobody(serve: Serve, tmp_path: Path) -> None:
    noisy = "for i in range(50_000):\n    print(i, 'x' * 80)\n"
    make_canvas(tmp_path, "alpha", {"noisy": noisy})
    server = serve(tmp_path)
    deaf = LivePage(server, "alpha")
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page = LivePage(server, "alpha")
    assert server.ask("POST", "/api/v1/canvases/alpha/runs", {"mode": "all"}).status == 202
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    shown = "".join(e["text"] for e in page.events if e["event"] == "block.output")
    assert shown.endswith("49999 " + "x" * 80 + "\n")
    page.change("t1", {"op": "rename", "id": page.id("noisy"), "name": "calm"})
    page.until(lambda page: page.operations)
    # It reads at last: what it missed is merged, and the end of the text is the end.
    deaf.until(lambda page: page.operations)
    heard = "".join(e["text"] for e in deaf.events if e["event"] == "block.output")
    assert heard.endswith("49999 " + "x" * 80 + "\n") and len(heard) < len(shown) + 1


@pytest.mark.parametrize(
    "message",
    [b"{", b"[]", b"null", b"\xff\xfe", b'{"op": "nonsense"}', b'{"op":' * 50_000, b"[" * 100_000],
    ids=range(7),
)
def test_a_message_that_is_none_ends_its_page_alone(serve: Serve, tmp_path: Path, message: bytes) -> None:
    make_canvas(tmp_path, "alpha")
    server = serve(tmp_path)
    page, other = LivePage(server, "alpha"), LivePage(server, "alpha")
    page.send_bytes(message)
    assert "MESSAGE_INVALID" in ended(page) or message == b"\xff\xfe"
    other.change("t1", {"op": "rename", "id": other.id("load"), "name": "read"})
    other.until(lambda page: page.operations)


def test_a_message_of_a_gigabyte_is_not_taken(serve: Serve, tmp_path: Path) -> None:
    make_canvas(tmp_path, "alpha")
    server = serve(tmp_path)
    page = LivePage(server, "alpha")
    page.socket.sendall(b"\x81\xff" + (1 << 30).to_bytes(8, "big") + b"mask")
    with pytest.raises(ConnectionError):
        for _ in range(1 << 14):
            page.socket.sendall(bytes(1 << 16))
            page.socket.setblocking(True)
    assert server.ask("GET", "/readyz").status == 200


def test_a_canvas_that_opens_slowly_holds_up_nobody_else(serve: Serve, tmp_path: Path) -> None:
    """Somebody has its journal locked, so that opening it waits."""
    slow = make_canvas(tmp_path, "slow")
    make_canvas(tmp_path, "quick")
    (slow / ".easel").mkdir()
    holder = sqlite3.connect(slow / ".easel/edits.db", isolation_level=None)
    holder.execute("CREATE TABLE t(x)")
    holder.execute("DROP TABLE t")
    holder.execute("BEGIN EXCLUSIVE")
    server = serve(tmp_path)
    answers: list[Answer] = []

    def ask() -> None:
        answers.append(server.ask("GET", "/api/v1/canvases/slow"))

    # More than there are threads for requests that wait.
    waiting = [threading.Thread(target=ask) for _ in range(20)]
    for one in waiting:
        one.start()
    metric = "easel_requests_waiting"
    began = time.monotonic()
    for _ in range(5):
        assert server.ask("GET", "/api/v1/canvases/quick").status == 200
    assert not answers, "the slow canvas was open before anybody let go of it"
    assert time.monotonic() - began < 8
    assert metric in server.ask("GET", "/metrics", check=False).body.decode()
    holder.execute("COMMIT")
    holder.close()
    for one in waiting:
        one.join(PATIENCE_S)
    assert len(answers) == 20 and len({answer.status for answer in answers}) == 1


def test_a_table_whose_file_is_cut_short_under_it_is_named_and_ends_nothing(
    serve: Serve, tmp_path: Path
) -> None:
    code = "import numpy as np, pandas as pd\ndf = pd.DataFrame({'n': np.arange(4_000_000)})\n"
    root = make_canvas(tmp_path, "alpha", {"load": code})
    server = serve(tmp_path)
    page = LivePage(server, "alpha")
    assert server.ask("POST", "/api/v1/canvases/alpha/runs", {"mode": "all"}).status == 202
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    path = f"/api/v1/canvases/alpha/blocks/{page.id('load')}/tables/df/rows"

    def rows(offset: int, **more: object) -> Answer:
        query = {"offset": offset, "limit": 5, "columns": [0], **more}
        while (answer := server.ask("POST", path, query)).status == 202:
            pass
        return answer

    assert rows(0).json["result"]["columns"] == [[0, 1, 2, 3, 4]]
    stored = max((root / ".easel/objects").rglob("*"), key=lambda file: file.stat().st_size)
    assert stored.stat().st_size > 4_000_000
    stored.chmod(0o644)
    os.truncate(stored, 1 << 20)
    cut = rows(0, sort=[{"column": 0, "descending": True}])
    assert cut.reason in ("TABLE_CUT", "OBJECT_DAMAGED"), cut
    assert rows(0).reason == "OBJECT_DAMAGED"  # opened anew, and looked at
    assert server.ask("GET", "/readyz").status == 200

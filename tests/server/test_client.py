"""The Python client that is made from the contract, on the real server."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import REPOSITORY, Server, make_canvas

sys.path.insert(0, str(REPOSITORY / "clients/python"))

from easel_client import Client, Problem


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    workspace = tmp_path_factory.mktemp("client")
    frame = "import pandas as pd\ndf = pd.DataFrame({'n': range(100_000), 'word': 'abc'})\n"
    make_canvas(workspace, "alpha", {"load": frame, "broken": "1 / 0\n"})
    running = Server(workspace).start().sign_in()
    yield running
    assert running.stop() == 0


def test_the_client_is_the_one_of_this_contract() -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "scripts/make_client"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_program_runs_a_canvas_and_reads_a_table(server: Server) -> None:
    easel = Client(server.url, server.token("runner"))
    assert [canvas["id"] for canvas in easel.every(easel.list_canvases)] == ["alpha"]
    load = easel.block("alpha", "load")["id"]
    run = easel.run("alpha", {"mode": "only", "blocks": [load]}, timeout_s=200)
    assert (run["status"], run["counts"]["ran"]) == ("succeeded", 1)
    state = easel.get_state("alpha", load)
    assert [(one["name"], one["table"]) for one in state["variables"] if one["name"] == "df"] == [
        ("df", True)
    ]
    query = {"where": [{"column": 0, "is": ">=", "values": ["99999"]}], "columns": [0, 1]}
    page = easel.table("alpha", load, "df", query)
    assert (page["count"], page["result"]["columns"]) == (1, [[99999], ["abc"]])
    # All of it, which is more than a page: lines and bytes are those that pandas would write.
    csv = easel.export_table("alpha", load, "df")
    assert csv == b"n,word\r\n" + b"".join(b"%d,abc\r\n" % n for n in range(100_000))


def test_a_run_that_fails_says_so(server: Server) -> None:
    easel = Client(server.url, server.token("runner"))
    broken = easel.block("alpha", "broken")["id"]
    run = easel.run("alpha", {"mode": "only", "blocks": [broken]}, timeout_s=200)
    assert (run["status"], run["counts"]["failed"]) == ("failed", 1)
    shown = easel.get_outputs("alpha", broken)
    assert "ZeroDivisionError" in str(shown["events"])


def test_a_refusal_is_a_problem_with_its_reason(server: Server) -> None:
    viewer = Client(server.url, server.token("viewer"))
    with pytest.raises(Problem) as refused:
        viewer.start_run("alpha", {"mode": "all"})
    assert (refused.value.status, refused.value.reason) == (403, "ROLE_TOO_SMALL")
    with pytest.raises(Problem) as unknown:
        viewer.get_canvas("beta")
    assert (unknown.value.status, unknown.value.reason) == (404, "CANVAS_UNKNOWN")
    with pytest.raises(Problem) as climbing:
        viewer.get_canvas("beta/../alpha")
    assert climbing.value.reason == "BAD_TARGET"
    with pytest.raises(Problem) as nobody:
        Client(server.url, "wrong").list_canvases()
    assert nobody.value.reason == "NOT_SIGNED_IN"


def test_a_canvas_goes_out_and_comes_in(server: Server, tmp_path: Path) -> None:
    easel = Client(server.url, server.token("owner"))
    path = tmp_path / "copy.zip"
    path.write_bytes(easel.export_canvas("alpha"))
    assert "alpha/canvas.yaml" in zipfile.ZipFile(path).namelist()
    made = easel.import_canvas(path)
    assert (made["done"], made["canvas"]["id"]) == (True, "alpha-2")
    trash = easel.delete_canvas("alpha-2")["trash"]
    easel.forget_canvas(trash)
    assert list(easel.every(lambda cursor: easel.list_trash())) == []


def test_the_same_key_makes_one_canvas(server: Server) -> None:
    easel = Client(server.url, server.token("owner"))
    first = easel.create_canvas({"name": "Once"}, idempotency_key="k")
    assert easel.create_canvas({"name": "Once"}, idempotency_key="k") == first
    easel.forget_canvas(easel.delete_canvas(first["id"])["trash"])

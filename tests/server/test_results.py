"""What the read-only routes say of a canvas that has run: by the command line, beside the server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from serving import BINARY, Server, make_canvas

NOISY = """
import sys
for i in range(3000):
    print("line", i)
print("oh no", file=sys.stderr)
x = 41 + 1
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`noisy` prints much, `fails` fails, `never` did not run."""
    workspace = tmp_path_factory.mktemp("ran")
    root = make_canvas(workspace, "alpha", {"noisy": NOISY, "fails": "1 / 0", "never": "1"})
    folder = tempfile.mkdtemp(prefix="easel-")
    environ = {**os.environ, "EASEL_RUNTIME_DIR": folder, "NO_COLOR": "1"}
    for block in ("noisy", "fails"):
        subprocess.run(
            [BINARY, "run", str(root), "--only", block], env=environ, capture_output=True, timeout=240
        )
    server = Server(workspace, (), {"EASEL_RUNTIME_DIR": folder}).start().sign_in()
    yield server
    assert server.stop() == 0
    subprocess.run([BINARY, "executor", "stop", "--force"], env=environ, capture_output=True, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def block(name: str, what: str) -> str:
    return f"/api/v1/canvases/alpha/blocks/{name}/{what}"


def test_a_canvas_that_nobody_has_open_says_how_its_blocks_stand(ran: Server) -> None:
    blocks = ran.ask("GET", "/api/v1/canvases/alpha").json["blocks"]
    states = {block["name"]: (block["state"], "attempt" in block) for block in blocks}
    assert states == {
        "noisy": ("up_to_date", True),
        "fails": ("failed", True),
        "never": ("never_run", False),
    }


def test_a_state_has_the_variables_and_no_state_has_none(ran: Server) -> None:
    state = ran.ask("GET", block("noisy", "state")).json
    by_name = {one["name"]: one for one in state["variables"]}
    assert by_name["x"]["preview"] == "42" and not by_name["x"]["table"]
    assert ran.ask("GET", block("never", "state")).json["attempt"] is None
    assert ran.ask("GET", block("nosy", "state")).reason == "BLOCK_UNKNOWN"


def test_a_log_is_read_by_pages_from_both_ends_and_searched(ran: Server) -> None:
    first = ran.ask("GET", block("noisy", "log?limit=2")).json
    assert [line["text"] for line in first["lines"]] == ["line 0", "line 1"]
    assert first["total"] >= 3001
    last = ran.ask("GET", block("noisy", "log?from=-5&limit=5")).json["lines"]
    assert "line 2999" in [line["text"] for line in last]
    middle = ran.ask("GET", block("noisy", "log?from=2500&limit=1000")).json
    numbers = [line["n"] for line in middle["lines"]]
    assert numbers == list(range(2500, middle["total"]))
    found = ran.ask("GET", block("noisy", "log?search=OH%20NO")).json
    assert [(line["stream"], line["text"]) for line in found["lines"]] == [("stderr", "oh no")]
    assert found["total"] == 1
    failed = ran.ask("GET", block("fails", "log")).json["lines"]
    assert any(line["stream"] == "error" and "ZeroDivisionError" in line["text"] for line in failed)


def test_outputs_are_the_events_of_the_newest_attempt(ran: Server) -> None:
    shown = ran.ask("GET", block("fails", "outputs")).json
    assert shown["status"] == "failed"
    assert [event["event"] for event in shown["events"]] == ["block.error"]
    text = "".join(e.get("text", "") for e in ran.ask("GET", block("noisy", "outputs")).json["events"])
    assert "line 2999\n" in text


def test_attempts_and_runs_are_newest_first_and_paged(ran: Server) -> None:
    (attempt,) = ran.ask("GET", block("noisy", "attempts")).json["items"]
    assert attempt["status"] == "succeeded" and attempt["phases_ms"]["run"] >= 0
    (failed,) = ran.ask("GET", block("fails", "attempts")).json["items"]
    assert failed["failure"]["kind"] == "exception"
    first = ran.ask("GET", "/api/v1/canvases/alpha/runs?limit=1").json
    second = ran.ask("GET", f"/api/v1/canvases/alpha/runs?limit=1&cursor={first['next']}").json
    assert [first["items"][0]["status"], second["items"][0]["status"]] == ["failed", "succeeded"]
    assert second["next"] is None
    old = ran.ask("GET", block("noisy", f"log?attempt={attempt['attempt'].replace('/', '%2F')}"), check=False)
    assert old.status == 200


def test_the_list_shows_how_the_last_run_ended(ran: Server) -> None:
    (canvas,) = ran.ask("GET", "/api/v1/canvases").json["items"]
    assert canvas["last_run"]["status"] == "failed"
    assert [box["state"] for box in canvas["thumbnail"]] == ["up_to_date", "failed", "never_run"]

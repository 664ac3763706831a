"""An open canvas by WebSocket, with the real binary: edits, text, runs, outside edits, ends."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_page import PATIENCE_S, LivePage
from serving import Server, make_canvas


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    root = make_canvas(tmp_path, "one", {"load": "x = 1\n", "show": "print(x + 1)\n"})
    (root / "canvas.yaml").write_text((root / "canvas.yaml").read_text() + "edges:\n  - load -> show\n")
    server = Server(tmp_path).start().sign_in()
    yield server, root
    server.stop()


def wait_for_text(path: Path, text: str) -> float:
    began = time.monotonic()
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() - began < PATIENCE_S, path.read_text() if path.exists() else "not there"
        time.sleep(0.005)
    return time.monotonic() - began


def test_what_one_page_makes_another_sees_and_the_folder_has(served: tuple[Server, Path]) -> None:
    server, root = served
    one, other = LivePage(server, "one"), LivePage(server, "one")
    load = one.id("load")
    made = one.change("t1", {"op": "move", "moves": [{"id": load, "at": {"x": 7, "y": 8}}]})
    assert made["seq"] == 1
    assert one.change("t1", {"op": "batch", "changes": []})["seq"] == 1  # the token was seen
    other.until(lambda page: page.operations)
    assert other.operations == [made]
    refused = one.change("t2", {"op": "connect", "edge": {"parent": one.id("show"), "child": load}})
    assert (refused["reason"], refused["path"]) == ("BLOCK_CYCLE", [load, one.id("show")])
    wait_for_text(root / "canvas.yaml", "at: [7, 8]")
    assert len([p for p in other.people.values() if not p.get("gone")]) == 2
    one.close()
    other.until(lambda page: any(p.get("gone") for p in page.people.values()))


def test_of_a_crowd_some_are_shown_and_the_rest_is_counted(served: tuple[Server, Path]) -> None:
    server, _ = served
    crowd = [LivePage(server, "one") for _ in range(66)]
    last = crowd[-1]

    def here(page: LivePage) -> int:
        return len([p for p in page.people.values() if not p.get("gone")])

    for page in (crowd[0], last):
        page.until(lambda page: here(page) == 64 and page.others == 2)
    crowd[1].close()
    last.until(lambda page: here(page) == 64 and page.others == 1)
    assert len(last.people) == 65


def test_two_people_type_in_one_block(served: tuple[Server, Path]) -> None:
    server, root = served
    one, other = LivePage(server, "one"), LivePage(server, "one")
    load = one.id("load")
    one.send(
        {
            "op": "text",
            "block": load,
            "version": 0,
            "updates": [{"client": "1", "changes": [[0, "# one", ""], 6]}],
        }
    )
    other.until(lambda page: page.texts)
    # Made at an old version: nothing happens, and what is missing was told.
    other.send(
        {
            "op": "text",
            "block": load,
            "version": 0,
            "updates": [{"client": "2", "changes": [6, [0, "y = 2", ""]]}],
        }
    )
    other.send(
        {
            "op": "text",
            "block": load,
            "version": 1,
            "updates": [{"client": "2", "changes": [12, [0, "y = 2", ""]]}],
        }
    )
    one.until(lambda page: sum(len(t["updates"]) for t in page.texts) == 2)
    wait_for_text(root / "blocks/load.py", "# one\nx = 1\ny = 2\n")
    revisions = server.ask("GET", f"/api/v1/canvases/one/blocks/{load}/revisions").json["items"]
    assert [r["revision"] for r in revisions][-1] == 1
    first = server.ask("GET", f"/api/v1/canvases/one/blocks/{load}/revisions/1").json
    assert first["code"] == "x = 1\n"


def test_a_run_and_its_events(served: tuple[Server, Path]) -> None:
    server, _ = served
    page = LivePage(server, "one")
    plan = server.ask("POST", "/api/v1/canvases/one/plan", {"mode": "all"})
    assert [step["action"] for step in plan.json["steps"]] == ["run", "maybe"] or plan.status == 200
    run = server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"})
    assert run.status == 202, run
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    finished = page.events[-1]
    assert finished["status"] == "succeeded"
    assert sorted(finished["ran"]) == sorted([page.id("load"), page.id("show")])
    assert {
        "event": "block.output",
        "block": page.id("show"),
        "stream": "stdout",
        "text": "2\n",
        "end": 2,
    } in page.events
    page.until(
        lambda page: all(
            page.states.get(page.id(n), {}).get("state") == "up_to_date" for n in ("load", "show")
        )
    )
    page.change("t1", {"op": "setCode", "id": page.id("load"), "code": "x = 5\n"})
    page.until(lambda page: page.states[page.id("load")]["state"] == "stale")


def test_what_an_editor_saves_is_seen_within_200_ms(served: tuple[Server, Path]) -> None:
    server, root = served
    page = LivePage(server, "one")
    began = time.monotonic()
    (root / "blocks/load.py").write_text("x = 3\n")
    page.until(lambda page: page.operations)
    print(f"seen after {1000 * (time.monotonic() - began):.0f} ms")
    assert page.operations[0]["actor"] == "folder"
    assert page.operations[0]["change"] == {"op": "setCode", "id": page.id("load"), "code": "x = 3\n"}
    (root / "canvas.yaml").write_text("easel: [")
    page.until(lambda page: page.problem)


def test_kill_9_loses_nothing_and_a_page_resumes(served: tuple[Server, Path], tmp_path: Path) -> None:
    server, root = served
    page = LivePage(server, "one")
    load = page.id("load")
    page.change("t1", {"op": "rename", "id": load, "name": "read"})
    page.send(
        {
            "op": "text",
            "block": load,
            "version": 0,
            "updates": [{"client": "1", "changes": [6, [0, "y = 2", ""]]}],
        }
    )
    page.until(lambda page: page.texts)
    server.stop(signal.SIGKILL)
    again = Server(tmp_path).start().sign_in()
    try:
        back = LivePage(again, "one", (page.hello["epoch"], 0))
        assert back.hello["resumed"] and back.hello["seq"] == 1
        versions = {b["block"]: b["version"] for b in back.hello["blocks"]}
        assert versions[load] == 1
        back.until(lambda page: page.operations)
        back.send({"op": "pull", "block": load, "version": 0})
        while (message := back.next())["type"] != "texts":
            pass
        assert message["updates"] == [{"client": "1", "changes": [6, [0, "y = 2", ""]]}]
        wait_for_text(root / "blocks/load.py", "x = 1\ny = 2\n")
        wait_for_text(root / "canvas.yaml", "read:")
    finally:
        again.stop()


def test_a_run_is_answered_while_its_environment_is_built(tmp_path: Path) -> None:
    gate, uv = tmp_path / "gate", tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\nwhile [ ! -e {gate} ]; do sleep 0.02; done\ncat {gate} >&2\nexit 1\n")
    uv.chmod(0o755)
    root = make_canvas(tmp_path / "work", "one", {"load": "x = 1\n"})
    (root / "environments/slow").mkdir(parents=True)
    (root / "environments/slow/requirements.txt").write_text("nothing-like-this==1\n")
    (root / "canvas.yaml").write_text(
        (root / "canvas.yaml").read_text().replace("name: One", "name: One\nenvironment: slow")
    )
    server = Server(tmp_path / "work", environ={"EASEL_UV": str(uv)}).start().sign_in()
    try:
        page = LivePage(server, "one")
        key = {"Idempotency-Key": "once"}
        run = server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"}, headers=key)
        assert (run.status, run.json["status"], run.json["environments"]) == (202, "preparing", ["slow"]), run
        again = server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"}, headers=key)
        assert (again.status, again.json) == (202, run.json)
        page.until(lambda page: any(e["event"] == "run.preparing" for e in page.events))
        page.until(
            lambda page: any(
                e.get("run") == run.json["run"] and e["event"] == "environment.progress" for e in page.events
            )
        )
        late = LivePage(server, "one")
        assert [(r["run"], r["status"]) for r in late.hello["snapshot"]["runs"]] == [
            (run.json["run"], "preparing")
        ]
        # It can be cancelled while it waits; and one that cannot be made says why.
        other = server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"}).json
        assert other["run"] != run.json["run"]
        cancel = server.ask("POST", f"/api/v1/canvases/one/runs/{other['run']}/cancel", {})
        assert cancel.status == 202
        ended = {}

        def told(page: LivePage) -> bool:
            ended.update({e["run"]: e for e in page.events if e["event"] == "run.finished"})
            return len(ended) == 2

        page.until(lambda page: told(page) or other["run"] in ended)
        assert ended[other["run"]]["status"] == "cancelled"
        gate.write_text("no such package")
        page.until(told)
        assert ended[run.json["run"]]["status"] == "failed"
        assert "slow" in ended[run.json["run"]]["error"]
        assert server.ask("GET", "/api/v1/canvases/one").json["runs"] == []
        kept = {one["run"]: one for one in server.ask("GET", "/api/v1/canvases/one/runs").json["items"]}
        assert set(kept) == {run.json["run"], other["run"]}
        assert kept[other["run"]]["status"] == "cancelled"
        failed = kept[run.json["run"]]
        assert (failed["status"], failed["error"]) == ("failed", ended[run.json["run"]]["error"])
        assert failed["finished_ms"] >= failed["created_ms"]
    finally:
        gate.touch()
        server.stop()


def test_fetched_outputs_and_live_events_meet_in_one_place(tmp_path: Path) -> None:
    """One line again and again: only places tell what of it was fetched."""
    code = "import time\nfor i in range(600):\n    print('same', flush=True)\n    time.sleep(0.002)\n"
    make_canvas(tmp_path / "work", "one", {"loop": code})
    server = Server(tmp_path / "work").start().sign_in()
    try:
        page = LivePage(server, "one")
        loop = page.id("loop")
        server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"})

        def heard() -> list[dict[str, Any]]:
            return [e for e in page.events if e["event"] == "block.output"]

        page.until(lambda _: sum(len(e["text"]) for e in heard()) > 300)
        fetched = server.ask("GET", f"/api/v1/canvases/one/blocks/{loop}/outputs").json
        page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
        text = "".join(e["text"] for e in fetched["events"])
        assert len(text) == fetched["ends"]["stdout"] == fetched["events"][-1]["end"] >= 300
        end = 0
        for event in heard():
            assert event["end"] == end + len(event["text"])
            end = event["end"]
            if (more := end - fetched["ends"]["stdout"]) > 0:
                text += event["text"][-more:]
        assert text == "same\n" * 600
    finally:
        server.stop()


def test_the_same_key_starts_one_run(served: tuple[Server, Path]) -> None:
    server, _ = served
    page = LivePage(server, "one")
    key = {"Idempotency-Key": "r1"}
    first = server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all", "force": True}, headers=key)
    again = server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all", "force": True}, headers=key)
    assert (again.status, again.json) == (first.status, first.json)
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    assert len(server.ask("GET", "/api/v1/canvases/one/runs").json["items"]) == 1
    other = {"Idempotency-Key": "r2"}
    assert (
        server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"}, headers=other).json["run"]
        != first.json["run"]
    )


def test_a_renamed_block_keeps_its_result_over_a_kill(served: tuple[Server, Path], tmp_path: Path) -> None:
    """Killed before the engine heard of it; with a third block that takes the old name, and two that swap theirs."""
    server, _ = served
    page = LivePage(server, "one")
    server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"})
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    load, show = page.id("load"), page.id("show")
    swap = [
        {"op": "rename", "id": load, "name": "aside"},
        {"op": "rename", "id": show, "name": "load"},
        {"op": "rename", "id": load, "name": "show"},
    ]
    page.change("t1", {"op": "batch", "changes": swap})
    page.until(lambda page: page.operations)
    server.stop(signal.SIGKILL)
    again = Server(tmp_path).start().sign_in()
    try:
        back = LivePage(again, "one")
        back.until(lambda page: all(page.states.get(id, {}).get("attempt") for id in (load, show)))
        assert {back.states[id]["state"] for id in (load, show)} == {"up_to_date"}
        assert [
            v["name"] for v in again.ask("GET", f"/api/v1/canvases/one/blocks/{load}/state").json["variables"]
        ] == ["x"]
        run = again.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"})
        assert run.status == 202
        back.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
        finished = next(e for e in back.events if e["event"] == "run.finished")
        assert (finished["ran"], sorted(finished["up_to_date"])) == ([], sorted([load, show]))
    finally:
        again.stop()


def test_a_name_or_environment_changed_outside_reaches_open_pages(served: tuple[Server, Path]) -> None:
    server, root = served
    page = LivePage(server, "one")
    (root / "canvas.yaml").write_text((root / "canvas.yaml").read_text().replace("name: One", "name: Two"))
    page.until(lambda page: page.canvas)
    assert page.canvas == {"name": "Two", "environment": "default"}
    assert server.ask("PATCH", "/api/v1/canvases/one", {"name": "Three"}).status == 200
    page.until(lambda page: page.canvas["name"] == "Three")
    text = (root / "canvas.yaml").read_text()
    (root / "canvas.yaml").write_text(text.replace("blocks:", "environment: missing\nblocks:"))
    page.until(lambda page: page.canvas["environment"] == "missing")
    # The engine hears of it, too.
    page.until(lambda page: "missing" in page.states.get(page.id("load"), {}).get("reason", ""))
    again = LivePage(server, "one", (page.hello["epoch"], page.hello["seq"]))
    assert again.hello["canvas"] == {"name": "Three", "environment": "missing"}

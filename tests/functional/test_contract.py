"""The JSON that programs rely on: every event and document with its fields and values."""

from __future__ import annotations

import pytest

BLOCKS = {
    "talks": "import sys\nprint('out')\nprint('err', file=sys.stderr)\n",
    "shows": "from IPython.display import HTML, display\nh = display(HTML('<b>1</b>'), display_id='one')\n"
    "display(HTML('<b>2</b>'), display_id='one', update=True)\n41 + 1\n",
    "fails": "x = 1\nraise LookupError('not here')\n",
    "below": "print(x)\n",
    "leaves": "import threading\nlock = threading.Lock()\nvalue = [1]\n",
    "frame": "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': list('xyz')})\n",
}
MODES = {"all", "only", "to", "from", "changed"}
STATUSES = {"succeeded", "failed", "cancelled", "skipped", "up_to_date", "restored"}
STATES = {"up_to_date", "stale", "never_run", "queued", "running", "failed", "cancelled", "skipped"}
LISTS = ("ran", "up_to_date", "restored", "failed", "skipped", "cancelled")


@pytest.fixture(scope="module")
def folder(canvas_at, tmp_path_factory):
    return canvas_at(
        tmp_path_factory.mktemp("contract") / "canvas", BLOCKS, ["fails -> below", "talks -> shows"]
    )


@pytest.fixture(scope="module")
def run(folder):
    return folder.run()


def test_a_run_starts_and_finishes_once(run, folder):
    first, last = run.events[0], run.events[-1]
    assert first["event"] == "run.started"
    assert {"run", "canvas", "mode"} <= first.keys()
    assert first["mode"] == "all" and first["canvas"] == str(folder.root)
    assert last["event"] == "run.finished"
    assert last["run"] == first["run"]
    assert last["status"] == "failed" and run.code == 1
    assert isinstance(last["seconds"], float | int) and last["seconds"] > 0
    assert {name: sorted(last[name]) for name in LISTS} == {
        "ran": ["frame", "leaves", "shows", "talks"],
        "up_to_date": [],
        "restored": [],
        "failed": ["fails"],
        "skipped": ["below"],
        "cancelled": [],
    }
    assert len(run.of("run.started")) == len(run.of("run.finished")) == 1


def test_every_block_starts_and_finishes_once_in_order(run):
    for block in BLOCKS:
        names = [e["event"] for e in run.events if e.get("block") == block]
        assert names.count("block.finished") == 1 and names[-1] == "block.finished"
        assert names.count("block.started") == (0 if block == "below" else 1)
        if block != "below":
            assert names[0] == "block.started"
    for event in run.of("block.started"):
        assert isinstance(event["attempt"], str) and event["attempt"]
    for event in run.of("block.finished"):
        assert event["status"] in STATUSES
        assert isinstance(event["reason"], str) and event["reason"]
        assert isinstance(event["phases_ms"], dict)
        assert all(isinstance(ms, float | int) and ms >= 0 for ms in event["phases_ms"].values())
    assert {"load", "run", "save"} <= run.result("talks")["phases_ms"].keys()


def test_output_display_error_and_notice(run):
    assert run.of("block.output", "talks") == [
        {"event": "block.output", "block": "talks", "stream": "stdout", "text": "out\n", "end": 4},
        {"event": "block.output", "block": "talks", "stream": "stderr", "text": "err\n", "end": 4},
    ]
    displays = run.of("block.display", "shows")
    assert [d["data"].get("text/html") for d in displays[:2]] == ["<b>1</b>", "<b>2</b>"]
    assert displays[0]["id"] == displays[1]["id"]
    assert displays[2]["data"] == {"text/plain": "42"}
    error = run.error("fails")
    assert {"block", "ename", "evalue", "traceback", "line"} <= error.keys()
    assert (error["ename"], error["evalue"], error["line"]) == ("LookupError", "not here", 2)
    assert isinstance(error["traceback"], str)
    [message] = run.notices("leaves", "not_carried")
    assert "`lock`" in message
    for notice in run.of("block.notice"):
        assert {"block", "kind", "message"} <= notice.keys()


def test_status_has_one_entry_per_block(run, folder):
    document = folder.easel("status", "--json").document
    assert set(document) >= {"blocks"}
    assert [b["name"] for b in document["blocks"]] == list(BLOCKS)
    for block in document["blocks"]:
        assert block["state"] in STATES and isinstance(block["reason"], str)
    states = {b["name"]: b["state"] for b in document["blocks"]}
    assert states == {
        "talks": "up_to_date",
        "shows": "up_to_date",
        "fails": "failed",
        "below": "skipped",
        "leaves": "up_to_date",
        "frame": "up_to_date",
    }


@pytest.mark.parametrize("mode", sorted(MODES))
def test_the_mode_is_named(run, folder, mode):
    words = {"all": [], "changed": ["--changed"]}.get(mode, [f"--{mode}", "talks"])
    assert folder.run(*words).events[0]["mode"] == mode


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["status"],
        ["check"],
        ["logs"],
        ["logs", "talks"],
        ["outputs"],
        ["outputs", "shows"],
        ["state"],
        ["state", "frame"],
        ["state", "frame", "df"],
        ["state", "leaves", "lock"],
        ["history"],
        ["history", "talks"],
        ["gc", "--dry-run"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_each_other_command_prints_one_document(run, folder, words):
    ended = folder.easel(words[0], *words[1:], "--json")
    assert isinstance(ended.document, dict)
    assert ended.stdout.endswith("\n") and ended.stdout.count("\n") == 1


def test_executor_and_dry_run_print_one_document_too(run, folder):
    assert folder.easel_alone("executor", "status", "--json").document["running"] is True
    assert folder.easel("run", "--dry-run", "--json").document["blocks"][0]["name"] == "talks"


def test_a_frame_is_read_without_python(run, folder):
    document = folder.easel("state", "frame", "df", "--head", "2", "--json").document
    assert document["shape"] == [3, 2]
    assert len(document["table"]["rows"] if "table" in document else document["rows"]) == 2
    shown = folder.easel("state", "frame", "df", "--head", "2").stdout
    assert "a" in shown and "x" in shown and "z" not in shown.split("\n", 2)[-1]


def test_errors_of_use_are_on_stderr_and_stdout_stays_json(folder):
    ended = folder.easel("run", "--json", "--only", "nobody", code=2)
    assert ended.stdout == "" and "there is no block `nobody`" in ended.stderr

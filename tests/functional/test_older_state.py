"""What differs between two runs, and going on from what an older one left."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import threading
from typing import Any

import pytest
from canvas_folder import BINARY, PATIENCE_S, CanvasFolder

LOAD = """
    import pandas as pd
    df = pd.DataFrame({"id": [1, 2, 3, 4], "city": ["Ulm", "Bonn", "Kiel", "Trier"], "old": [1.0, 2.0, 3.0, 4.0]})
    limit = 10
    gone = [1, 2]
    label = "one"
    """
LOAD_AGAIN = """
    import pandas as pd
    df = pd.DataFrame({"id": [1.0, 2.0, 3.0, 4.0], "city": ["Ulm", "Bonn", "Köln", "Tübingen"], "new": [0, 0, 0, 0]})
    limit = 12
    fresh = {"a": 1}
    pd.set_option("display.max_rows", 7)
    """
BLOCKS = {
    "load": LOAD,
    "clean": "tidy = df[df['id'] > 1]\nprint('clean', len(tidy))\n",
    "train": "model = float(tidy['id'].sum()) + limit\nprint('model', model)\n",
    "apart": "z = 1\n",
}
EDGES = ["load -> clean", "clean -> train"]


def runs(folder: CanvasFolder) -> list[dict[str, Any]]:
    """Newest first."""
    return folder.easel("history", "--json").document["runs"]


def blocks_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block"]: block for block in document["blocks"]}


def changes(block: dict[str, Any], *, inherited: bool = False) -> dict[str, str]:
    return {v["name"]: v["change"] for v in block["variables"] if inherited or not v["inherited"]}


@pytest.fixture
def two_runs(canvas: Any) -> CanvasFolder:
    folder: CanvasFolder = canvas(BLOCKS, EDGES)
    folder.good()
    folder.edit("load", LOAD_AGAIN)
    folder.edit("clean", BLOCKS["clean"] + "label = 'one'\nimport threading\nlock = threading.Lock()\n")
    folder.good()
    return folder


def test_a_difference_is_told_where_it_was_made(two_runs):
    document = two_runs.easel("diff", "last~1", "last", "--json").document
    assert document["same"] == ["apart"]
    blocks = blocks_of(document)
    assert list(blocks) == ["load", "clean", "train"]
    load = blocks["load"]
    assert load["code_changed"] is True and load["environment_changed"] is False
    assert changes(load) == {
        "df": "changed",
        "fresh": "added",
        "gone": "removed",
        "label": "removed",
        "limit": "changed",
    }
    variables = {v["name"]: v for v in load["variables"]}
    assert variables["limit"]["before"]["preview"] == "10" and variables["limit"]["after"]["preview"] == "12"
    assert variables["fresh"]["before"] is None and variables["gone"]["after"] is None
    table = variables["df"]["table"]
    assert {(c["name"], c["change"]) for c in table["columns"]} == {
        ("old", "removed"),
        ("new", "added"),
        ("id", "retyped"),
        ("city", "values"),
    }
    [city] = [c for c in table["columns"] if c["name"] == "city"]
    assert city["rows"] == 2 and table["differing_rows"] == 2 and table["compared_rows"] == 4
    assert table["complete"] is True
    assert [(s["key"], s["before"], s["after"]) for s in load["settings"]] == [
        ("pandas:display.max_rows", None, 7)
    ]
    # What came from above is marked, and what clean did itself is not.
    assert changes(blocks["clean"]) == {
        "label": "moved",
        "lock": "added",
        "tidy": "changed",
        "threading": "added",
    }
    assert changes(blocks["clean"], inherited=True)["df"] == "changed"
    assert blocks["clean"]["settings"][0]["inherited"] is True
    assert blocks["train"]["code_changed"] is False
    assert changes(blocks["train"]) == {"model": "changed"}


def test_the_difference_reads_well(two_runs):
    text = two_runs.easel("diff", "last~1", "last").stdout
    load, clean, train = text.split("\n\n")[1:4]
    assert load.startswith("load  code changed") and "10 → 12" in load
    assert "2 of 4 rows differ" in load and "int64 → double" in load and "column is gone" in load
    assert "pandas:display.max_rows" in load
    assert "df" not in clean.replace("pd", "").split("\n", 1)[1] and "tidy" in clean
    assert "same code" in train and "model" in train
    assert text.endswith("3 blocks differ and 1 block is the same.\n")
    assert "\x1b" not in text, "no colours into a file"
    one = two_runs.easel("diff", "last~1", "last", "train").stdout
    assert "df" in one and "(by `load`)" in one and "model" in one
    assert "Nothing differs: 4 blocks are the same." in two_runs.easel("diff", "last", "last").stdout
    assert "Nothing differs." in two_runs.easel("diff", "last~1", "last", "apart").stdout


def test_colours_are_for_a_terminal(two_runs):
    ours, theirs = pty.openpty()
    environ = {**two_runs.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    environ.pop("NO_COLOR")
    shown = bytearray()

    def read() -> None:
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:
                return
            shown.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    command = [BINARY, "diff", str(two_runs.root), "last~1", "last"]
    subprocess.run(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, timeout=PATIENCE_S, check=True
    )
    os.close(theirs)
    reader.join(PATIENCE_S)
    os.close(ours)
    assert b"\x1b[" in shown and "tidy" in shown.decode()


def test_a_large_frame_says_whether_all_of_it_was_compared(canvas):
    source = "import pandas as pd\ndf = pd.DataFrame({'n': range(5000)})\n"
    folder = canvas({"load": source})
    folder.good()
    folder.edit("load", source + "df.loc[3, 'n'] = -1\ndf.loc[4000, 'n'] = -1\n")
    folder.good()
    [load] = folder.easel("diff", "last~1", "last", "--json").document["blocks"]
    [df] = [v for v in load["variables"] if v["name"] == "df"]
    table = df["table"]
    text = folder.easel("diff", "last~1", "last").stdout
    [column] = table["columns"]
    if table["complete"]:
        assert column["rows"] == 2 and "2 of 5000 rows differ" in text
    else:
        assert column["rows"] == 1 and table["compared_rows"] < 5000
        assert f"1 row differs in the first {table['compared_rows']} rows" in text
    assert table["rows_before"] == table["rows_after"] == 5000


def test_a_run_is_named_by_its_id_its_ends_or_a_time(two_runs):
    newest, first = (run["run"] for run in runs(two_runs))
    expected = two_runs.easel("diff", first, newest).stdout
    assert two_runs.easel("diff", "last~1", newest[-6:]).stdout == expected
    today = subprocess.run(["date", "+%F"], capture_output=True, text=True, check=True).stdout.strip()
    if two_runs.easel("diff", first, today, code=None).code == 0:  # unless midnight was between the two
        assert two_runs.easel("diff", first, today).stdout == expected
    for words in ("last~9", "r9nothing", "2001-01-01", "tomorrow"):
        refused = two_runs.easel("diff", words, "last", code=2).stderr
        assert newest in refused and first in refused and "3 ran" in refused, refused
    assert "fits 2 runs" in two_runs.easel("diff", "r", "last", code=2).stderr
    assert "did you mean `train`" in two_runs.easel("diff", "last~1", "last", "trian", code=2).stderr
    shown = two_runs.easel("history", "--runs").stdout
    assert newest in shown and first in shown and "4 ran" in shown


def test_two_attempts_of_a_block(two_runs):
    attempts = [a["attempt"] for a in two_runs.easel("history", "clean", "--json").document["attempts"]]
    whole = two_runs.easel("diff", attempts[1], attempts[0], "--json").document
    assert whole["before"]["attempt"] == attempts[1] and whole["after"]["attempt"] == attempts[0]
    assert changes(blocks_of(whole)["clean"], inherited=True)["lock"] == "added"
    assert two_runs.easel("diff", "clean.1", "clean.2", "--json").document == whole
    assert two_runs.easel("diff", "1", "2", "clean", "--json").document == whole
    assert "of one block" in two_runs.easel("diff", "clean.1", "train.2", code=2).stderr
    assert "clean.9" in two_runs.easel("diff", "clean.9", "clean.2", code=2).stderr
    two_runs.edit("clean", "1 / 0\n")
    assert two_runs.run().failed == ["clean"]
    assert "left no state: it failed" in two_runs.easel("diff", "clean.2", "clean.3", code=2).stderr


def test_what_stopped_being_carried_and_what_is_carried_again(canvas):
    folder = canvas({"make": "x = 1\n"})
    folder.good()
    folder.edit("make", "import threading\nx = threading.Lock()\n")
    folder.good()
    [make] = folder.easel("diff", "last~1", "last", "--json").document["blocks"]
    assert changes(make)["x"] == "not_carried"
    assert "not carried any more" in folder.easel("diff", "last~1", "last").stdout
    [make] = folder.easel("diff", "last", "last~1", "--json").document["blocks"]
    assert changes(make)["x"] == "carried_again"


def test_a_block_runs_on_what_its_parents_had_left(two_runs):
    first = runs(two_runs)[1]["run"]
    before = two_runs.status()
    published = two_runs.easel("state", "--json").document
    assert two_runs.plan("--only", "train", "--at", "last~1") == {
        "train": ("up_to_date", "nothing that it depends on changed")
    }
    two_runs.edit("train", "model = ('beside', float(tidy['id'].sum()), limit)\nprint(model)\n")
    assert two_runs.plan("--only", "train", "--at", first) == {"train": ("run", "code changed")}
    run = two_runs.good("--only", "train", "--at", "last~1")
    assert run.events[0]["at"] == first
    assert run.text("train") == "('beside', 9.0, 10)\n", "what load and clean had left in the first run"
    beside = run.finished["run"]

    # What is published is what it was; the run has what it left, on what it began from.
    assert two_runs.easel("state", "--json").document == published
    assert two_runs.status() == {**before, "train": ("stale", "code changed")}
    at = two_runs.easel("state", "train", "model", "--at", beside, "--json").document
    assert at["preview"] == "('beside', 9.0, 10)" and at["at"] == beside
    assert two_runs.easel("state", "train", "limit", "--at", "last", "--json").document["preview"] == "10"
    assert two_runs.easel("state", "train", "limit", "--json").document["preview"] == "12"
    assert two_runs.easel("state", "train", "model", "--at", first, "--json").document["preview"] == "19.0"
    assert two_runs.easel("logs", "train", "--at", "last").stdout == "('beside', 9.0, 10)\n"
    assert two_runs.easel("logs", "train").stdout == "model 21.0\n", (
        "without --at the published line of results"
    )
    assert two_runs.easel("logs", "clean", "--at", "last").stdout == "clean 3\n"
    attempts = two_runs.easel("history", "train", "--json").document["attempts"]
    assert [(a["at"], a["published"]) for a in attempts] == [(first, False), (None, True), (None, False)]
    assert "beside, from " + first in two_runs.easel("history", "train").stdout
    assert runs(two_runs)[0]["at"] == first

    # Run as ever, and the new code comes to the newest data.
    run = two_runs.good()
    assert run.ran == ["train"] and run.text("train") == "('beside', 9.0, 12)\n"
    # What ran beside is known: with its inputs back, it need not run again.
    two_runs.edit("load", LOAD)
    two_runs.edit("clean", BLOCKS["clean"])
    run = two_runs.good()
    assert run.restored == ["clean", "load", "train"]
    assert two_runs.easel("state", "train", "model", "--json").document["preview"] == "('beside', 9.0, 10)"


def test_a_whole_run_from_an_older_state(two_runs):
    first = runs(two_runs)[1]["run"]
    published = two_runs.easel("state", "--json").document
    # With the code of then, everything is as it was; with the code of now, its results come back.
    two_runs.edit("load", LOAD)
    two_runs.edit("clean", BLOCKS["clean"])
    assert two_runs.good("--at", first).up_to_date == ["apart", "clean", "load", "train"]
    two_runs.edit("load", LOAD.replace("1, 2, 3, 4", "1, 2, 3, 1000"))
    run = two_runs.good("--at", first)
    assert run.ran == ["clean", "load", "train"] and run.up_to_date == ["apart"]
    assert run.text("train") == "model 1015.0\n"
    assert two_runs.easel("state", "--json").document == published
    # And on from there.
    two_runs.edit("train", "print('on', tidy['id'].max())\n")
    run = two_runs.good("--only", "train", "--at", "last")
    assert run.text("train") == "on 1000\n"
    [train] = two_runs.easel("diff", "last~1", "last", "--json").document["blocks"]
    assert train["block"] == "train" and train["code_changed"] is True
    assert changes(train) == {"model": "removed"}


def test_a_failure_beside_changes_nothing(two_runs):
    before = two_runs.status()
    state = two_runs.easel("state", "--json").document
    source = (two_runs.root / "blocks/train.py").read_text()
    two_runs.edit("train", "1 / 0\n")
    run = two_runs.run("--only", "train", "--at", "last~1")
    assert run.code == 1 and run.failed == ["train"]
    assert "ZeroDivisionError" in two_runs.easel("logs", "train", "--at", "last").stdout
    two_runs.edit("train", source)
    assert two_runs.status() == before
    assert two_runs.easel("state", "--json").document == state
    assert two_runs.good().ran == []


def test_outputs_of_then(canvas, tmp_path):
    folder = canvas({"show": "import pandas as pd\npd.DataFrame({'was': [1]})\n"})
    folder.good()
    folder.edit("show", "import pandas as pd\npd.DataFrame({'became': [2]})\n")
    folder.good()
    assert "was" in folder.easel("outputs", "show", "--at", "last~1").stdout
    assert "became" in folder.easel("outputs", "show").stdout
    assert folder.easel("outputs", "--at", "last~1", "--json").document["at"] == runs(folder)[1]["run"]
    folder.easel("outputs", "--at", "last~1", "--save", str(tmp_path / "out"))
    assert any("was" in path.read_text(errors="ignore") for path in (tmp_path / "out").iterdir())


def test_what_was_collected_is_said_by_name(two_runs):
    first = runs(two_runs)[1]["run"]
    two_runs.edit("load", LOAD + "more = 1\n")
    two_runs.good()
    two_runs.easel("gc", "--keep", "1")
    for words in (["state", "clean"], ["outputs", "clean"], ["logs", "clean"]):
        refused = two_runs.easel(*words, "--at", first, code=2).stderr
        assert "`clean`" in refused and first in refused and "`easel gc`" in refused, refused
    refused = two_runs.easel("run", "--only", "train", "--at", first, code=2).stderr
    assert "`clean`" in refused and "removed by `easel gc`" in refused and "without --at" in refused
    assert "removed by `easel gc`" in two_runs.easel("plan", "--only", "train", "--at", first, code=2).stderr
    diff = two_runs.easel("diff", first, "last", "--json", code=2)
    blocks = blocks_of(json.loads(diff.stdout))
    assert "`easel gc`" in blocks["clean"]["problem"]
    # What is still there can still be looked at.
    assert two_runs.easel("state", "apart", "z", "--at", first, "--json").document["preview"] == "1"
    assert two_runs.good("--only", "apart", "--force", "--at", first).ran == ["apart"]
    assert two_runs.good().ran == []


def test_the_words_of_at_are_checked(two_runs):
    for command in (["run"], ["plan"], ["state"], ["logs"], ["outputs"]):
        refused = two_runs.easel(*command, "--at", "last~7", code=2).stderr
        assert "last~7" in refused and runs(two_runs)[0]["run"] in refused
    assert "leave out --follow" in two_runs.easel("logs", "--at", "last", "-f", code=2).stderr
    assert "leave out BLOCK" in two_runs.easel("history", "train", "--runs", code=2).stderr


def test_before_anything_ran_there_is_nothing_to_compare(canvas):
    folder = canvas({"load": "x = 1\n"})
    assert "nothing has run yet" in folder.easel("diff", "last~1", "last", code=2).stderr
    assert "nothing has run yet" in folder.easel("run", "--at", "last", code=2).stderr
    assert not (folder.root / ".easel/metadata.db").exists()


def test_a_run_from_an_older_state_waits_for_the_one_under_way(canvas, gate):
    folder = canvas({"make": "x = 1\n", "long": "print(x)\n"}, ["make -> long"])
    folder.good()
    folder.edit("make", "x = 2\n" + gate.code)
    one = folder.start("--json")
    gate.arrived()
    folder_at = folder.start("--only", "long", "--force", "--at", "last")
    said = folder_at.stdout.readline()
    assert "waiting" in said
    gate.open()
    out, _ = one.communicate(timeout=PATIENCE_S)
    assert one.returncode == 0 and json.loads(out.splitlines()[-1])["ran"] == ["make", "long"]
    rest, err = folder_at.communicate(timeout=PATIENCE_S)
    assert folder_at.returncode == 0, err
    assert "long │ 1\n" in rest, "the run that had ended when it was asked for"
    assert folder.easel("state", "make", "x", "--json").document["preview"] == "2"


def test_a_killed_run_from_an_older_state_publishes_nothing(canvas, gate):
    folder = canvas({"make": "x = 1\n", "use": "y = x\n"}, ["make -> use"])
    folder.good()
    folder.edit("use", gate.code + "y = 'beside'\n")
    command = folder.start("--json", "--only", "use", "--at", "last")
    gate.arrived()
    assert folder.status()["use"][0] == "stale", "what runs beside says nothing of how a block stands"
    assert folder.easel("status", "--json").document["beside"] == ["use"]
    command.send_signal(signal.SIGKILL)
    command.communicate(timeout=PATIENCE_S)
    folder.edit("use", "y = x\n")
    run = folder.good()
    assert run.ran == [] and run.up_to_date == ["make", "use"]
    assert folder.easel("state", "use", "y", "--json").document["preview"] == "1"
    attempts = folder.easel("history", "use", "--json").document["attempts"]
    assert [a["status"] for a in attempts] == ["superseded", "succeeded"]
    assert "interrupted" in folder.easel("history", "--runs").stdout
    # Its state is what it began from.
    assert folder.easel("state", "use", "y", "--at", "last~1", "--json").document["preview"] == "1"


def test_attempts_of_a_killed_command_are_taken_over_first(canvas, gate):
    folder = canvas({"make": "x = 1\n", "use": "y = x\n"}, ["make -> use"])
    folder.good()
    folder.edit("make", gate.code + "x = 2\n")
    command = folder.start("--json")
    gate.arrived()
    command.send_signal(signal.SIGKILL)
    command.communicate(timeout=PATIENCE_S)
    refused = folder.easel("run", "--only", "use", "--force", "--at", "last", code=3).stderr
    assert "`make`" in refused and "still under way" in refused and "`easel run` takes it over" in refused
    gate.open()
    run = folder.good()
    assert "use" in run.ran
    assert folder.easel("state", "use", "y", "--json").document["preview"] == "2"

"""Edit, run again: only what really changed runs, and it says why."""

from __future__ import annotations

import shutil

import pytest
from canvas_folder import REPOSITORY, CanvasFolder

CHAIN = {
    "load": "raw = [3, 1, 2]\n",
    "clean": "clean = sorted(raw)\n",
    "total": "total = sum(clean)\nprint(total)\n",
    "apart": "other = 1\n",
}
EDGES = ["load -> clean", "clean -> total"]


@pytest.fixture
def chain(canvas):
    made = canvas(CHAIN, EDGES)
    made.good()
    return made


def nothing_runs(folder: CanvasFolder) -> None:
    run = folder.good()
    assert (run.ran, run.restored) == ([], [])
    assert run.of("block.started") == []


def test_the_quickstart_runs_once_and_then_says_at_once_that_nothing_runs(tmp_path, environ):
    source = REPOSITORY / "examples/quickstart"
    root = tmp_path / "quickstart"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns(".easel"))
    folder = CanvasFolder.open(root, environ)
    first = folder.good()
    assert first.ran == ["clean", "evaluate", "features", "load", "plot", "summary", "train"]
    assert first.finished["up_to_date"] == []
    assert "image/png" in {mime for data in first.displayed("plot") for mime in data}
    nothing_runs(folder)
    assert "Everything is up to date" in folder.easel("run").stdout


def test_a_comment_and_layout_run_nothing(chain):
    chain.edit("clean", "# how it is cleaned\n\nclean = (\n    sorted( raw )\n)  # in order\n")
    assert chain.plan()["clean"][0] == "up_to_date"
    nothing_runs(chain)


def test_an_edited_block_runs_and_those_whose_inputs_really_changed(chain):
    chain.edit("clean", "clean = sorted(raw)[1:]\n")
    plan = chain.plan()
    assert plan["clean"] == ("run", "code changed")
    assert plan["total"][0] == "maybe" and "clean" in plan["total"][1]
    assert plan["load"][0] == plan["apart"][0] == "up_to_date"
    run = chain.good()
    assert run.ran == ["clean", "total"]
    assert run.up_to_date == ["apart", "load"]
    assert run.result("clean")["reason"] == "code changed"
    assert run.result("total")["reason"] == "`clean` from `clean` changed"


def test_equal_content_stops_the_wave(chain):
    chain.edit("load", "raw = list(reversed([2, 1, 3]))\n")
    run = chain.good()
    assert run.ran == ["load"]
    assert run.up_to_date == ["apart", "clean", "total"]


def test_content_that_differs_goes_only_as_far_as_it_differs(chain):
    chain.edit("load", "raw = [2, 3, 1]\n")
    run = chain.good()
    assert run.ran == ["clean", "load"]
    assert run.up_to_date == ["apart", "total"]


def test_undo_restores_and_nothing_runs(chain):
    chain.edit("clean", "clean = sorted(raw)[1:]\n")
    chain.good()
    chain.edit("clean", CHAIN["clean"])
    assert chain.plan()["clean"] == ("restore", "code changed")
    run = chain.good()
    assert run.ran == []
    assert run.restored == ["clean", "total"]
    assert run.of("block.started") == []
    assert chain.easel("state", "total", "total", "--json").document["preview"] == "6"
    nothing_runs(chain)


def test_a_name_that_a_block_does_not_read_does_not_concern_it(canvas):
    folder = canvas({"load": "a = 1\nb = 1\n", "use": "print(a)\n"}, ["load -> use"])
    folder.good()
    folder.edit("load", "a = 1\nb = 2\n")
    assert folder.good().ran == ["load"]


def test_files_count_for_exactly_their_readers(canvas):
    folder = canvas(
        {
            "reads": "text = open('data.csv').read()\n",
            "imports": "import helper\nvalue = helper.double(2)\n",
            "deep": "import package.part\nvalue = package.part.NAME\n",
            "lists": "import os\nnames = sorted(os.listdir('folder'))\n",
            "looks": "import os\nthere = os.path.exists('maybe.txt')\n",
            "opens": "try:\n    text = open('perhaps.txt').read()\nexcept FileNotFoundError:\n    text = None\n",
            "shells": "import subprocess\nout = subprocess.check_output(['cat', 'shelled.txt'], text=True)\n",
            "pandas": "import pandas as pd\nframe = pd.read_parquet('frame.parquet')\n",
            "none": "value = 1\n",
        },
        files={
            "data.csv": "a,b\n1,2\n",
            "helper.py": "def double(x):\n    return 2 * x\n",
            "package/__init__.py": "",
            "package/part.py": "NAME = 'first'\n",
            "folder/one.txt": "1",
            "shelled.txt": "1\n",
        },
    )
    make = "import pandas as pd\npd.DataFrame({'a': [%d]}).to_parquet('frame.parquet')\n"
    folder.edit("make", make % 1)
    folder.edges = ["make -> pandas"]
    folder.write_yaml()
    folder.good()
    nothing_runs(folder)

    def edited(name: str, content: str, reader: str, reason: str) -> None:
        folder.write_file(name, content)
        assert folder.plan()[reader] == ("run", reason)
        run = folder.good()
        assert run.ran == [reader]
        assert run.result(reader)["reason"] == reason

    edited("data.csv", "a,b\n1,3\n", "reads", "`data.csv` changed")
    edited("helper.py", "def double(x):\n    return 3 * x\n", "imports", "`helper.py` changed")
    edited("package/part.py", "NAME = 'second'\n", "deep", "`package/part.py` changed")
    edited("folder/two.txt", "2", "lists", "the files in `folder/` changed")
    edited("maybe.txt", "now it is there\n", "looks", "`maybe.txt` is there now")
    edited("perhaps.txt", "now it is there\n", "opens", "`perhaps.txt` is there now")
    edited("shelled.txt", "2\n", "shells", "`shelled.txt` changed")
    folder.edit("make", make % 2)
    run = folder.good()
    assert run.ran == ["make", "pandas"]
    assert run.result("pandas")["reason"] == "`frame.parquet` changed"
    nothing_runs(folder)


def test_touching_a_file_without_changing_it_runs_nothing(canvas):
    folder = canvas({"reads": "text = open('data.csv').read()\n"}, files={"data.csv": "1\n"})
    folder.good()
    folder.file("data.csv").unlink()
    folder.write_file("data.csv", "1\n")
    nothing_runs(folder)


def test_a_file_that_a_block_wrote_is_made_again_when_it_is_gone(canvas):
    folder = canvas({"writes": "open('out.txt', 'w').write('made')\n"})
    folder.good()
    nothing_runs(folder)
    folder.file("out.txt").unlink()
    run = folder.good()
    assert run.ran == ["writes"]
    assert "out.txt" in run.result("writes")["reason"]
    assert folder.file("out.txt").read_text() == "made"


def test_only_runs_one_block_and_says_how_to_force_it(chain):
    said = chain.easel("run", "--only", "clean").stdout
    assert "up to date" in said and "--force" in said
    run = chain.good("--only", "clean")
    assert run.events[0]["mode"] == "only"
    assert (run.ran, run.up_to_date) == ([], ["clean"])
    forced = chain.good("--only", "clean", "--force")
    assert (forced.ran, forced.up_to_date) == (["clean"], [])
    assert forced.result("clean")["reason"] == "forced"


def test_only_needs_what_is_above_it(canvas):
    folder = canvas(CHAIN, EDGES)
    run = folder.run("--only", "clean")
    assert (run.ran, run.skipped, run.failed) == ([], ["clean"], [])
    assert "`load`" in run.result("clean")["reason"] and "--to clean" in run.result("clean")["reason"]


def test_to_from_and_changed_take_their_parts(canvas):
    folder = canvas(CHAIN, EDGES)
    assert folder.good("--to", "clean").ran == ["clean", "load"]
    assert folder.good("--changed").ran == []
    folder.edit("load", "raw = [5, 4]\n")
    changed = folder.good("--changed")
    assert changed.events[0]["mode"] == "changed"
    assert changed.ran == ["clean", "load"]
    assert folder.good("--from", "clean").ran == ["total"]
    assert folder.good("--from", "clean", "--force").ran == ["clean", "total"]
    assert folder.good("--to", "clean", "--force").ran == ["clean", "load"]
    assert folder.good().ran == ["apart"]
    assert folder.good("--force").ran == ["apart", "clean", "load", "total"]


def test_dry_run_says_what_would_run_and_runs_nothing(canvas):
    folder = canvas(CHAIN, EDGES)
    said = folder.easel("run", "--dry-run").stdout
    assert all(name in said for name in CHAIN) and "never run" in said
    assert {state for state, _ in folder.status().values()} == {"never_run"}
    assert {action for action, _ in folder.plan().values()} == {"run"}


def test_cache_never_runs_every_time_and_an_expiry_is_a_reason(canvas):
    folder = canvas(
        {"never": "a = 1\n", "brief": "b = 1\n", "long": "c = 1\n"},
        settings={"never": "cache: never", "brief": "cache: {for: 1s}", "long": "cache: {for: 1h}"},
    )
    folder.good()
    assert folder.plan()["never"] == ("run", "cache: never")
    assert folder.plan()["long"][0] == "up_to_date"
    assert folder.good().ran[-1] == "never"


def test_a_renamed_block_and_a_new_edge_are_noticed(chain):
    chain.edit("apart", "other = total + 1\n")
    chain.edges.append("total -> apart")
    chain.write_yaml()
    run = chain.good()
    assert run.ran == ["apart"]
    chain.edges.remove("total -> apart")
    chain.write_yaml()
    failed = chain.run()
    assert failed.failed == ["apart"]
    assert failed.error("apart")["ename"] == "NameError"


def test_what_a_block_in_between_does_not_read_reaches_those_below_it(canvas):
    folder = canvas(
        {
            "load": "x = 1\nlimit = 10\nold = 'old'\n",
            "clean": "y = x + 1\n",
            "report": "print(y, limit, 'old' in globals(), 'new' in globals())\n",
        },
        ["load -> clean", "clean -> report"],
    )
    assert folder.good().text("report") == "2 10 True False\n"
    folder.edit("load", "x = 1\nlimit = 12\nnew = 'new'\n")
    run = folder.good()
    assert run.ran == ["load", "report"] and run.up_to_date == ["clean"]
    assert run.text("report") == "2 12 False True\n"
    assert folder.good().ran == []
    assert folder.good("--only", "report", "--force").text("report") == "2 12 False True\n"
    [shown] = folder.easel("state", "clean", "--json").document["blocks"]
    assert [v["name"] for v in shown["variables"] if v.get("outdated")] == ["limit"]
    assert "(`load` left another since) 10" in folder.easel("state", "clean").stdout
    assert "left another" not in folder.easel("state", "report").stdout


def test_a_class_that_was_made_anew_and_its_instances_stay_together(canvas):
    folder = canvas(
        {
            "define": "class Point:\n    def __init__(self, x):\n        self.x = x\nlimit = 1\n",
            "make": "points = [Point(1), Point(2)]\n",
            "use": "print(all(isinstance(p, Point) for p in points), limit)\n",
        },
        ["define -> make", "make -> use"],
    )
    assert folder.good().text("use") == "True 1\n"
    source = (folder.root / "blocks/define.py").read_text()
    folder.edit("define", source.replace("limit = 1", "limit = 2"))
    run = folder.good()
    assert run.text("use") == "True 2\n"
    assert folder.good().ran == []

"""Code as people write it in notebooks and scripts, and files as their editors leave them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from canvas_folder import REPOSITORY

BLOCKS = {
    "data": """
        import pandas as pd
        df = pd.DataFrame({"city": ["Rom", "Wien", "Rom"], "n": [1, 2, 3]})
        limit = 1
        unrelated = 5
        """,
    "duck": "import duckdb\nprint(duckdb.sql('select sum(n) from df').fetchall()[0][0])\n",
    "query": "print(len(df.query('n > @limit')))\n",
    "groupby": "by = df.groupby('city', as_index=False)['n'].sum()\nprint(by.to_dict('list'))\n",
    "dynamic": "print(sorted(n for n in globals() if n in ('df', 'limit')), eval('limit + 1'))\n",
    "main": "if __name__ == '__main__':\n    print('main')\n",
    "star": "from math import *\nprint(floor(2.5), limit)\n",
    "logs": "import logging\nlogging.basicConfig(level='INFO')\nlogging.info('logged')\n",
    "warns": "import warnings\nwarnings.warn('careful')\nx = 1\n",
    "tqdm": "import sys\nfor i in range(3):\n    sys.stderr.write(f'\\r{i}/3')\n    sys.stderr.flush()\n",
    "asyncs": "import asyncio\nasync def f():\n    return 'run'\nprint(asyncio.run(f()))\n",
    "gather": "import asyncio\nasync def g(i):\n    return i\nprint(await asyncio.gather(g(1), g(2)))\n",
    "empty": "",
    "comment": "# nothing yet\n",
    "doc": '"""Only a docstring."""\n',
    "augmented": "limit += 10\nprint(limit)\n",
    "shadow": "list = [1]\nprint(list)\n",
    "comprehension": "limits = [limit for _ in range(2)]\nprint(limits, [unrelated for limit in [1]])\n",
    "walrus": "if (n := limit) > 0:\n    print(n)\n",
    "match": "match limit:\n    case 1:\n        print('one')\n",
    "nested": "def outer():\n    def inner():\n        return limit\n    return inner()\nprint(outer())\n",
    "typed": "total: int = limit\nannotated: 'pd.DataFrame'\nprint(total)\n",
    "files": "import os\nopen('made.txt', 'w').write('x')\nprint(os.path.basename(os.getcwd()), os.listdir('.') != [])\n",
    "sqlite": """
        import sqlite3
        with sqlite3.connect("local.db") as db:
            db.execute("create table if not exists t (a)")
            db.execute("insert into t values (1)")
            print(db.execute("select count(*) from t").fetchone()[0] >= 1)
        db.close()
        """,
    "nan": "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1.0, float('nan')]))\n",
    "surrogate": "display('bad \\ud800 text')\n",
    "temp": "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    f.write('t')\n    f.seek(0)\n    print(f.read())\n",
    "keyboard": "raise KeyboardInterrupt\n",
    "group": "raise ExceptionGroup('several', [ValueError('one'), TypeError('two')])\n",
    "badstr": "class E(Exception):\n    def __str__(self):\n        raise RuntimeError('in str')\nraise E()\n",
    "asserts": "assert limit == 2, f'limit is {limit}'\n",
    "undefined": "print(limti)\n",
    "missing": "import not_a_package\n",
    "nofile": "open('nowhere.csv')\n",
    "ownfolder": "open('/tmp/mine.csv')\n",
}
FROM_DATA = [
    "duck", "query", "groupby", "dynamic", "star", "augmented", "comprehension", "walrus", "match", "nested", "typed",
    "asserts", "undefined",
]  # fmt: skip
FAIL = {"keyboard", "group", "badstr", "asserts", "undefined", "missing", "nofile", "ownfolder"}


@pytest.fixture(scope="module")
def folder(canvas_at, tmp_path_factory):
    root = tmp_path_factory.mktemp("everyday") / "canvas"
    return canvas_at(root, BLOCKS, [f"data -> {name}" for name in FROM_DATA])


@pytest.fixture(scope="module")
def run(folder):
    return folder.run()


def test_all_others_succeed(run):
    assert set(run.failed) == FAIL, [run.of("block.error", b) for b in set(run.failed) - FAIL]


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("duck", "6\n"),
        ("query", "2\n"),
        ("groupby", "{'city': ['Rom', 'Wien'], 'n': [4, 2]}\n"),
        ("dynamic", "['df', 'limit'] 2\n"),
        ("main", "main\n"),
        ("star", "2 1\n"),
        ("asyncs", "run\n"),
        ("gather", "[1, 2]\n"),
        ("augmented", "11\n"),
        ("shadow", "[1]\n"),
        ("comprehension", "[1, 1] [5]\n"),
        ("walrus", "1\n"),
        ("match", "one\n"),
        ("nested", "1\n"),
        ("typed", "1\n"),
        ("files", "files True\n"),
        ("sqlite", "True\n"),
        ("temp", "t\n"),
    ],
)
def test_it_works_as_in_a_notebook(run, block, text):
    assert run.text(block) == text


def test_warnings_and_logging_go_to_stderr(run):
    assert "logged" in run.text("logs", "stderr")
    warned = run.text("warns", "stderr")
    assert "careful" in warned and "warns" in warned, "with the block's name"


def test_displays_that_json_cannot_say_are_shown_all_the_same(run):
    [plot] = run.displayed("nan")
    assert "application/vnd.plotly.v1+json" in plot
    [text] = run.displayed("surrogate")
    assert text["text/plain"].startswith("'bad ")


def test_errors_that_are_hard_to_show(run):
    assert run.error("keyboard")["ename"] == "KeyboardInterrupt"
    group = run.error("group")
    assert (
        group["ename"] == "ExceptionGroup"
        and "ValueError: one" in group["traceback"]
        and "TypeError: two" in group["traceback"]
    )
    assert run.error("badstr")["ename"] == "E"
    assert run.error("asserts")["evalue"] == "limit is 1"


def test_errors_help(run):
    undefined = run.error("undefined")
    assert undefined["ename"] == "NameError"
    assert "did you mean `limit`, which block `data` left" in undefined["evalue"]
    missing = run.error("missing")
    assert missing["ename"] == "ModuleNotFoundError"
    assert "requirements.txt" in missing["evalue"] + missing["traceback"], "how a package is added"
    assert run.error("nofile")["ename"] == "FileNotFoundError"
    assert "files folder" in run.error("ownfolder")["traceback"]


def test_nothing_runs_again_but_what_failed(run, folder):
    again = folder.run()
    assert set(again.ran) <= {"sqlite", "files"}, "a block that changes what it reads may run again"
    assert set(again.failed) == FAIL


def test_only_the_names_that_a_block_reads_count(run, folder):
    folder.edit("data", BLOCKS["data"].replace("unrelated = 5", "unrelated = 6"))
    again = folder.run()
    assert {"data", "comprehension"} <= set(again.ran)
    assert not set(again.ran) & {
        "duck",
        "query",
        "groupby",
        "augmented",
        "walrus",
        "match",
        "nested",
        "typed",
    }


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        (b"\xef\xbb\xbfprint('bom')\n", "bom\n"),
        (b"print('crlf')\r\nif True:\r\n    print('in')\r\n", "crlf\nin\n"),
        (b"if True:\n\tprint('tab')\n", "tab\n"),
        ("print('ü')".encode(), "ü\n"),
    ],
    ids=["byte order mark", "windows lines", "tabs", "no newline at the end"],
)
def test_files_of_all_editors(canvas, source, printed):
    folder = canvas({"a": ""})
    (folder.root / "blocks/a.py").write_bytes(source)
    assert folder.good().text("a") == printed
    assert folder.good().ran == []


@pytest.mark.parametrize("source", [b"x = '\xff'\n", b"x = 1\0\n"], ids=["not utf-8", "a zero byte"])
def test_a_source_that_is_not_text_says_so(canvas, source):
    folder = canvas({"a": "", "b": "x = 1\n"})
    (folder.root / "blocks/a.py").write_bytes(source)
    ended = folder.easel("run", "--json", code=None)
    assert ended.code in (1, 2)
    assert "a.py" in ended.stdout + ended.stderr


def test_output_arrives_while_the_block_runs(canvas, gate):
    folder = canvas({"slow": "print('early')\n" + gate.code + "print('late')\n"})
    command = folder.start("--json")
    gate.arrived()
    for line in command.stdout:
        event = json.loads(line)
        if event["event"] == "block.output":
            assert event["text"] == "early\n"
            break
    gate.open()
    rest = command.communicate()[0]
    assert "late" in rest


def test_block_names_with_dashes_and_underscores(canvas):
    folder = canvas({"size-1": "x = 1\n", "_2": "print(x)\n"}, ["size-1 -> _2"])
    assert folder.good().text("_2") == "1\n"


def test_a_canvas_without_files_folder_and_with_an_unwritable_one(canvas):
    folder = canvas({"a": "import os\nprint(os.listdir('.'))\n"})
    (folder.root / "files").rmdir()
    assert folder.good().text("a") == "[]\n"


@pytest.fixture
def elsewhere():
    """A folder outside of the canvas that blocks can see; their /tmp is their own."""
    # Blocks have a /tmp of their own, and the checkout may lie there.
    place = Path.home() if REPOSITORY.is_relative_to("/tmp") else REPOSITORY
    with tempfile.TemporaryDirectory(dir=place, prefix=".elsewhere-") as folder:
        yield Path(folder)


def test_files_outside_the_canvas_count_by_size_and_time(canvas, elsewhere):
    outside = elsewhere / "shared.csv"
    outside.write_text("1\n")
    folder = canvas({"reads": f"text = open({str(outside)!r}).read()\n"})
    folder.good()
    assert folder.good().ran == []
    outside.write_text("22\n")
    run = folder.good()
    assert run.ran == ["reads"]
    assert "shared.csv" in run.result("reads")["reason"]


def test_a_function_from_above_that_imports_a_helper_follows_the_helper(canvas):
    folder = canvas(
        {
            "define": "import helper\ndef f():\n    return helper.value()\n",
            "use": "print(f())\n",
            "other": "print(1)\n",
        },
        ["define -> use", "define -> other"],
        files={"helper.py": "def value():\n    return 1\n"},
    )
    assert folder.good().text("use") == "1\n"
    folder.write_file("helper.py", "def value():\n    return 2\n")
    run = folder.good()
    assert run.text("use") == "2\n"
    assert "use" in run.ran and "other" not in run.ran

"""What a block shows and prints arrives as it was meant, in order."""

from __future__ import annotations

import pytest

BLOCKS = {
    "last": "x = 1\nx + 1\n",
    "quiet": "x = 1\nx + 1;\n",
    "nothing": "None\n",
    "explicit": "display('a text')\ndisplay([1, 2])\n",
    "ipython": """
        from IPython.display import HTML, Image, JSON, Markdown, SVG, display
        display(HTML("<i>html</i>"))
        display(Markdown("**md**"))
        display(JSON({"k": [1]}))
        display(SVG('<svg xmlns="http://www.w3.org/2000/svg"></svg>'))
        """,
    "reprs": """
        class Rich:
            def _repr_html_(self):
                return "<p>rich</p>"
            def _repr_latex_(self):
                return "$x$"
        class Bundle:
            def _repr_mimebundle_(self, include=None, exclude=None):
                return {"text/plain": "plain", "application/x-mine+json": {"a": 1}}
        display(Rich(), Bundle())
        """,
    "matplotlib": """
        import matplotlib.pyplot as plt
        fig, ax = plt.subplots()
        ax.plot([1, 2, 3])
        plt.show()
        plt.figure()
        plt.plot([3, 2, 1]);
        """,
    "plotly": "import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1, 2]))\n",
    "pandas": "import pandas as pd\npd.DataFrame({'a': range(5000), 'b': 1.5})\n",
    "polars": "import polars as pl\npl.DataFrame({'a': [1, 2], 'b': ['x', None]})\n",
    "update": """
        h = display("first", display_id=True)
        h.update("second")
        """,
    "order": """
        import sys, subprocess, ctypes, os
        print("1 python out")
        print("2 python err", file=sys.stderr)
        subprocess.run(["sh", "-c", "echo 3 shell out; echo 4 shell err >&2"])
        print("5 python out")
        ctypes.CDLL(None).puts(b"6 c out")
        ctypes.CDLL(None).fflush(None)
        os.write(2, b"7 raw err\\n")
        display("8 shown")
        print("9 end", end="")
        """,
    "progress": """
        import sys
        for i in range(101):
            print(f"\\r{i:3d}%", end="", flush=True)
        print("\\ndone")
        """,
    "awaits": """
        import asyncio
        async def work():
            await asyncio.sleep(0)
            return "awaited"
        value = await work()
        async with asyncio.timeout(5):
            print(value)
        await work()
        """,
    "asks": "name = input('who? ')\n",
    "magic": "%matplotlib inline\nx = 1\n",
    "shell": "!pip install numpy\n",
    "pip": "%pip install numpy\n",
    "cellmagic": "%%time\nx = 1\n",
    "unicode": "print('grüße ✓ 你好 \\ud83d', 'z')\n",
    "bytes": "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe raw \\xc3\\xa9\\n')\n",
    "sorted": "import pandas as pd\ns = pd.Series([3, 1], name='s')\ns\n",
    "brokenrepr": "class B:\n    def __repr__(self):\n        raise ValueError('no repr')\nB()\n",
}
FAIL = {"asks", "magic", "shell", "pip", "cellmagic"}


@pytest.fixture(scope="module")
def folder(canvas_at, tmp_path_factory):
    return canvas_at(tmp_path_factory.mktemp("display") / "canvas", BLOCKS)


@pytest.fixture(scope="module")
def run(folder):
    return folder.run()


def mimes(run, block):
    return [set(data) for data in run.displayed(block)]


def test_all_others_succeed(run):
    assert set(run.failed) - FAIL == set()


def test_the_last_expression_is_shown_unless_it_is_none_or_ends_with_a_semicolon(run):
    assert run.displayed("last") == [{"text/plain": "2"}]
    assert run.displayed("quiet") == []
    assert run.displayed("nothing") == []


def test_display_needs_no_import(run):
    assert [d["text/plain"] for d in run.displayed("explicit")] == ["'a text'", "[1, 2]"]


def test_ipython_objects(run):
    html, markdown, json_, svg = run.displayed("ipython")
    assert html["text/html"] == "<i>html</i>"
    assert markdown["text/markdown"] == "**md**"
    assert json_["application/json"] == {"k": [1]}
    assert svg["image/svg+xml"].startswith("<svg")


def test_rich_representations(run):
    rich, bundle = run.displayed("reprs")
    assert rich["text/html"] == "<p>rich</p>" and rich["text/latex"] == "$x$" and "text/plain" in rich
    assert bundle == {"text/plain": "plain", "application/x-mine+json": {"a": 1}}


def test_figures_are_images_without_a_window(run):
    shown = run.displayed("matplotlib")
    assert ["image/png" in data for data in shown] == [True, True]
    [plot] = run.displayed("plotly")
    assert plot["application/vnd.plotly.v1+json"]["data"][0]["type"] == "bar"


def test_frames_are_tables(run, folder):
    for block in ("pandas", "polars"):
        [data] = run.displayed(block)
        assert "text/plain" in data and any("arrow" in mime for mime in data), data.keys()
    assert "arrow" in " ".join(run.displayed("sorted")[0])


def test_a_display_is_updated_by_its_id(run):
    first, second = run.of("block.display", "update")
    assert first["id"] == second["id"]
    assert (first["data"]["text/plain"], second["data"]["text/plain"]) == ("'first'", "'second'")


def test_the_order_of_all_writers_is_kept(run):
    told = []
    for event in run.events:
        if event.get("block") != "order":
            continue
        if event["event"] == "block.output":
            told += [(line, event["stream"]) for line in event["text"].splitlines()]
        elif event["event"] == "block.display":
            told.append((event["data"]["text/plain"], "shown"))
    # Between its own two streams another program knows no order; both of its lines are where it ran.
    told[2:4] = sorted(told[2:4])
    assert told == [
        ("1 python out", "stdout"),
        ("2 python err", "stderr"),
        ("3 shell out", "stdout"),
        ("4 shell err", "stderr"),
        ("5 python out", "stdout"),
        ("6 c out", "stdout"),
        ("7 raw err", "stderr"),
        ("'8 shown'", "shown"),
        ("9 end", "stdout"),
    ]


def test_a_progress_bar_is_one_line_for_people(run, folder):
    assert run.text("progress").count("\r") == 101, "programs get every byte"
    said = folder.easel("logs", "progress").stdout
    assert said.count("%") == 1 and "100%" in said and "done" in said


def test_await_works_at_top_level(run):
    assert run.text("awaits") == "awaited\n"
    assert run.displayed("awaits") == [{"text/plain": "'awaited'"}]


@pytest.mark.parametrize(
    ("block", "line", "says"),
    [
        ("asks", 1, "input"),
        ("magic", 1, "%matplotlib"),
        ("shell", 1, "requirements.txt"),
        ("pip", 1, "requirements.txt"),
        ("cellmagic", 1, "%%time"),
    ],
)
def test_what_only_works_in_a_notebook_says_what_to_do_instead(run, block, line, says):
    error = run.error(block)
    assert says in error["evalue"], error
    assert error["line"] == line
    assert len(error["evalue"]) > 40, "an advice, not only a refusal"


def test_text_of_any_kind_arrives(run):
    assert run.text("unicode").startswith("grüße ✓ 你好 ")
    assert run.text("bytes") == "\ufffd\ufffd raw é\n"


def test_a_repr_that_raises_does_not_fail_the_block(run):
    assert "brokenrepr" in run.ran
    [data] = run.displayed("brokenrepr")
    assert "no repr" in data["text/plain"] or "B" in data["text/plain"]


def test_logs_and_outputs_show_the_same_later(run, folder, tmp_path):
    assert "3 shell out" in folder.easel("logs", "order").stdout
    folder.easel("outputs", "--save", str(tmp_path / "out"))
    saved = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any(path.read_bytes().startswith(b"\x89PNG") for path in saved)

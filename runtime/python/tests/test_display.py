"""What a block shows: MIME bundles, updates, figures, frames, IPython's names with and without IPython."""

import base64
import importlib.util
import json
import pathlib
import subprocess
import sys

import easel_runtime
import pytest
from easel_runtime import display, pretty

RUNTIME = pathlib.Path(__file__).resolve().parent.parent

PROLOGUE = f"""
import sys, json
sys.path.insert(0, {str(RUNTIME)!r})
import easel_runtime
easel_runtime.__path__[:] = {list(easel_runtime.__path__)!r}
from easel_runtime import display as _d, execute, ipython_shim
frames = []
_d.install(frames.append)
_d.adapt_libraries()
ipython_shim.install()
if {{hide!r}}:
    sys.path[:] = [p for p in sys.path if "site-packages" not in p]
loaded = set(sys.modules)
execute.run_source({{source!r}}, "b.py", {{{{}}}}, _d.show_result)
_d.flush_figures()
print("\\n" + json.dumps(frames))
"""


def needs(*names):
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def frames_of(source, hide=False):
    program = PROLOGUE.format(source=source, hide=hide)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def frames():
    sent = []
    display.install(sent.append)
    return sent


class Rich:
    def _repr_html_(self):
        return "<b>rich</b>"

    def _repr_png_(self):
        return b"\x89PNG"

    def _repr_json_(self):
        return {"a": [1]}

    def _repr_latex_(self):
        return None

    def _repr_svg_(self):
        return "<svg/>", {"isolated": True}


def test_every_form_an_object_has_is_sent():
    data, metadata = display.format(Rich())
    assert data["text/html"] == "<b>rich</b>"
    assert base64.b64decode(data["image/png"]) == b"\x89PNG"
    assert data["application/json"] == {"a": [1]}
    assert data["image/svg+xml"] == "<svg/>"
    assert metadata == {"image/svg+xml": {"isolated": True}}
    assert "text/latex" not in data
    assert "text/plain" in data


def test_a_mime_bundle_goes_first():
    class Bundled(Rich):
        def _repr_mimebundle_(self, include=None, exclude=None):
            return {"text/html": "mine", "text/plain": "plain"}

    data, _ = display.format(Bundled())
    assert (data["text/html"], data["text/plain"]) == ("mine", "plain")
    assert set(display.format(Bundled(), include=["text/html"])[0]) == {"text/html"}
    assert "text/html" not in display.format(Bundled(), exclude=["text/html"])[0]


def test_a_repr_that_raises_is_told():
    class Broken:
        def __repr__(self):
            raise ValueError("no")

        def _repr_html_(self):
            raise KeyError("k")

    text = display.format(Broken())[0]["text/plain"]
    assert "<repr of Broken failed: ValueError: no>" in text
    assert "<_repr_html_ of Broken failed: KeyError: 'k'>" in text


def test_a_repr_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(display, "REPR_LIMIT_S", 0.05)

    class Hanging:
        def __repr__(self):
            while True:
                pass

    assert "took longer than 0.05 s" in display.format(Hanging())[0]["text/plain"]


def test_an_object_that_answers_to_any_name_is_only_text():
    class Anything:
        def __getattr__(self, name):
            return lambda *_a, **_k: "wrong"

    assert list(display.format(Anything())[0]) == ["text/plain"]
    assert list(display.format(Rich)[0]) == ["text/plain"]


def test_too_large_outputs_are_named(monkeypatch):
    monkeypatch.setattr(display, "MAX_OUTPUT_BYTES", 1000)

    class Large:
        def _repr_html_(self):
            return "x" * 2000

    data, _ = display.format(Large())
    assert "text/html" not in data
    assert "not shown: text/html" in data["text/plain"]


def test_updates_carry_the_id(frames):
    handle = display.display("a", display_id=True)
    handle.update("b")
    display.update_display("c", display_id=handle.display_id)
    assert [(f["update"], f["id"] == handle.display_id, f["data"]["text/plain"]) for f in frames] == [
        (False, True, "'a'"),
        (True, True, "'b'"),
        (True, True, "'c'"),
    ]
    assert display.display("no handle") is None


def test_raw_clear_and_results(frames):
    display.display({"text/plain": "raw"}, raw=True, metadata={"k": 1})
    display.clear_output(wait=True)
    display.show_result(None)
    display.show_result(3)
    assert frames[0]["data"] == {"text/plain": "raw"}
    assert frames[0]["metadata"] == {"k": 1}
    assert (frames[1]["clear"], frames[1]["wait"], frames[1]["data"]) == (True, True, {})
    assert [f["data"].get("text/plain") for f in frames[2:]] == ["3"]


def test_what_was_printed_is_read_before_a_frame_is_sent():
    order = []
    display.install(lambda frame: order.append("frame"), lambda: order.append("drained"))
    display.display(1)
    assert order == ["drained", "frame"]


def test_containers_are_laid_out_and_bounded():
    assert pretty.pretty([1, "a", None]) == "[1, 'a', None]"
    assert pretty.pretty({"k" * 40: 1, "l" * 40: [2]}) == "{'" + "k" * 40 + "': 1,\n '" + "l" * 40 + "': [2]}"
    assert pretty.pretty([0] * 1500).endswith("… 500 more]")
    assert len(pretty.pretty([[i] * 10 for i in range(10**5)])) < 200_000
    loop = []
    loop.append(loop)
    assert pretty.pretty(loop) == "[[...]]"
    assert len(pretty.pretty("x" * 10**6)) < 101_000


@pytest.mark.parametrize("hide", [False, True], ids=["as installed", "without IPython"])
def test_names_of_ipython_display(hide):
    source = (
        "from IPython.display import (display, HTML, Image, Markdown, SVG, JSON, Latex, Math, Javascript, Audio,\n"
        "    Video, IFrame, clear_output, update_display, DisplayHandle)\n"
        "import IPython\nassert IPython.get_ipython() is None\n"
        "h = display(HTML('<b>'), display_id='x')\nh.update(Markdown('*m*'))\n"
        "display(JSON({'a': 1}), Math('x'), Javascript('1'), SVG('<svg/>'), IFrame('http://localhost', 1, 2))\n"
        "clear_output()\nImage(data=b'\\x89PNG\\r\\n\\x1a\\n0000')\n"
    )
    sent = frames_of(source, hide)
    assert sent[0]["data"]["text/html"] == "<b>"
    assert sent[0]["id"] == "x"
    assert sent[1]["data"]["text/markdown"] == "*m*"
    assert sent[1]["update"]
    assert sent[2]["data"]["application/json"] == {"a": 1}
    assert sent[3]["data"]["text/latex"] == "$\\displaystyle x$"
    assert sent[4]["data"]["application/javascript"] == "1"
    assert sent[5]["data"]["image/svg+xml"] == "<svg/>"
    assert "<iframe" in sent[6]["data"]["text/html"]
    assert sent[7]["clear"]
    assert "image/png" in sent[8]["data"]


def test_display_needs_no_import():
    assert frames_of("display(1)\n'last'")[1]["data"]["text/plain"] == "'last'"


@needs("matplotlib")
def test_figures_are_shown_once_and_closed():
    plot = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1, 2])\n"
    for tail in ("None", "fig", "plt.show()", "fig.show()", "display(fig)"):
        sent = [frame for frame in frames_of(plot + tail) if "image/png" in frame["data"]]
        assert len(sent) == 1, tail
        assert base64.b64decode(sent[0]["data"]["image/png"]).startswith(b"\x89PNG")
    two = frames_of(plot + "plt.figure(); plt.plot([3]);\n")
    assert len(two) == 2


@needs("plotly")
def test_plotly_figures_are_their_mime_type():
    sent = frames_of("import plotly.graph_objects as go\nf = go.Figure(go.Bar(y=[1])); f.show(); f")
    assert len(sent) == 2
    for frame in sent:
        assert frame["data"]["application/vnd.plotly.v1+json"]["data"][0]["type"] == "bar"
        assert frame["data"]["text/plain"] == "<plotly Figure: 1 trace (bar)>"


@needs("altair", "pandas")
def test_altair_charts_are_their_mime_type():
    sent = frames_of("import altair as alt\nalt.Chart({'values': [{'a': 1}]}).mark_bar().encode(x='a:Q')")
    (mime,) = [mime for mime in sent[0]["data"] if mime.startswith("application/vnd.vegalite.v")]
    assert sent[0]["data"][mime]["mark"]["type"] == "bar"


@needs("tqdm")
def test_progress_bars_are_text():
    source = "from tqdm.notebook import tqdm\nfor i in tqdm(range(3)): pass\nfrom tqdm.auto import trange\nlist(trange(2))"
    assert frames_of(source)[0]["data"]["text/plain"] == "[0, 1]"

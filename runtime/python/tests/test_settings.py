"""Settings that one block leaves are there for the next: each block is a fresh interpreter, as in a canvas."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

RUNTIME = pathlib.Path(__file__).resolve().parent.parent

_WORKER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from easel_runtime import patches, randomness, settings
inherited, files, code, preload = json.load(sys.stdin)
os.chdir(files)
sys.path.insert(0, files)
for name in preload:
    __import__(name)
randomness.reseed_all()
baseline = settings.snapshot()
notices = settings.apply(baseline, inherited, files)
shown = []
namespace = {"__name__": "__main__", "show": shown.append}
exec(compile(code, "block.py", "exec"), namespace)
found, more = settings.capture(baseline)
import ast
print(json.dumps({"settings": found, "notices": notices + more, "shown": shown,
                  "patched": patches.patched(namespace, ast.parse(code)),
                  "called": patches.called(namespace, ast.parse(code))}))
"""


class Canvas:
    def __init__(self, files: pathlib.Path) -> None:
        self.files = files
        self.settings: dict[str, Any] = {}

    def run(self, code: str, *preload: str) -> dict[str, Any]:
        """Run a block below the blocks run so far."""
        request = json.dumps([self.settings, str(self.files), code, list(preload)])
        command = [sys.executable, "-c", _WORKER, str(RUNTIME)]
        done = subprocess.run(command, input=request, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        self.settings = answer["settings"]
        return answer


@pytest.fixture
def canvas(tmp_path: pathlib.Path) -> Canvas:
    return Canvas(tmp_path)


def needs(*modules: str) -> pytest.MarkDecorator:
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason="not installed here: " + ", ".join(missing))


def test_a_block_that_changes_nothing_hands_on_what_it_got(canvas: Canvas) -> None:
    assert canvas.run("x = 1")["settings"] == {}
    first = canvas.run("import json, os\nos.environ['A'] = '1'\nos.mkdir('sub')\nos.chdir('sub')")["settings"]
    second = canvas.run("x = 1")["settings"]
    assert second == first
    assert list(second) == list(first)


def test_only_what_user_code_asked_for_counts_as_imported(canvas: Canvas) -> None:
    (canvas.files / "helpers.py").write_text("import colorsys\n")
    found = canvas.run("import xml.dom.minidom\nfrom xml import sax\nimport importlib\nimport helpers\n"
                       "importlib.import_module('wave')\n"
                       "def f():\n    import chunk_of_nothing\ntry:\n    f()\nexcept ImportError:\n    pass\n")  # fmt: skip
    assert list(found["settings"]) == [
        "import:xml.dom.minidom", "import:xml", "import:xml.sax", "import:importlib", "import:colorsys",
        "local:helpers", "import:wave",
    ]  # fmt: skip


def test_submodules_and_helpers_are_imported_again_below(canvas: Canvas) -> None:
    (canvas.files / "helpers.py").write_text("import os\nos.environ['FROM_HELPER'] = '1'\n")
    canvas.run("import xml.dom.minidom, helpers")
    below = canvas.run("import sys, os\nshow('xml.dom.minidom' in sys.modules)\nshow('helpers' in sys.modules)\n"
                       "show(os.environ['FROM_HELPER'])")  # fmt: skip
    assert below["shown"] == [True, True, "1"]
    assert below["notices"] == []


def test_a_module_that_is_gone_is_named_and_the_block_runs(canvas: Canvas) -> None:
    (canvas.files / "helpers.py").write_text("")
    canvas.run("import helpers")
    (canvas.files / "helpers.py").unlink()
    below = canvas.run("show('ran')")
    assert below["shown"] == ["ran"]
    assert "`helpers`" in below["notices"][0]["message"]
    assert "local:helpers" in below["settings"]


def test_environment_folder_and_path_travel_and_can_be_taken_back(canvas: Canvas) -> None:
    found = canvas.run("import os, sys\nos.environ['MODE'] = 'fast'\nos.environ.pop('HOME', None)\n"
                       "os.mkdir('lib')\nsys.path.append(os.path.abspath('lib'))\nos.chdir('lib')")["settings"]  # fmt: skip
    assert found["environ:MODE"] == "fast"
    assert found["environ:HOME"] is None
    assert found["cwd"] == "lib"
    assert found["sys_path"] == {"front": [], "back": ["lib"]}
    (canvas.files / "lib" / "deep.py").write_text("")
    below = canvas.run("import os, deep\nshow(os.environ['MODE'])\nshow(os.path.basename(os.getcwd()))\n"
                       "show('HOME' in os.environ)\ndel os.environ['MODE']\nos.chdir('..')")  # fmt: skip
    assert below["shown"] == ["fast", "lib", False]
    assert "environ:MODE" not in below["settings"]
    assert "cwd" not in below["settings"]


def test_filters_of_warnings_that_a_library_made_anew_are_those_that_were_there(canvas: Canvas) -> None:
    made_anew = """
import warnings
before = list(warnings.filters)
warnings.resetwarnings()
for action, message, category, module, line in reversed(before):
    text = lambda part: getattr(part, "pattern", part) or ""
    warnings.filterwarnings(action, text(message), category, text(module), line)
show(warnings.filters == before)
"""
    ran = canvas.run(made_anew)
    assert ran["shown"] == [False], "as text they are the same, as objects not"
    assert "warnings" not in ran["settings"]


def test_warning_filters_travel_but_those_that_libraries_set_do_not(canvas: Canvas) -> None:
    (canvas.files / "noisy.py").write_text("import warnings\nwarnings.simplefilter('always')\n")
    assert "warnings" not in canvas.run("import noisy")["settings"]
    canvas.run("import warnings\nwarnings.filterwarnings('error', message='stop', category=UserWarning)")
    below = canvas.run(
        "import warnings\ntry:\n    warnings.warn('stop here')\nexcept UserWarning:\n    show('raised')"
    )
    assert below["shown"] == ["raised"]


def test_a_seeded_generator_goes_on_where_it_stopped(canvas: Canvas) -> None:
    together = canvas.run("import random\nrandom.seed(7)\nshow([random.random(), random.random()])")["shown"][
        0
    ]
    canvas.settings = {}
    first = canvas.run("from random import seed, random\nseed(7)\nshow(random())")["shown"][0]
    second = canvas.run("import random\nshow(random.random())")["shown"][0]
    assert [first, second] == together


def test_an_unseeded_generator_neither_travels_nor_repeats(canvas: Canvas) -> None:
    draw = "import random\nshow(random.random())"
    first, second = canvas.run(draw), canvas.run(draw)
    assert first["shown"] != second["shown"]
    assert not [key for key in second["settings"] if key.startswith("random:")]
    canvas.run("import random\nrandom.seed(1)")
    assert "random:python" not in canvas.run("import random\nrandom.seed()")["settings"]


def test_decimal_precision_travels(canvas: Canvas) -> None:
    canvas.run("import decimal\ndecimal.getcontext().prec = 5")
    assert canvas.run("import decimal\nshow(str(decimal.Decimal(1) / 3))")["shown"] == ["0.33333"]


def test_patches_of_modules_and_their_classes_are_named(canvas: Canvas) -> None:
    found = canvas.run("import json, fractions\njson.loud = 1\nfractions.Fraction.shout = len\n"
                       "setattr(json, 'quiet', 2)\nclass A: pass\nA.x = 1\nimport sys\nsys.path = sys.path\n")  # fmt: skip
    assert sorted(found["patched"]) == ["fractions.Fraction.shout", "json.loud", "json.quiet"]


def test_an_accessor_that_a_block_registers_is_named(canvas: Canvas) -> None:
    pandas = pytest.importorskip("pandas")
    assert pandas
    found = canvas.run("import pandas as pd\n@pd.api.extensions.register_dataframe_accessor('own')\nclass Own:\n"
                       "    def __init__(self, df): self.df = df\n@staticmethod\ndef f(): pass\n")  # fmt: skip
    assert found["patched"] == ["pandas.DataFrame.own"]


@needs("numpy")
@pytest.mark.parametrize("preload", [(), ("numpy",)])
def test_numpy_s_generator_and_error_state_travel(canvas: Canvas, preload: tuple[str, ...]) -> None:
    seed = "import numpy as np\nnp.random.seed(3)\nnp.seterr(divide='raise')\n"
    whole = canvas.run(seed + "show(np.random.rand(2).tolist())", *preload)["shown"][0]
    canvas.settings = {}
    one = canvas.run(seed + "np.set_printoptions(precision=2)\nshow(np.random.rand())", *preload)["shown"][0]
    below = canvas.run("import numpy as np\nshow(np.random.rand())\nshow(np.geterr()['divide'])\n"
                       "show(np.get_printoptions()['precision'])", *preload)["shown"]  # fmt: skip
    assert [one, below[0]] == whole
    assert below[1:] == ["raise", 2]


@needs("pandas")
@pytest.mark.parametrize("preload", [(), ("pandas",)])
def test_pandas_options_travel(canvas: Canvas, preload: tuple[str, ...]) -> None:
    found = canvas.run("import pandas as pd\npd.set_option('display.max_rows', 7)\n"
                       "pd.options.display.float_format = '{:.1f}'.format", *preload)  # fmt: skip
    assert sorted(key for key in found["settings"] if key.startswith("pandas:")) == [
        "pandas:display.float_format", "pandas:display.max_rows",
    ]  # fmt: skip
    below = canvas.run("import pandas as pd\nshow(pd.get_option('display.max_rows'))\nshow(str(pd.Series([1.25]).iloc[0]))\n"
                       "show('1.2' in pd.Series([1.23]).to_string())", *preload)  # fmt: skip
    assert below["shown"] == [7, "1.25", True]
    third = canvas.run("import pandas as pd\npd.reset_option('display.max_rows')\n"
                       "pd.set_option('display.float_format', lambda v: 'n')", *preload)  # fmt: skip
    assert "pandas:display.max_rows" not in third["settings"]
    assert "display.float_format" in third["notices"][0]["message"]


@needs("matplotlib")
def test_matplotlib_settings_travel(canvas: Canvas) -> None:
    canvas.run("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
               "plt.rcParams['figure.dpi'] = 51\nplt.rcParams['axes.prop_cycle'] = plt.cycler(color=['r', 'g'])")  # fmt: skip
    below = canvas.run("import matplotlib\nshow(matplotlib.rcParams['figure.dpi'])\n"
                       "show(matplotlib.rcParams['axes.prop_cycle'].by_key())")  # fmt: skip
    assert below["shown"] == [51.0, {"color": ["r", "g"]}]


def test_calls_and_objects_of_modules_that_do_not_travel_are_named(canvas: Canvas) -> None:
    (canvas.files / "helpers.py").write_text("class Config: pass\nconfig = Config()\n")
    code = ("import helpers, sqlite3, gc\nfrom socket import setdefaulttimeout as wait\nhelpers.config.mode = 1\n"
            "sqlite3.register_adapter(dict, str)\nwait(5)\nwait(None)\n"
            "class Own: pass\nown = Own()\nown.x = 1\ndef f(): pass\nf.x = 1\nf()\n")  # fmt: skip
    found = canvas.run(code)
    assert found["patched"] == ["helpers.config.mode"]
    assert found["called"] == ["sqlite3.register_adapter", "wait"]


def test_limits_of_the_process_travel(canvas: Canvas) -> None:
    canvas.run(
        "import sys, csv\nsys.setrecursionlimit(2500)\nsys.set_int_max_str_digits(9000)\ncsv.field_size_limit(5)"
    )
    show = "import sys, csv\nshow([sys.getrecursionlimit(), sys.get_int_max_str_digits(), csv.field_size_limit()])\n"
    below = canvas.run(show + "sys.setrecursionlimit(1000)")
    assert below["shown"] == [[2500, 9000, 5]]
    assert "recursionlimit" not in below["settings"]
    assert canvas.run(show)["shown"] == [[1000, 9000, 5]]


def test_what_logging_was_set_up_for_travels(canvas: Canvas) -> None:
    canvas.run("import logging\nlogging.basicConfig(level='INFO', format='%(levelname)s|%(message)s')\n"
               "logging.getLogger('a.b').setLevel('ERROR')\nlogging.getLogger('quiet').disabled = True")  # fmt: skip
    show = ("import io, logging, sys\nlog = logging.getLogger()\n"
            "show([log.level, logging.getLogger('a.b').level, logging.getLogger('quiet').disabled, len(log.handlers)])\n"
            "show([h.stream is sys.stderr and h.format(logging.makeLogRecord({'msg': 'x', 'levelname': 'L'})) for h in log.handlers])\n")  # fmt: skip
    for _ in range(2):
        below = canvas.run(show)
        assert below["notices"] == []
        assert below["shown"] == [[20, 40, True, 1], ["L|x"]]
    canvas.run("import logging\nlogging.basicConfig(force=True, level='WARNING', handlers=[])\nlogging.disable(10)\n"
               "logging.getLogger('a.b').setLevel(0)\nlogging.getLogger('quiet').disabled = False")  # fmt: skip
    below = canvas.run(show + "show(logging.root.manager.disable)\nlogging.disable(0)")
    assert below["shown"] == [[30, 0, False, 0], [], 10]
    assert below["settings"] == {"import:logging": True, "import:io": True, "import:sys": True}


def test_a_log_handler_that_cannot_travel_is_named(canvas: Canvas) -> None:
    found = canvas.run("import logging, logging.handlers\nlogging.getLogger('mine').addHandler(logging.FileHandler('x.log'))\n"
                       "logging.root.addHandler(logging.StreamHandler(open('y.log', 'w')))")  # fmt: skip
    assert [notice["kind"] for notice in found["notices"]] == ["not_carried"] * 2
    assert "`logging.FileHandler` of the logger `mine`" in found["notices"][1]["message"]
    assert canvas.run("import logging\nshow(logging.getLogger('mine').handlers)")["shown"] == [[]]


def test_what_a_library_sets_up_of_logging_is_its_own(canvas: Canvas) -> None:
    (canvas.files / "noisy.py").write_text(
        "import logging\nlogging.basicConfig(filename='z.log', level='DEBUG')\n"
    )
    found = canvas.run("import noisy\nimport logging\nlogging.getLogger('mine').setLevel(10)")
    assert [key for key in found["settings"] if key.startswith("logging:")] == ["logging:mine"]
    assert found["notices"] == []


@needs("sklearn")
def test_the_settings_of_scikit_learn_travel(canvas: Canvas) -> None:
    canvas.run("import sklearn\nsklearn.set_config(transform_output='pandas')")
    below = canvas.run("import sklearn\nshow(sklearn.get_config()['transform_output'])")
    assert below["shown"] == ["pandas"]
    assert [key for key in below["settings"] if key.startswith("sklearn:")] == ["sklearn:transform_output"]


@needs("torch")
def test_the_settings_of_torch_travel(canvas: Canvas) -> None:
    canvas.run("import torch\ntorch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)")
    below = canvas.run("import torch\nshow([str(torch.ones(1).dtype), torch.is_grad_enabled()])")
    assert below["shown"] == [["torch.float64", False]]


@needs("matplotlib")
def test_the_backend_of_matplotlib_travels(canvas: Canvas) -> None:
    found = canvas.run(
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.switch_backend('svg')\nplt.ion()"
    )
    assert {"matplotlib_backend": "svg", "matplotlib_interactive": True}.items() <= found["settings"].items()
    below = canvas.run(
        "import matplotlib.pyplot as plt\nshow([plt.get_backend().lower(), plt.isinteractive()])"
    )
    assert below["shown"] == [["svg", True]]

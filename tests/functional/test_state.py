"""State goes from block to block: on real data, whole, and by name when it cannot."""

from __future__ import annotations

import pytest

BLOCKS = {
    "make": """
        import enum, dataclasses, datetime, decimal, functools, pathlib, re, collections
        import numpy as np, pandas as pd, polars as pl, pyarrow as pa
        from sklearn.linear_model import LinearRegression

        array = np.arange(12.0).reshape(3, 4)
        view = array[:, 1]
        frame = pd.DataFrame({"x": [1.5, None, 3.0], "c": pd.Categorical(["a", "b", "a"]), "s": ["u", None, "w"]},
                             index=pd.date_range("2026-01-01", periods=3, freq="D"))
        series = frame["x"]
        lazy = pl.DataFrame({"k": [1, 2, None], "v": ["a", "b", "c"]})
        table = pa.table({"n": [1, 2, 3]})
        model = LinearRegression().fit(np.arange(5).reshape(-1, 1), np.arange(5) * 2.0)
        shared = [1]
        also = shared
        holder = {"list": shared}

        class Color(enum.Enum):
            RED = 1

        @dataclasses.dataclass
        class Point:
            x: int
            y: int = 2
            def norm(self):
                return (self.x**2 + self.y**2) ** 0.5

        class Base:
            def hello(self):
                return "base"
        class Derived(Base):
            def hello(self):
                return "derived " + super().hello()

        point = Point(3, 4)
        derived = Derived()
        color = Color.RED
        factor = 10
        def scale(x):
            return x * factor
        @functools.lru_cache
        def cached(n):
            return n + 1
        cached(1)
        def counter():
            n = 0
            def up():
                nonlocal n
                n += 1
                return n
            def get():
                return n
            return up, get
        up, get = counter()
        up()
        double = lambda x: x * 2
        when = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
        money = decimal.Decimal("1.10")
        pattern = re.compile("a+")
        path = pathlib.Path("a/b")
        queue = collections.deque([1, 2], maxlen=5)
        big = 10**50
        nothing = None
        """,
    "use": """
        import numpy as np
        assert array.shape == (3, 4) and array.flags.writeable
        view[0] = -1.0
        assert array[0, 1] == -1.0, "a view stays a view"
        assert frame.index.freq is not None and str(frame["c"].dtype) == "category"
        assert frame["x"].isna().sum() == 1
        frame.loc[frame.index[0], "x"] = 9.0
        assert lazy["k"].null_count() == 1
        assert table.num_rows == 3
        assert abs(model.predict([[3]])[0] - 6.0) < 1e-9
        assert shared is also and holder["list"] is shared
        shared.append(2)
        assert also == [1, 2]
        assert isinstance(point, Point) and point.norm() == 5.0
        assert isinstance(derived, Base) and derived.hello() == "derived base"
        assert color is Color.RED
        assert scale(2) == 20
        factor = 100
        assert scale(2) == 200, "a carried function reads the block's names"
        assert cached(5) == 6
        assert get() == 1 and up() == 2 and get() == 2, "shared cells stay shared"
        assert double(4) == 8 and money == decimal.Decimal("1.10") and when.year == 2026
        assert pattern.match("aaa") and path.name == "b" and queue.maxlen == 5 and big == 10**50
        assert nothing is None
        import inspect
        assert "x * factor" in inspect.getsource(scale)
        print("all there")
        """,
    "after": """
        assert array[0, 1] == -1.0 and view[0] == -1.0
        assert frame["x"].iloc[0] == 9.0
        assert shared == [1, 2] and also is shared
        assert get() == 2
        print("still there")
        """,
    "aside": "assert array[0, 1] == 1.0 and shared == [1]\nassert factor == 10\nprint('untouched')\n",
}
EDGES = ["make -> use", "use -> after", "make -> aside"]


def test_real_values_go_from_block_to_block(canvas):
    folder = canvas(BLOCKS, EDGES)
    run = folder.good()
    assert run.of("block.notice") == []
    assert run.text("use") == "all there\n"
    assert run.text("after") == "still there\n"
    assert run.text("aside") == "untouched\n"
    # And again from the disk, in an order of its own.
    assert folder.good("--only", "after", "--force").text("after") == "still there\n"
    shown = folder.easel("state", "make").stdout
    for name in ("array", "frame", "model", "scale", "Point"):
        assert name in shown


def test_what_is_not_carried_is_named_and_explained_where_it_is_missed(canvas):
    folder = canvas(
        {
            "make": """
                import sqlite3, threading
                lock = threading.Lock()
                lines = open("/etc/hostname")
                numbers = (n for n in range(3))
                connection = sqlite3.connect(":memory:")
                deleted = 1
                kept = 2
                """,
            "drop": "del deleted\n",
            "use": "print(kept)\nconnection.execute('select 1')\n",
            "gone": "print(deleted)\n",
        },
        ["make -> drop", "make -> use", "drop -> gone"],
    )
    run = folder.run()
    said = "\n".join(run.notices("make", "not_carried"))
    for name in ("lock", "lines", "numbers", "connection"):
        assert f"`{name}`" in said
    assert run.text("use") == "2\n"
    error = run.error("use")
    assert error["ename"] == "NameError" and error["line"] == 2
    assert "`make`" in error["evalue"] and "connection" in error["evalue"]
    assert len(error["evalue"]) > 60, "who made it, what it was, why, what to do"
    assert run.error("gone")["ename"] == "NameError"
    shown = folder.easel("state", "make").stdout
    assert "connection" in shown and "not carried" in shown


def test_a_join_is_three_way(canvas):
    folder = canvas(
        {
            "top": "a = 1\nb = 1\nc = 1\n",
            "left": "a = 'left'\nc = 'left'\nonly_left = 1\n",
            "right": "b = 'right'\nc = 'right'\n",
            "bottom": "print(a, b, c, only_left)\n",
        },
        ["top -> left", "top -> right", "left -> bottom", "right -> bottom"],
    )
    run = folder.good()
    assert run.text("bottom") == "left right right 1\n"
    [message] = run.notices("bottom", "name_conflict")
    assert "`c`" in message and "`left`" in message and "`right`" in message
    folder.edges.remove("left -> bottom")
    folder.edges.append("left -> bottom")
    folder.write_yaml()
    assert folder.good().text("bottom") == "left right left 1\n"


def test_a_class_stays_one_where_only_one_branch_ran_since_its_block_did(canvas):
    folder = canvas(
        {
            "top": "class Base: pass\nclass Kind(Base): pass\ndef f(): return Kind\nitems = [1]\n",
            "left": "left = Kind()\nleft_f = f\nleft_items = items\n",
            "right": "right = Kind()\nright_f = f\nitems\n",
            "bottom": """
                print(type(left) is Kind is type(right), isinstance(left, Base) and isinstance(right, Base))
                print(left_f is right_f is f, f() is Kind, left_items is items)
                Kind.mark = 5
                """,
            "below": "print(left.mark, right.mark, Kind.mark)\n",
        },
        ["top -> left", "top -> right", "left -> bottom", "right -> bottom", "bottom -> below"],
    )
    folder.good("--only", "top", "--only", "left")
    folder.good("--only", "top", "--force")
    run = folder.good()
    assert run.ran == ["below", "bottom", "right"], "`left` has the class from before"
    assert run.text("bottom") == "True True\nTrue True True\n"
    assert run.text("below") == "5 5 5\n"


def test_settings_of_the_process_go_along(canvas):
    folder = canvas(
        {
            "settings": """
                import os, random, sys, warnings
                import matplotlib, numpy as np, pandas as pd
                import xml.dom.minidom
                os.environ["MY_SETTING"] = "on"
                pd.set_option("display.max_rows", 7)
                matplotlib.rcParams["figure.dpi"] = 33
                np.seterr(divide="raise")
                warnings.filterwarnings("error", message="loud")
                sys.path.append("more")
                random.seed(1)
                np.random.seed(1)
                first = (random.random(), float(np.random.rand()))
                """,
            "use": """
                import os, random, warnings
                import matplotlib, numpy as np, pandas as pd
                print(os.environ["MY_SETTING"], pd.get_option("display.max_rows"), matplotlib.rcParams["figure.dpi"])
                print(np.geterr()["divide"])
                import extra
                print(extra.NAME, xml.dom.minidom.__name__)
                try:
                    warnings.warn("loud")
                except UserWarning:
                    print("raised")
                print(random.random(), float(np.random.rand()))
                """,
        },
        ["settings -> use"],
        files={"more/extra.py": "NAME = 'found'\n"},
    )
    folder.good()
    run = folder.good("--only", "use", "--force")
    lines = run.text("use").splitlines()
    assert lines[:4] == ["on 7 33.0", "raise", "found xml.dom.minidom", "raised"]
    again = folder.good("--only", "use", "--force").text("use").splitlines()
    assert again[4] == lines[4], "a seeded generator goes on where it was"


def test_unseeded_blocks_draw_different_numbers(canvas):
    draw = "import random\nimport numpy as np\nprint(np.random.rand(), random.random())\n"
    folder = canvas({"one": draw, "two": draw, "three": draw})
    run = folder.good()
    numbers = [n for block in ("one", "two", "three") for n in run.text(block).split()]
    assert len(set(numbers)) == 6
    assert run.notices("one", "unseeded_random")


def test_parallel_work_inside_a_block(canvas):
    folder = canvas(
        {
            "above": "offset = 1\ndef shifted(x):\n    return x + offset\n",
            "pool": """
                from multiprocessing import Pool
                def square(x):
                    return x * x
                with Pool(2) as pool:
                    print(pool.map(square, range(4)), pool.map(shifted, range(3)))
                """,
            "spawn": """
                import multiprocessing
                from concurrent.futures import ProcessPoolExecutor
                with ProcessPoolExecutor(2) as pool:
                    print(list(pool.map(abs, [-1, -2])))
                """,
            "joblib": """
                from joblib import Parallel, delayed
                def cube(x):
                    return x ** 3
                print(Parallel(n_jobs=2)(delayed(cube)(i) for i in range(3)))
                """,
            "threads": """
                from concurrent.futures import ThreadPoolExecutor
                with ThreadPoolExecutor(4) as pool:
                    print(sum(pool.map(lambda x: x + 1, range(10))))
                """,
            "shell": """
                import subprocess
                print(subprocess.run(["echo", "hi"], capture_output=True, text=True).stdout.strip())
                """,
            "sklearn": """
                from sklearn.ensemble import RandomForestClassifier
                import numpy as np
                X = np.random.default_rng(0).normal(size=(60, 3))
                forest = RandomForestClassifier(10, n_jobs=2, random_state=0).fit(X, X[:, 0] > 0)
                print(forest.score(X, X[:, 0] > 0) > 0.9)
                """,
        },
        ["above -> pool"],
    )
    run = folder.good()
    assert run.text("pool") == "[0, 1, 4, 9] [1, 2, 3]\n"
    assert run.text("spawn") == "[1, 2]\n"
    assert run.text("joblib") == "[0, 1, 8]\n"
    assert run.text("threads") == "55\n"
    assert run.text("shell") == "hi\n"
    assert run.text("sklearn") == "True\n"


def test_a_thread_that_still_runs_and_a_patched_module_are_said(canvas):
    folder = canvas(
        {
            "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nx = 1\n",
            "patch": "import json\njson.dumps = lambda *a, **k: 'patched'\n",
        }
    )
    run = folder.good()
    assert run.notices("thread", "live_threads")
    assert "json.dumps" in run.notices("patch", "patched_module")[0]


def test_two_blocks_that_write_one_file_at_once_are_told(canvas, gate):
    write = "open('same.txt', 'w').write('{}')\n" + gate.code
    folder = canvas({"one": write.format("1"), "two": write.format("2")})
    command = folder.start("--json", "--jobs", "2")
    gate.arrived()
    gate.arrived()
    gate.open()
    out, _ = command.communicate()
    notices = [line for line in out.splitlines() if '"file_conflict"' in line]
    assert notices and "same.txt" in notices[0] and "`one`" in notices[0] and "`two`" in notices[0]


@pytest.mark.parametrize("isolation", ["pod", "none"])
def test_other_isolations_run_the_same_and_say_what_they_are(canvas, isolation):
    folder = canvas({"make": "value = [1, 2]\n", "use": "print(sum(value))\n"}, ["make -> use"])
    run = folder.good("--isolation", isolation)
    assert run.text("use") == "3\n"
    if isolation == "none":
        assert run.notices("make", "degraded_isolation")

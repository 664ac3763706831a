"""Arrays, frames and models travel exactly, where the environment has their libraries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from journey import Journey


@pytest.fixture
def chain() -> Iterator[Journey]:
    made = Journey()
    yield made
    made.close()


def test_arrays_come_back_writable_and_equal(chain: Journey) -> None:
    pytest.importorskip("numpy")
    chain.block(
        "import numpy as np\na = np.arange(100000.0).reshape(100, 1000); f = np.asfortranarray(a); o = np.array([1, 'a', None], object)"
    )
    after = chain.block("a[0, 0] = 5\nr = (a.sum(), f.flags.f_contiguous, f[1, 0], list(o))")
    assert after["r"] == (4999950000.0 + 5, True, 1000.0, [1, "a", None])
    assert chain.block("s = a[0, 0]")["s"] == 5


def test_a_view_and_its_base_keep_sharing_memory(chain: Journey) -> None:
    pytest.importorskip("numpy")
    chain.block("import numpy as np\nbase = np.zeros(10); view = base[2:5]; rows = [base[::2]]")
    chain.block("view[:] = 7", reads=["view", "np"])
    after = chain.block("base[4] = 9")
    assert list(after["base"][2:5]) == [7, 7, 9]
    assert after["view"][2] == 9
    assert after["rows"][0][2] == 9


def test_an_unchanged_array_keeps_its_slot_and_a_changed_one_does_not(chain: Journey) -> None:
    pytest.importorskip("numpy")
    chain.block("import numpy as np\na = np.ones(50000); b = np.ones(50000)")
    slots = chain.slot("a"), chain.slot("b")
    chain.block("t = a.sum(); b[7] = 2")
    assert chain.slot("a") == slots[0]
    assert chain.slot("b") != slots[1]


FRAMES = """
import pandas as pd, numpy as np
df = pd.DataFrame({'i': [1, 2, 3], 'f': [0.5, np.nan, 2], 's': ['a', None, 'c'], 't': pd.date_range('2024', periods=3, tz='Europe/Vienna'),
  'c': pd.Categorical(['x', 'y', 'x']), 'n': pd.array([1, None, 3], dtype='Int64'), 'o': [[1], {'a': 2}, None]},
  index=pd.Index([10, 20, 30], name='key'))
df.attrs['unit'] = 'm'
multi = df.set_index(['i', 's'])[['f']]
series = df['f'].rename('other')
"""


def test_pandas_frames_are_exact(chain: Journey) -> None:
    pd = pytest.importorskip("pandas")
    chain.block(FRAMES)
    first = {}
    exec(FRAMES, first)
    after = chain.block("")
    for name in ("df", "multi"):
        pd.testing.assert_frame_equal(after[name], first[name], check_freq=True)
    pd.testing.assert_series_equal(after["series"], first["series"])
    assert after["df"].attrs == {"unit": "m"}


def test_reading_a_frame_does_not_make_it_changed(chain: Journey) -> None:
    pytest.importorskip("pandas")
    chain.block(FRAMES)
    slots = {name: chain.slot(name) for name in ("df", "multi", "series")}
    chain.block(
        "m = df['f'].mean(); g = df.groupby('c', observed=True)['i'].sum(); k = multi.describe(); l = len(series.dropna())"
    )
    assert {name: chain.slot(name) for name in slots} == slots


def test_frames_cut_from_one_another_are_stored_apart(chain: Journey) -> None:
    pytest.importorskip("pandas")
    chain.block("import pandas as pd\ndf = pd.DataFrame({'a': range(5)}); part = df[df.a > 2]; copy = df")
    assert chain.slot("df") != chain.slot("part")
    assert chain.slot("df") == chain.slot("copy")


def test_polars_and_arrow_tables(chain: Journey) -> None:
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    chain.block(
        "import polars as pl, pyarrow as pa\np = pl.DataFrame({'a': [1, 2], 's': ['x', None]}); t = pa.table({'b': [1.5, None]})"
    )
    slots = chain.slot("p"), chain.slot("t")
    after = chain.block("r = (p['a'].sum(), t.num_rows, p['s'].to_list(), t['b'].to_pylist())")
    assert after["r"] == (3, 2, ["x", None], [1.5, None])
    assert (chain.slot("p"), chain.slot("t")) == slots


def test_a_fitted_model_predicts_the_same_and_is_not_changed_by_reading(chain: Journey) -> None:
    pytest.importorskip("sklearn")
    chain.block(
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\nfrom sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "X = np.arange(60.0).reshape(20, 3); y = np.arange(20) % 2\n"
        "model = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(X, y)\nwant = model.predict(X)"
    )
    slot = chain.slot("model")
    assert chain.block("same = bool((model.predict(X) == want).all())")["same"]
    assert chain.slot("model") == slot


def test_a_duckdb_connection_is_named(chain: Journey) -> None:
    pytest.importorskip("duckdb")
    chain.block("import duckdb\ncon = duckdb.connect()\nrel = con.sql('select 1')")
    assert "connection" in chain.state["variables"]["con"]["not_carried"]["reason"]
    assert "not_carried" in chain.state["variables"]["rel"]


def test_a_figure_and_its_axes_travel_together(chain: Journey) -> None:
    pytest.importorskip("matplotlib")
    chain.block(
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.close(fig)"
    )
    assert chain.block("same = ax.figure is fig")["same"]

"""Previews of variables: right for frames, cheap for everything, and never running a user's code."""

import importlib.util

import pytest
from easel_runtime import tables


def optional(name):
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


pd, pl, pa, np = (optional(name) for name in ("pandas", "polars", "pyarrow", "numpy"))
needs_pandas = pytest.mark.skipif(pd is None or pa is None, reason="pandas and pyarrow are not installed")
needs_polars = pytest.mark.skipif(pl is None or pa is None, reason="polars and pyarrow are not installed")
needs_numpy = pytest.mark.skipif(np is None, reason="numpy is not installed")


class Hostile:
    """Everything a viewer might ask hangs or raises."""

    def __init__(self):
        self.x = 1

    def __repr__(self):
        while True:
            pass

    __str__ = __repr__

    def __len__(self):
        raise RuntimeError

    def __sizeof__(self):
        raise RuntimeError

    def __getattr__(self, name):
        raise RuntimeError

    @property
    def shape(self):
        raise RuntimeError


class HostileDict(dict):
    def __len__(self):
        raise RuntimeError

    def __iter__(self):
        raise RuntimeError


Hostile.__module__ = HostileDict.__module__ = "__main__"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: 1, {"type": "int", "shape": None, "preview": "1"}),
        (lambda: 10**5000, {"preview": "<int of 16610 bits>"}),
        (lambda: [1, [2, [3, [4]]]], {"shape": [2], "preview": "[1, [2, [3, […]]]]"}),
        (lambda: {"a": (1,)}, {"type": "dict", "shape": [1], "preview": "{'a': (1,)}"}),
        (lambda: set(), {"preview": "set()"}),
        (lambda: len, {"preview": "function len"}),
        (lambda: Hostile(), {"type": "Hostile", "preview": "Hostile(x=1)"}),
        (lambda: [Hostile()], {"preview": "[Hostile(x=1)]"}),
        (lambda: HostileDict(a=1), {"preview": "HostileDict (dict of 1)"}),
        (lambda: Hostile, {"preview": "class Hostile"}),
    ],
)
def test_values_are_described_without_their_own_code(make, expected):
    found = tables.describe_value(make())
    assert {key: found[key] for key in expected} == expected
    assert len(found["preview"]) <= 200


def test_long_values_are_cut_and_cost_nothing():
    assert len(tables.describe_value("x" * 10**7)["preview"]) == 200
    found = tables.describe_value(list(range(10**6)))
    assert found["preview"].endswith("…]")
    assert 8 * 10**6 < found["bytes"] < 80 * 10**6


def test_addresses_are_left_out():
    assert tables.describe_value(iter([]))["preview"] == "<list_iterator object>"


@needs_numpy
def test_arrays():
    found = tables.describe_value(np.zeros((1000, 3)))
    assert (found["type"], found["shape"], found["bytes"]) == ("numpy.ndarray", [1000, 3], 24000)
    assert found["preview"].startswith("float64 [0.0, 0.0")
    assert tables.describe_value(np.zeros((3, 4)).T)["preview"].startswith("float64 [0.0")


def read(preview):
    reader = pa.ipc.open_file(preview)
    assert reader.num_record_batches == 1
    return reader.read_all()


@needs_pandas
def test_frames_are_described():
    frame = pd.DataFrame({"a": range(100), "b": "x"})
    found = tables.describe_value(frame)
    assert found["type"] == "pandas.DataFrame"
    assert found["shape"] == [100, 2]
    assert found["preview"].startswith("100 rows × 2 columns: a int64, b ")
    wide = tables.describe_value(pd.DataFrame([range(100)]))
    assert "9 int64, …" in wide["preview"]
    assert tables.describe_value(frame["a"])["preview"].startswith("int64 [0, 1, 2")


@needs_pandas
def test_pandas_previews_are_cut_and_keep_the_index():
    frame = pd.DataFrame({"a": range(5000), "b": ["x", None] * 2500}, index=range(10, 5010))
    table = read(tables.arrow_preview(frame, 1000, 50))
    assert table.num_rows == 1000
    assert table.column_names == ["index", "a", "b"]
    assert table["index"][0].as_py() == 10
    assert table["b"].null_count == 500
    assert read(tables.arrow_preview(pd.DataFrame([range(100)]), 1000, 50)).num_columns == 50


@needs_pandas
def test_weird_pandas_columns_become_text():
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["u", "v"]),
            "period": pd.period_range("2020", periods=2, freq="D"),
            "object": [Hostile(), {1}],
            "mixed": [1, "a"],
            "nested": [[1, 2], None],
            "complex": [1j, 2j],
            "interval": pd.interval_range(0, 2),
            "sparse": pd.arrays.SparseArray([0, 1]),
        }
    )
    before = frame.dtypes.to_dict()
    found = read(tables.arrow_preview(frame)).to_pydict()
    assert found["category"] == ["u", "v"]
    assert found["period"] == ["2020-01-01", "2020-01-02"]
    assert found["object"] == ["Hostile(x=1)", "{1}"]
    assert found["mixed"] == ["1", "a"]
    assert found["nested"] == ["[1, 2]", None]
    assert found["interval"] == ["(0, 1]", "(1, 2]"]
    assert found["sparse"] == [0, 1]
    assert frame.dtypes.to_dict() == before


@needs_pandas
@pytest.mark.parametrize("columns", [["a", "a"], [("x", 1), ("y", 2)], [1, None]])
def test_odd_column_names(columns):
    assert read(tables.arrow_preview(pd.DataFrame([[1, 2]], columns=columns))).num_columns == 2


@needs_polars
def test_polars_previews():
    frame = pl.DataFrame(
        {
            "n": [1, None],
            "s": ["x", "y"],
            "l": [[1], [2]],
            "c": pl.Series(["a", "b"], dtype=pl.Categorical),
            "o": pl.Series([Hostile(), None], dtype=pl.Object),
        }
    )
    table = read(tables.arrow_preview(frame))
    assert table.to_pydict()["o"] == ["Hostile(x=1)", None]
    assert table.to_pydict()["l"] == ["[1]", "[2]"]
    assert {str(field.type) for field in table.schema} <= {"int64", "string", "large_string"}
    assert tables.describe_value(frame)["shape"] == [2, 5]
    assert tables.describe_value(frame.lazy())["preview"] == "lazy frame"


@needs_polars
def test_pyarrow_previews():
    table = pa.table(
        {"d": pa.array(["a", "b"]).dictionary_encode(), "s": [{"k": 1}, None], "b": [b"\x00", b""]}
    )
    found = read(tables.arrow_preview(table)).to_pydict()
    assert found == {"d": ["a", "b"], "s": ["{'k': 1}", None], "b": ["b'\\x00'", "b''"]}


def test_what_is_no_table_has_no_preview():
    assert tables.arrow_preview([1, 2]) is None
    assert tables.arrow_preview(Hostile()) is None

"""Frames, series and tables travel from block to block as Arrow files: as they were, at the cost of what changed."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from easel_runtime.state import arrow
from easel_runtime.state.objects import DamagedObjectError, ObjectFolder
from journey import Journey

pytest.importorskip("pandas", minversion="3")
pytest.importorskip("pyarrow")

import pyarrow as pa
from same_tables import differences

MIB = 1 << 20


@pytest.fixture
def chain() -> Iterator[Journey]:
    journey = Journey()
    yield journey
    journey.close()


def entry(chain: Journey, name: str) -> dict[str, Any]:
    found: dict[str, Any] = chain.state["slots"][chain.slot(name)]
    return found


def added(chain: Journey, source: str, reads: list[str] | None = None) -> int:
    """Bytes of the objects that a block adds."""
    folder = pathlib.Path(chain.root) / "objects"
    before = set(folder.glob("*/*"))
    chain.block(source, reads)
    return sum(path.stat().st_size for path in set(folder.glob("*/*")) - before)


def file_of(chain: Journey, name: str) -> bytes:
    """The Arrow file that another program would read."""
    slot = entry(chain, name)
    folder = ObjectFolder(os.path.join(chain.root, "objects"))
    stored = folder.component(slot["object"], slot["offset"], slot["length"]).extents[0]
    return b"".join(bytes(folder.open(r.object).data(r.offset, r.length)) for r in stored.runs)


FRAME = """
import pandas as pd, numpy as np
df = pd.DataFrame({'i': np.arange(5), 'f': [0.5, np.nan, -0.0, 1, 2], 'b': [True, False] * 2 + [True], 's': ['a', None, 'c', 'ü', ''],
  'o': pd.array(['x', None, 'y', 'x', 'z'], dtype=object), 't': pd.date_range('2024', periods=5, tz='Europe/Vienna'),
  'c': pd.Categorical(['x', 'y', 'x', None, 'y']), 'n': pd.array([1, None, 3, 4, 5], dtype='Int64')},
  index=pd.date_range('2024', periods=5, freq='D', name='day'))
df.attrs['unit'] = 'm'
s = df['f'].rename('other'); m = df.reset_index().set_index(['c', 'i'])
"""


def test_frames_and_series_come_back_exactly_and_stay_what_they_are(chain: Journey) -> None:
    first: dict[str, Any] = {}
    exec(FRAME, first)
    chain.block(FRAME)
    slots = {name: chain.slot(name) for name in ("df", "s", "m")}
    for name in slots:
        assert entry(chain, name)["codec"] == "arrow"
        assert entry(chain, name)["table"] == {"extent": 0, "rows": 5, "complete": True}
    after = chain.block("total = df['i'].sum() + len(m) + s.sum(); top = df.sort_values('f').head(2)")
    for name in slots:
        assert differences(first[name], after[name]) == []
        assert chain.slot(name) == slots[name]
    again = chain.block("df.loc[df.index[0], 'f'] = 9.0")
    assert chain.slot("df") != slots["df"] and chain.slot("s") == slots["s"]
    assert again["s"].iloc[0] == 0.5
    assert chain.block("")["df"]["f"].iloc[0] == 9.0


def test_any_reader_of_arrow_can_open_what_is_stored(chain: Journey) -> None:
    chain.block(FRAME)
    table = pa.ipc.open_file(pa.py_buffer(file_of(chain, "df"))).read_all()
    table.validate(full=True)
    assert table.column_names == ["day", "i", "f", "b", "s", "o", "t", "c", "n"]
    assert table.column("o").to_pylist() == ["x", None, "y", "x", "z"]
    assert table.column("n").to_pylist() == [1, None, 3, 4, 5]


def test_one_cell_of_a_large_frame_costs_its_chunk(chain: Journey) -> None:
    make = (
        f"import pandas as pd, numpy as np; df = pd.DataFrame(np.ones(({4 * MIB}, 4)), columns=list('abcd'))"
    )
    assert added(chain, make) > 128 * MIB
    assert added(chain, "t = float(df['b'].sum())") < MIB
    assert added(chain, "df.loc[3_000_000, 'c'] = 7.0") < 2 * MIB
    assert chain.block("")["df"].loc[3_000_000, "c"] == 7.0
    assert added(chain, "df['e'] = np.arange(len(df), dtype='i1')") < (4 + 3) * MIB
    after = chain.block("")["df"]
    assert list(after.columns) == ["a", "b", "c", "d", "e"]
    assert after["c"].sum() == 4 * MIB + 6 and after["e"].iloc[5] == 5


def test_two_names_of_one_frame_stay_one(chain: Journey) -> None:
    chain.block("import pandas as pd; a = pd.DataFrame({'x': [1, 2]}); b = a; c = a.copy()")
    after = chain.block("a.loc[0, 'x'] = 5")
    assert after["a"] is after["b"] and after["b"] is not after["c"]
    after = chain.block("")
    assert after["b"]["x"].tolist() == [5, 2] and after["c"]["x"].tolist() == [1, 2]


def test_what_shares_objects_with_another_variable_is_no_table_of_its_own(chain: Journey) -> None:
    chain.block(
        "import pandas as pd; note = ['m']; df = pd.DataFrame({'x': [1]}); df.attrs['note'] = note\n"
        "inside = [pd.DataFrame({'x': [1]})]; cells = pd.DataFrame({'o': [note, {}]})"
    )
    assert entry(chain, "df")["codec"] == "pickle5"
    assert entry(chain, "inside")["codec"] == "pickle5"
    after = chain.block("note.append('s')")
    assert after["df"].attrs["note"] is after["note"] and after["cells"]["o"][0] is after["note"]
    after = chain.block("")
    assert after["df"].attrs["note"] == ["m", "s"]


def test_a_column_cut_from_a_frame_is_stored_apart_and_keeps_its_values(chain: Journey) -> None:
    chain.block(
        "import pandas as pd, numpy as np; df = pd.DataFrame({'a': np.arange(9.0), 'b': np.ones(9)})\n"
        "cut = df['a']; part = df.iloc[2:5]; df.loc[3, 'a'] = -1.0"
    )
    after = chain.block("part.loc[2, 'a'] = 100.0; df.loc[4, 'a'] = -2.0")
    after = chain.block("")
    assert after["cut"].tolist() == list(range(9))
    assert after["part"]["a"].tolist() == [100.0, 3.0, 4.0]
    assert after["df"]["a"].tolist() == [0, 1, 2, -1, -2, 5, 6, 7, 8]


def test_the_same_table_made_again_has_the_same_digest() -> None:
    digests = []
    for _ in range(2):
        journey = Journey()
        journey.block(FRAME)
        digests.append([journey.digest(name) for name in ("df", "s", "m")])
        journey.close()
    assert digests[0] == digests[1]


def test_a_recipe_that_does_not_fit_its_table_names_the_file(
    chain: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = arrow.encode

    def bad(value: Any) -> arrow.Encoding | None:
        made = encode(value)
        if made is None:
            return None
        return made._replace(recipe=made.recipe.replace(b'"rows":2', b'"rows":3'))

    monkeypatch.setattr(arrow, "encode", bad)
    chain.block("import pandas as pd; df = pd.DataFrame({'x': [1, 2]})")
    with pytest.raises(DamagedObjectError, match=entry(chain, "df")["object"]):
        chain.block("")


def test_polars_and_pyarrow_tables(chain: Journey) -> None:
    pytest.importorskip("polars")
    source = (
        "import polars as pl, pyarrow as pa\n"
        "p = pl.DataFrame({'a': range(20000), 's': [None if i % 3 else str(i) for i in range(20000)]}).with_columns(\n"
        "    pl.col('a').set_sorted())\n"
        "t = pa.table({'i': pa.chunked_array([[1, None], [3]]), 'l': [[1], None, []]})\n"
    )
    first: dict[str, Any] = {}
    exec(source, first)
    chain.block(source)
    slots = {name: chain.slot(name) for name in ("p", "t")}
    after = chain.block("n = p['a'].sum() + t.num_rows")
    for name, slot in slots.items():
        assert entry(chain, name)["codec"] == "arrow"
        assert chain.slot(name) == slot
        assert differences(first[name], after[name]) == []

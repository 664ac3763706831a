"""Random frames: any mixture of dtypes, nulls, layouts, indexes and labels."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

WORDS = ["", "a", "ü", "Straße", "x" * 70, "漢字", "\0", "north", "south", "\U0001f600"]


def _nulls(rng: random.Random, rows: int) -> list[bool]:
    share = rng.choice((0, 0, 0.1, 0.5, 1))
    return [rng.random() < share for _ in range(rows)]


def _numbers(rng: random.Random, rows: int) -> Any:
    kind = rng.choice(("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?", "c8", "c16"))
    raw = np.frombuffer(rng.randbytes(16 * rows), "u1")
    width = np.dtype(kind).itemsize
    made = raw[: rows * width].view(kind).copy()
    return made.view("u1").__and__(1).view("?") if kind == "?" else made


def _times(rng: random.Random, rows: int) -> Any:
    unit = rng.choice(("s", "ms", "us", "ns"))
    values = np.array([rng.randrange(-(10**9), 2 * 10**9) for _ in range(rows)], "i8")
    values[np.array(_nulls(rng, rows), bool)] = -(1 << 63)
    if rng.random() < 0.3:
        return pd.Series(values.view(f"m8[{unit}]"))
    made = pd.Series(values.view(f"M8[{unit}]"))
    zone = rng.choice((None, None, "UTC", "Europe/Vienna", "Asia/Kathmandu"))
    return made if zone is None else made.dt.tz_localize("UTC").dt.tz_convert(zone)


def _strings(rng: random.Random, rows: int) -> Any:
    pool = WORDS if rng.random() < 0.5 else [f"s{i}{rng.choice(WORDS)}" for i in range(rows + 1)]
    nulls = _nulls(rng, rows)
    missing = rng.choice((None, np.nan, pd.NA, pd.NaT))
    values = [missing if null else rng.choice(pool) for null in nulls]
    if rng.random() < 0.1 and rows:
        values[rng.randrange(rows)] = rng.choice((5, b"x", None, np.nan, "\ud800", [1]))
        return pd.Series(values, dtype=object)
    if rng.random() < 0.5:
        return pd.Series(values, dtype=object)
    values = [None if null else value for null, value in zip(nulls, values, strict=True)]
    kind: Any = rng.choice(
        ("str", "string[python]", "string[pyarrow]", pd.ArrowDtype(pa.string()), "category")
    )
    return (
        pd.Series(pd.array(values, dtype=kind)) if kind != "category" else pd.Series(pd.Categorical(values))
    )


def _nullable(rng: random.Random, rows: int) -> Any:
    kind = rng.choice(
        (
            "Int8",
            "Int64",
            "UInt32",
            "Float32",
            "Float64",
            "boolean",
            pd.ArrowDtype(pa.int32()),
            pd.ArrowDtype(pa.bool_()),
        )
    )
    return pd.Series(pd.array([None if null else rng.randrange(2) for null in _nulls(rng, rows)], dtype=kind))


def _codes(rng: random.Random, rows: int) -> Any:
    categories: Any = rng.choice(
        (
            ["x", "y", "z"],
            [3, 1, 2],
            [0.5, -0.0, 7.0],
            [True, False, None][:2],
            list(range(200)),
            pd.date_range("2024", periods=5),
        )
    )
    codes = np.array([rng.randrange(-1, len(categories)) for _ in range(rows)], "i2")
    return pd.Series(pd.Categorical.from_codes(codes, categories, ordered=rng.random() < 0.5))


def _periods(rng: random.Random, rows: int) -> Any:
    freq = rng.choice(("M", "D", "h", "Q-NOV"))
    return pd.Series(pd.PeriodIndex.from_ordinals([rng.randrange(600) for _ in range(rows)], freq=freq))


MAKERS: list[Callable[[random.Random, int], Any]] = [
    _numbers, _numbers, _numbers, _times, _strings, _strings, _nullable, _codes, _periods,
]  # fmt: skip


def _index(rng: random.Random, rows: int) -> Any:
    choice = rng.randrange(8)
    name = rng.choice((None, "key", 5, ("a", 1)))
    if choice == 0:
        return pd.RangeIndex(3, 3 + 2 * rows, 2, name=name)
    if choice == 1:
        return pd.date_range(
            "2024", periods=rows, freq=rng.choice(("D", "h", "ME")), tz=rng.choice((None, "UTC")), name=name
        )
    if choice == 2:
        return pd.Index(
            [rng.choice(WORDS) for _ in range(rows)], dtype=rng.choice(("str", object)), name=name
        )
    if choice == 3 and rows:
        levels = [
            [rng.choice("ab") for _ in range(rows)],
            [rng.choice((1.5, np.nan, 2)) for _ in range(rows)],
        ]
        made = pd.MultiIndex.from_arrays(levels, names=[name, None])
        return made.take([rng.randrange(rows) for _ in range(rows)])
    if choice == 4:
        return pd.Index([rng.random() for _ in range(rows)], name=name)
    if choice == 5:
        return pd.CategoricalIndex([rng.choice("xyz") for _ in range(rows)], name=name)
    return pd.RangeIndex(rows)


def random_frame(rng: random.Random) -> Any:
    """A frame that depends on the generator's state only."""
    rows = rng.choice((0, 1, 2, 7, 8, 33, 100))
    columns = [rng.choice(MAKERS)(rng, rows) for _ in range(rng.randrange(7))]
    index = _index(rng, rows)
    frame = pd.DataFrame(
        {
            i: pd.Series(column.to_numpy() if isinstance(column, pd.RangeIndex) else column)
            for i, column in enumerate(columns)
        }
    )
    if not columns:
        frame = pd.DataFrame(index=index)
    frame.index = index
    if rng.random() < 0.5:
        frame = frame.copy()
    labels: list[Any] = [
        rng.choice(("a", "b", 1, None, 2.5, ("t", 1))) if rng.random() < 0.1 else f"c{i}"
        for i in range(len(columns))
    ]
    if rng.random() < 0.8:
        frame.columns = labels if columns else frame.columns
    if rng.random() < 0.3:
        frame = frame.iloc[rows // 3 :] if rng.random() < 0.5 else frame.iloc[::2]
    if rng.random() < 0.3:
        frame.attrs = {"unit": "m", "n": [1, {"a": (2,)}]}
    return frame

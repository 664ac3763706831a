"""Whether two frames, series or tables are the same in everything that exactness promises, bit for bit."""

from __future__ import annotations

import struct
from typing import Any


def differences(a: Any, b: Any, path: str = "value") -> list[str]:
    """What differs, in words; empty if nothing does."""
    if type(a) is not type(b):
        return [f"{path}: {type(a)} and {type(b)}"]
    compare = _COMPARE.get(f"{type(a).__module__.partition('.')[0]}.{type(a).__name__}")
    if compare is None and hasattr(a, "_mgr"):
        compare = _pandas  # a subclass
    if compare is not None:
        return compare(a, b, path)
    return _plain(a, b, path)


def _plain(a: Any, b: Any, path: str) -> list[str]:
    if type(a) is not type(b):
        return [f"{path}: {type(a)} and {type(b)}"]
    if type(a) is float:
        return [] if struct.pack("d", a) == struct.pack("d", b) else [f"{path}: {a!r} and {b!r}"]
    if type(a) in (list, tuple):
        if len(a) != len(b):
            return [f"{path}: lengths {len(a)} and {len(b)}"]
        return [
            d for i, (x, y) in enumerate(zip(a, b, strict=True)) for d in differences(x, y, f"{path}[{i}]")
        ]
    if type(a) is dict:
        if list(a) != list(b):
            return [f"{path}: keys {list(a)} and {list(b)}"]
        return [d for k in a for d in differences(a[k], b[k], f"{path}[{k!r}]")]
    try:
        import pandas as pd

        if a is pd.NA or a is pd.NaT:
            return [] if a is b else [f"{path}: {a!r} and {b!r}"]
    except ImportError:
        pass
    same = a is b or a == b or repr(a) == repr(b)
    return [] if same else [f"{path}: {a!r} and {b!r}"]


def _array(a: Any, b: Any, path: str) -> list[str]:
    if a.dtype != b.dtype or a.shape != b.shape:
        return [f"{path}: {a.dtype}{a.shape} and {b.dtype}{b.shape}"]
    found = []
    if a.flags.writeable != b.flags.writeable:
        found.append(f"{path}: writable {a.flags.writeable} and {b.flags.writeable}")
    if a.dtype.hasobject:
        return found + _plain(a.ravel().tolist(), b.ravel().tolist(), path)
    if a.tobytes() != b.tobytes():
        found.append(f"{path}: bytes differ: {a!r} and {b!r}")
    return found


def _dtype(a: Any, b: Any, path: str) -> list[str]:
    found = [] if type(a) is type(b) and a == b and repr(a) == repr(b) else [f"{path}: {a!r} and {b!r}"]
    for part in ("storage", "na_value", "unit", "ordered", "freq"):
        if hasattr(a, part):
            found += _plain(getattr(a, part), getattr(b, part), f"{path}.{part}")
    if hasattr(a, "categories"):
        found += _index(a.categories, b.categories, f"{path}.categories")
    if str(getattr(a, "tz", "")) != str(getattr(b, "tz", "")) or type(getattr(a, "tz", 0)) is not type(
        getattr(b, "tz", 0)
    ):
        found.append(f"{path}.tz")
    return found


def _values(a: Any, b: Any, path: str) -> list[str]:
    """The array of a block or an index."""
    if type(a) is not type(b):
        return [f"{path}: {type(a)} and {type(b)}"]
    if type(a).__name__ == "ndarray":
        return _array(a, b, path)
    found = _dtype(a.dtype, b.dtype, f"{path}.dtype")
    if hasattr(a, "_ndarray"):
        found += _array(a._ndarray, b._ndarray, f"{path}._ndarray")
    elif hasattr(a, "_mask"):
        found += _array(a._data, b._data, f"{path}._data") + _array(a._mask, b._mask, f"{path}._mask")
    elif hasattr(a, "_pa_array"):
        if a._pa_array.type != b._pa_array.type or not _arrow_same(a._pa_array, b._pa_array):
            found.append(f"{path}._pa_array")
    elif hasattr(a, "_left"):
        found += _values(a._left, b._left, f"{path}.left") + _values(a._right, b._right, f"{path}.right")
        found += _plain(a.closed, b.closed, f"{path}.closed")
    else:
        found += _plain(list(a), list(b), path)
    return found


def _arrow_same(a: Any, b: Any) -> bool:
    """Equality that sees NaN payloads: by the bytes that Arrow writes."""
    import pyarrow as pa

    if a.null_count != b.null_count or len(a) != len(b):
        return False
    kind = a.type
    if pa.types.is_floating(kind):
        ints = {16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}[kind.bit_width]
        return bool(_joined(a).view(ints).equals(_joined(b).view(ints)))
    return bool(a.equals(b)) or repr(a.to_pylist()) == repr(b.to_pylist())


def _joined(a: Any) -> Any:
    return a.combine_chunks() if hasattr(a, "chunks") else a


def _index(a: Any, b: Any, path: str) -> list[str]:
    if type(a) is not type(b):
        return [f"{path}: {type(a)} and {type(b)}"]
    found = _plain(tuple(a.names), tuple(b.names), f"{path}.names")
    if type(a).__name__ == "RangeIndex":
        return found + _plain((a.start, a.stop, a.step), (b.start, b.stop, b.step), path)
    if type(a).__name__ == "MultiIndex":
        if len(a._levels) != len(b._levels):
            return [f"{path}: levels"]
        for i in range(len(a._levels)):
            found += _index(a.levels[i], b.levels[i], f"{path}.levels[{i}]")
            found += _array(a._codes[i], b._codes[i], f"{path}.codes[{i}]")
        return found + _plain(a.sortorder, b.sortorder, f"{path}.sortorder")
    if hasattr(a, "freq"):
        found += _plain(a.freq, b.freq, f"{path}.freq")
    return found + _values(a._data, b._data, path)


def _pandas(a: Any, b: Any, path: str) -> list[str]:
    found = _index(a.index, b.index, f"{path}.index")
    if a.ndim == 2:
        found += _index(a.columns, b.columns, f"{path}.columns")
        locs = [[list(block.mgr_locs) for block in x._mgr.blocks] for x in (a, b)]
        found += _plain(locs[0], locs[1], f"{path}.blocks")
    else:
        found += differences(a.name, b.name, f"{path}.name")
    if len(a._mgr.blocks) != len(b._mgr.blocks):
        return [*found, f"{path}: blocks"]
    for i, (x, y) in enumerate(zip(a._mgr.blocks, b._mgr.blocks, strict=True)):
        found += _values(x.values, y.values, f"{path}.block[{i}]")
    found += _plain(a.attrs, b.attrs, f"{path}.attrs")
    return found + _plain(
        a.flags.allows_duplicate_labels, b.flags.allows_duplicate_labels, f"{path}.allows_duplicate_labels"
    )


def _table(a: Any, b: Any, path: str) -> list[str]:
    if not a.schema.equals(b.schema, check_metadata=True):
        return [f"{path}.schema: {a.schema} and {b.schema}"]
    found = []
    if a.num_rows != b.num_rows:
        found.append(f"{path}: rows")
    for i in range(a.num_columns):
        x, y = a.column(i), b.column(i)
        if hasattr(x, "chunks") and [len(c) for c in x.chunks] != [len(c) for c in y.chunks]:
            found.append(f"{path}.column({i}): chunks")
        if not _arrow_same(x, y):
            found.append(f"{path}.column({i}): {x} and {y}")
    return found


def _polars_series(a: Any, b: Any, path: str) -> list[str]:
    found = (
        []
        if a.dtype == b.dtype and a.name == b.name
        else [f"{path}: {a.dtype} {a.name} and {b.dtype} {b.name}"]
    )
    flags = ("SORTED_ASC", "SORTED_DESC")
    if any(a.flags[f] != b.flags[f] for f in flags):
        found.append(f"{path}.flags: {a.flags} and {b.flags}")
    if a.dtype.is_float():
        x, y = (s.to_arrow() for s in (a, b))
        return found if _arrow_same(x, y) else [*found, f"{path}: {a} and {b}"]
    return (
        found
        if a.to_list() == b.to_list() or repr(a.to_list()) == repr(b.to_list())
        else [*found, f"{path}: {a}"]
    )


def _polars(a: Any, b: Any, path: str) -> list[str]:
    if a.columns != b.columns or a.shape != b.shape:
        return [f"{path}: {a.columns}{a.shape} and {b.columns}{b.shape}"]
    return [d for name in a.columns for d in _polars_series(a[name], b[name], f"{path}[{name!r}]")]


_COMPARE = {
    "pandas.DataFrame": _pandas, "pandas.Series": _pandas, "polars.DataFrame": _polars, "polars.Series": _polars_series,
    "pyarrow.Table": _table, "pyarrow.RecordBatch": _table, "numpy.ndarray": _array,
}  # fmt: skip
for _name in (
    "Index",
    "RangeIndex",
    "MultiIndex",
    "DatetimeIndex",
    "TimedeltaIndex",
    "PeriodIndex",
    "IntervalIndex",
    "CategoricalIndex",
):
    _COMPARE[f"pandas.{_name}"] = _index

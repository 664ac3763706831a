"""Frames, series and tables whose exactness is promised: (name, "arrow" or "pickle5", expression).

The expressions are evaluated with `pd`, `np`, `pa`, `pl`, `datetime`, `decimal` and the helpers below.
"""

from __future__ import annotations

from typing import Any

import pandas as pd


class Sub(pd.DataFrame):  # type: ignore[misc]
    """A frame of its own type."""


class Text(str):
    """A string of its own type."""


def helpers() -> dict[str, Any]:
    """The names that the expressions may use."""
    import datetime
    import decimal
    import types
    import uuid
    import zoneinfo

    import numpy as np
    import polars as pl
    import pyarrow as pa

    def payload(bits: int) -> float:
        return float(np.array([bits], "u8").view("f8")[0])

    def objects(*values: Any) -> Any:
        made = np.empty(len(values), object)
        made[:] = values
        return made

    def column(*values: Any) -> Any:
        return pd.DataFrame({"o": pd.Series(objects(*values), dtype=object)})

    def readonly(frame: Any) -> Any:
        for block in frame._mgr.blocks:
            block.values.flags.writeable = False
        return frame

    def with_attrs(frame: Any, **attrs: Any) -> Any:
        frame.attrs.update(attrs)
        return frame

    def cow(frame: Any) -> Any:
        view = frame.iloc[2:6]
        view.attrs["keeps"] = [frame.shape]
        return view

    def big(n: int = 20000) -> Any:
        return pl.DataFrame(
            {
                "i": range(n),
                "f": [None if i % 7 == 0 else i / 3 for i in range(n)],
                "s": [None if i % 5 == 0 else f"é{i}" for i in range(n)],
                "b": [i % 3 == 0 for i in range(n)],
            }
        )

    made = {name: value for name, value in locals().items() if callable(value)}
    modules = {"datetime": datetime, "decimal": decimal, "types": types, "uuid": uuid, "zoneinfo": zoneinfo}
    return {**made, **modules, "np": np, "pd": pd, "pl": pl, "pa": pa, "Sub": Sub, "Text": Text}


CASES: list[tuple[str, str, str]] = [
    # numbers
    ("float64", "arrow", "pd.DataFrame({'a': [1.5, np.nan, -0.0, np.inf, -np.inf]})"),
    (
        "NaN payloads",
        "arrow",
        "pd.DataFrame({'a': [payload(0x7ff8000000000abc), payload(0xfff8000000000001), payload(0x7ff0000000000001)]})",
    ),
    (
        "float32 and float16",
        "arrow",
        "pd.DataFrame({'a': np.array([1, np.nan], 'f4'), 'b': np.array([1, 2], 'f2')})",
    ),
    (
        "all integers",
        "arrow",
        "pd.DataFrame({k: np.array([0, 1, np.iinfo(k).max, np.iinfo(k).min], k) for k in ('i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8')})",
    ),
    ("bool", "arrow", "pd.DataFrame({'a': [True, False, True]})"),
    ("bool whose bytes are not 0 and 1", "arrow", "pd.DataFrame({'a': np.array([0, 1, 1], 'u1').view('?')})"),
    (
        "complex",
        "arrow",
        "pd.DataFrame({'a': [1 + 2j, complex(np.nan, -0.0)], 'b': np.array([1j, 2], 'c8')})",
    ),
    ("longdouble", "pickle5", "pd.DataFrame({'a': np.array([1, 2], 'g')})"),
    ("big endian", "pickle5", "pd.DataFrame({'a': np.array([1, 2], '>f8')})"),
    ("odd number of small integers", "arrow", "pd.DataFrame(np.arange(15, dtype='i2').reshape(5, 3))"),
    ("one consolidated block", "arrow", "pd.DataFrame(np.arange(40.0).reshape(8, 5), columns=list('abcde'))"),
    ("block in C order from outside", "arrow", "pd.DataFrame(np.arange(40.0).reshape(8, 5), copy=False)"),
    (
        "two blocks of one dtype",
        "arrow",
        "pd.concat([pd.DataFrame({'a': [1.0, 2]}), pd.DataFrame({'b': [3.0, 4]})], axis=1)",
    ),
    (
        "interleaved blocks",
        "arrow",
        "pd.DataFrame({'a': [1, 2], 'b': [1.5, 2], 'c': [3, 4], 'd': [True, False], 'e': [2.5, 1]})",
    ),
    ("slice of rows", "arrow", "cow(pd.DataFrame({'a': np.arange(9.0), 'b': np.arange(9)}))"),
    ("every second row", "arrow", "pd.DataFrame({'a': np.arange(9.0), 'b': np.arange(9.0)}).iloc[::2]"),
    ("reversed rows", "arrow", "pd.DataFrame({'a': np.arange(9.0), 'b': np.arange(9.0)}).iloc[::-1]"),
    ("some of the columns", "arrow", "pd.DataFrame(np.arange(40.0).reshape(8, 5))[[4, 0]]"),
    ("read-only", "arrow", "readonly(pd.DataFrame({'a': [1.0, 2]}))"),
    ("float32 of odd length, consolidated", "arrow", "pd.DataFrame(np.arange(21, dtype='f4').reshape(7, 3))"),
    # empty ones
    (
        "no rows",
        "arrow",
        "pd.DataFrame({'a': np.empty(0), 'b': np.empty(0, 'i4'), 's': pd.Series([], dtype=object), 't': pd.Series([], dtype='str')})",
    ),
    ("no columns", "arrow", "pd.DataFrame(index=[3, 4, 5])"),
    ("nothing", "arrow", "pd.DataFrame()"),
    (
        "no rows, MultiIndex",
        "arrow",
        "pd.DataFrame({'a': np.empty(0)}, index=pd.MultiIndex.from_arrays([[], []], names=['x', 'y']))",
    ),
    # times
    (
        "datetime units",
        "arrow",
        "pd.DataFrame({u: np.array(['2024-02-29', 'NaT', '1890-01-01'], f'M8[{u}]') for u in ('s', 'ms', 'us', 'ns')})",
    ),
    (
        "timedelta units",
        "arrow",
        "pd.DataFrame({u: np.array([1, 'NaT', -5], f'm8[{u}]') for u in ('s', 'ms', 'us', 'ns')})",
    ),
    (
        "time zones",
        "arrow",
        "pd.DataFrame({'v': pd.date_range('2024-03-30', periods=3, tz='Europe/Vienna'), 'u': pd.date_range('2024', periods=3, tz='UTC')})",
    ),
    (
        "fixed offset",
        "arrow",
        "pd.DataFrame({'v': pd.DatetimeIndex(['2024-01-01', None], tz=datetime.timezone(datetime.timedelta(hours=5, minutes=45)))})",
    ),
    (
        "zoneinfo object",
        "arrow",
        "pd.DataFrame({'v': pd.DatetimeIndex(['2024-01-01'], tz=zoneinfo.ZoneInfo('Asia/Tokyo'))})",
    ),
    (
        "periods",
        "arrow",
        "pd.DataFrame({'m': pd.period_range('2024-01', periods=3, freq='M'), 'q': pd.PeriodIndex(['2024Q1', None, '2024Q3'], freq='Q-NOV')})",
    ),
    ("intervals", "pickle5", "pd.DataFrame({'i': pd.interval_range(0, 3)})"),
    ("dates as objects", "pickle5", "column(datetime.date(2024, 1, 1), None)"),
    ("timestamps as objects", "pickle5", "column(pd.Timestamp('2024-01-01'), pd.NaT)"),
    # strings
    ("str dtype", "arrow", "pd.DataFrame({'s': ['a', None, 'ü', '']})"),
    ("str dtype in slices", "arrow", "pd.DataFrame({'s': [f'text {i}' for i in range(20)]}).iloc[3:17]"),
    (
        "str dtype in chunks",
        "arrow",
        "pd.concat([pd.DataFrame({'s': ['a', None]}), pd.DataFrame({'s': ['b']})])",
    ),
    (
        "string, python and pyarrow",
        "arrow",
        "pd.DataFrame({'p': pd.array(['a', None], dtype='string[python]'), 'a': pd.array(['a', None], dtype='string[pyarrow]')})",
    ),
    (
        "str with python storage",
        "arrow",
        "pd.DataFrame({'p': pd.array(['a', None], dtype=pd.StringDtype('python', np.nan))})",
    ),
    ("object strings", "arrow", "column('a', 'b', 'ü', '', 'nul\\0inside', '\\U0001f600')"),
    ("object strings with None", "arrow", "column('a', None, 'b')"),
    ("object strings with NaN", "arrow", "column('a', np.nan, float('nan'))"),
    ("object strings with NA", "arrow", "column('a', pd.NA)"),
    ("object strings with NaT", "arrow", "column('a', pd.NaT)"),
    ("two kinds of null", "pickle5", "column('a', None, np.nan)"),
    ("None before NA", "pickle5", "column(None, pd.NA, 'a')"),
    ("NaN with payload among strings", "pickle5", "column('a', payload(0x7ff8000000000abc))"),
    ("negative NaN among strings", "pickle5", "column('a', -float('nan'))"),
    ("lone surrogates", "pickle5", "column('a', '\\ud800')"),
    ("subclass of str", "pickle5", "column('a', Text('b'), 'c')"),
    ("bytes", "pickle5", "column(b'a', b'')"),
    ("mixed objects", "pickle5", "column(1, 'a', 2.5)"),
    ("a number far down", "pickle5", "column(*['a'] * 1000, 7, *['b'] * 1000)"),
    ("only None", "arrow", "column(None, None)"),
    ("only NaN in an object column", "arrow", "column(np.nan, np.nan)"),
    ("containers", "pickle5", "column([1], {'a': 2}, None)"),
    ("Decimals", "pickle5", "column(decimal.Decimal('1.10'), decimal.Decimal('1.1'))"),
    ("uuids", "pickle5", "column(uuid.UUID(int=5))"),
    ("one string many times", "arrow", "column(*['north', 'south', None, 'east'] * 500)"),
    (
        "equal strings that are other objects",
        "arrow",
        "column(*[''.join(['nor', 'th']) for _ in range(500)])",
    ),
    ("300 strings, often", "arrow", "column(*[x for x in [f's{i}' for i in range(300)] for _ in range(40)])"),
    ("40000 strings, three times each", "arrow", "column(*[f's{i}' for i in range(40000)] * 3)"),
    (
        "three object columns in a block",
        "arrow",
        "pd.concat([column('a', 'b').rename(columns={'o': c}) for c in 'xyz'], axis=1).copy()",
    ),
    (
        "one good and one bad object column",
        "pickle5",
        "pd.DataFrame({'a': pd.Series(['x', 'y'], dtype=object), 'b': pd.Series([[], 1], dtype=object)})",
    ),
    # nullable, categorical and other extension arrays
    (
        "nullable numbers",
        "arrow",
        "pd.DataFrame({k: pd.array([1, None, 3], dtype=k) for k in ('Int8', 'Int64', 'UInt16', 'UInt64', 'Float32', 'Float64')})",
    ),
    ("nullable bool", "arrow", "pd.DataFrame({'b': pd.array([True, None, False], dtype='boolean')})"),
    (
        "NaN beside NA",
        "arrow",
        "pd.DataFrame({'f': pd.arrays.FloatingArray(np.array([np.nan, 1.0, 2.0]), np.array([False, True, False]))})",
    ),
    (
        "values under the mask",
        "arrow",
        "pd.DataFrame({'f': pd.arrays.IntegerArray(np.array([5, 77, 6]), np.array([False, True, False]))})",
    ),
    ("nullable without nulls", "arrow", "pd.DataFrame({'b': pd.array([1, 2], dtype='Int32')})"),
    (
        "category of str",
        "arrow",
        "pd.DataFrame({'c': pd.Categorical(['x', None, 'y'], categories=['y', 'z', 'x'], ordered=True)})",
    ),
    ("category of int", "arrow", "pd.DataFrame({'c': pd.Categorical([3, 1, 3])})"),
    ("category of floats", "arrow", "pd.DataFrame({'c': pd.Categorical([3.5, 1, None])})"),
    (
        "category of times",
        "arrow",
        "pd.DataFrame({'c': pd.Categorical(pd.date_range('2024', periods=2)), 'z': pd.Categorical(pd.date_range('2024', periods=2, tz='Asia/Tokyo'))})",
    ),
    (
        "category of object strings",
        "arrow",
        "pd.DataFrame({'c': pd.Categorical.from_codes([0, 1, -1], pd.Index(['a', 'b'], dtype=object))})",
    ),
    (
        "category of mixed objects",
        "pickle5",
        "pd.DataFrame({'c': pd.Categorical.from_codes([0, 1, -1], pd.Index(['a', 2], dtype=object))})",
    ),
    ("category of intervals", "pickle5", "pd.DataFrame({'c': pd.cut([1, 2, 3], 2)})"),
    ("category of bool", "arrow", "pd.DataFrame({'c': pd.Categorical([True, False, None])})"),
    ("300 categories", "arrow", "pd.DataFrame({'c': pd.Categorical([f'k{i % 300}' for i in range(1000)])})"),
    ("no categories", "arrow", "pd.DataFrame({'c': pd.Categorical([None, None], categories=[])})"),
    ("sparse", "pickle5", "pd.DataFrame({'s': pd.arrays.SparseArray([0, 0, 1])})"),
    (
        "ArrowDtype numbers",
        "arrow",
        "pd.DataFrame({'i': pd.array([1, None], dtype=pd.ArrowDtype(pa.int16())), 'f': pd.array([1.5, None], dtype=pd.ArrowDtype(pa.float64()))})",
    ),
    (
        "ArrowDtype bool in a slice",
        "arrow",
        "pd.DataFrame({'b': pd.array([True, None, False, True] * 5, dtype=pd.ArrowDtype(pa.bool_()))}).iloc[3:14]",
    ),
    (
        "ArrowDtype strings",
        "arrow",
        "pd.DataFrame({'s': pd.array(['a', None], dtype=pd.ArrowDtype(pa.string())), 'b': pd.array([b'a', None], dtype=pd.ArrowDtype(pa.binary()))})",
    ),
    (
        "ArrowDtype times and decimals",
        "arrow",
        "pd.DataFrame({'t': pd.array([datetime.datetime(2024, 1, 1), None], dtype=pd.ArrowDtype(pa.timestamp('us', 'Europe/Vienna'))), 'd': pd.array([decimal.Decimal('1.10'), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))), 'x': pd.array([datetime.date(2024, 1, 1), None], dtype=pd.ArrowDtype(pa.date32()))})",
    ),
    (
        "ArrowDtype dictionary",
        "arrow",
        "pd.DataFrame({'s': pd.Series(pa.chunked_array([pa.array(['a', None, 'a']).dictionary_encode()]), dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))})",
    ),
    (
        "ArrowDtype nested",
        "pickle5",
        "pd.DataFrame({'l': pd.array([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64())))})",
    ),
    # indexes
    ("RangeIndex", "arrow", "pd.DataFrame({'a': [1, 2, 3]}, index=pd.RangeIndex(10, 4, -2, name='r'))"),
    ("integer index", "arrow", "pd.DataFrame({'a': [1, 2]}, index=pd.Index([5, 3], name='k', dtype='i4'))"),
    ("float index with NaN", "arrow", "pd.DataFrame({'a': [1, 2]}, index=[0.5, np.nan])"),
    ("bool index", "arrow", "pd.DataFrame({'a': [1, 2]}, index=[True, False])"),
    ("str index", "arrow", "pd.DataFrame({'a': [1, 2]}, index=['x', None])"),
    (
        "object index of strings",
        "arrow",
        "pd.DataFrame({'a': [1, 2]}, index=pd.Index(['x', 'y'], dtype=object))",
    ),
    (
        "object index of mixed things",
        "pickle5",
        "pd.DataFrame({'a': [1, 2]}, index=pd.Index(['x', 5], dtype=object))",
    ),
    (
        "dates with freq",
        "arrow",
        "pd.DataFrame({'a': range(3)}, index=pd.date_range('2024', periods=3, freq='D'))",
    ),
    (
        "month ends with freq and zone",
        "arrow",
        "pd.DataFrame({'a': range(3)}, index=pd.date_range('2024', periods=3, freq='2ME', tz='Europe/Vienna', name='t'))",
    ),
    (
        "dates without freq",
        "arrow",
        "pd.DataFrame({'a': range(2)}, index=pd.DatetimeIndex(['2024-01-05', '2024-01-01']))",
    ),
    (
        "timedelta index with freq",
        "arrow",
        "pd.DataFrame({'a': range(3)}, index=pd.timedelta_range('1h', periods=3, freq='15min'))",
    ),
    (
        "period index",
        "arrow",
        "pd.DataFrame({'a': range(3)}, index=pd.period_range('2024', periods=3, freq='W-WED'))",
    ),
    (
        "categorical index",
        "arrow",
        "pd.DataFrame({'a': range(3)}, index=pd.CategoricalIndex(['b', 'a', 'b'], ordered=True, name='c'))",
    ),
    ("interval index", "pickle5", "pd.DataFrame({'a': range(3)}, index=pd.interval_range(0, 3))"),
    ("nullable index", "arrow", "pd.DataFrame({'a': range(2)}, index=pd.Index([1, None], dtype='Int64'))"),
    (
        "MultiIndex",
        "arrow",
        "pd.DataFrame({'a': range(4)}, index=pd.MultiIndex.from_product([['x', 'y'], [1.5, 2]], names=['s', None]))",
    ),
    (
        "MultiIndex with unused levels",
        "arrow",
        "pd.DataFrame({'a': range(6)}, index=pd.MultiIndex.from_product([['x', 'y', 'z'], [1, 2]])).iloc[:3]",
    ),
    (
        "MultiIndex with missing labels",
        "arrow",
        "pd.DataFrame({'a': range(2)}, index=pd.MultiIndex.from_arrays([['x', None], [np.nan, 2]]))",
    ),
    (
        "MultiIndex of dates with freq",
        "arrow",
        "pd.DataFrame({'a': range(4)}, index=pd.MultiIndex.from_product([pd.date_range('2024', periods=2, tz='UTC'), ['a', 'b']]))",
    ),
    (
        "MultiIndex of categories and periods",
        "arrow",
        "pd.DataFrame({'a': range(4)}, index=pd.MultiIndex.from_product([pd.Categorical(['b', 'a'], ['z', 'b', 'a']), pd.period_range('2024', periods=2, freq='M')]))",
    ),
    (
        "category of periods",
        "arrow",
        "pd.DataFrame({'c': pd.Categorical(pd.period_range('2024', periods=3, freq='D'))})",
    ),
    (
        "MultiIndex of objects",
        "pickle5",
        "pd.DataFrame({'a': range(2)}, index=pd.MultiIndex.from_arrays([[(1, 2), 'x'], [1, 2]]))",
    ),
    (
        "sorted MultiIndex",
        "arrow",
        "pd.DataFrame({'a': range(2)}, index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)], sortorder=0))",
    ),
    ("duplicate row labels", "arrow", "pd.DataFrame({'a': range(3)}, index=['x', 'x', 'y'])"),
    ("tuple as name of the index", "arrow", "pd.DataFrame({'a': [1]}, index=pd.Index([1], name=('k', 2)))"),
    # columns, attrs, flags
    (
        "RangeIndex columns",
        "arrow",
        "pd.DataFrame(np.zeros((2, 3)), columns=pd.RangeIndex(2, 8, 2, name='c'))",
    ),
    (
        "tuple columns",
        "arrow",
        "pd.DataFrame(np.zeros((2, 2)), columns=pd.Index([('a', 1), ('b', 2)], tupleize_cols=False))",
    ),
    (
        "MultiIndex columns",
        "arrow",
        "pd.DataFrame(np.zeros((2, 2)), columns=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)], names=['x', 'y']))",
    ),
    ("duplicate columns", "arrow", "pd.DataFrame([[1, 2.5, 3]], columns=['a', 'a', 'b'])"),
    ("mixed columns", "arrow", "pd.DataFrame([[1, 2, 3, 4]], columns=[1, 'a', None, 2.5])"),
    ("columns of dates", "arrow", "pd.DataFrame(np.zeros((1, 3)), columns=pd.date_range('2024', periods=3))"),
    (
        "object columns index",
        "arrow",
        "pd.DataFrame([[1, 2]], columns=pd.Index(['a', 'b'], dtype=object, name='n'))",
    ),
    ("columns with broken text", "arrow", "pd.DataFrame([[1]], columns=pd.Index(['\\ud800'], dtype=object))"),
    ("columns with NaN", "arrow", "pd.DataFrame([[1, 2]], columns=['a', np.nan])"),
    ("categorical columns", "arrow", "pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(['a', 'b']))"),
    ("interval columns", "arrow", "pd.DataFrame([[1, 2]], columns=pd.interval_range(0, 2))"),
    (
        "attrs",
        "arrow",
        "with_attrs(pd.DataFrame({'a': [1]}), unit='m', nested={'a': [1, (2,), {3}]}, when=datetime.date(2024, 1, 1))",
    ),
    ("attrs that share a list", "arrow", "(lambda l: with_attrs(pd.DataFrame({'a': [1]}), l=l, m=[l]))([1])"),
    (
        "attrs with a foreign object",
        "pickle5",
        "with_attrs(pd.DataFrame({'a': [1]}), t=types.SimpleNamespace(a=1))",
    ),
    ("no duplicate labels", "arrow", "pd.DataFrame({'a': [1]}).set_flags(allows_duplicate_labels=False)"),
    ("subclass", "pickle5", "Sub({'a': [1]})"),
    # series
    ("series", "arrow", "pd.Series([1.5, np.nan], name='x', index=['a', 'b'])"),
    ("series without name", "arrow", "pd.Series([1, 2, 3])"),
    ("series with a tuple as name", "arrow", "pd.Series([1], name=('a', 2))"),
    ("series with an object as name", "pickle5", "pd.Series([1], name=types.SimpleNamespace)"),
    ("series of strings", "arrow", "pd.Series(['a', None])"),
    ("series of object strings", "arrow", "pd.Series(objects('a', None, 'b'), dtype=object)"),
    ("series of categories", "arrow", "pd.Series(['a', 'b', 'a'], dtype='category')"),
    ("series of zoned times", "arrow", "pd.Series(pd.date_range('2024', periods=3, tz='Europe/Vienna'))"),
    ("series of times", "arrow", "pd.Series(pd.to_datetime(['2024-01-01', None]))"),
    ("series of periods", "arrow", "pd.Series(pd.period_range('2024', periods=3, freq='h'))"),
    ("series of nullable numbers", "arrow", "with_attrs(pd.Series([1, None], dtype='Int64'), a=1)"),
    ("series of bool, every second", "arrow", "pd.Series([True, False, True, True])[::2]"),
    ("series of lists", "pickle5", "pd.Series([[1], [2]])"),
    # pyarrow
    (
        "Arrow table",
        "arrow",
        "pa.table({'i': [1, None], 'f': [1.5, payload(0x7ff8000000000abc)], 's': ['a', None], 'b': [True, None]})",
    ),
    (
        "Arrow table in chunks",
        "arrow",
        "pa.table({'i': pa.chunked_array([[1, 2], [], [3]]), 's': pa.chunked_array([['a', 'b', 'c']])})",
    ),
    ("Arrow table without chunks", "arrow", "pa.table({'i': pa.chunked_array([], pa.int64())})"),
    (
        "Arrow table, sliced",
        "arrow",
        "pa.table({'i': list(range(30)), 's': [None if i % 3 == 0 else str(i) for i in range(30)], 'b': [i % 2 == 0 for i in range(30)]}).slice(5, 19)",
    ),
    (
        "Arrow table with metadata",
        "arrow",
        "pa.table({'i': [1]}, schema=pa.schema([pa.field('i', pa.int8(), False, {'u': 'm'})], {'k': b'\\xff'}))",
    ),
    (
        "nested Arrow table",
        "arrow",
        "pa.table({'l': [[1, None], None], 's': [{'a': 1}, None], 'm': pa.array([[('k', 1)], []], pa.map_(pa.string(), pa.int64()))})",
    ),
    (
        "nested Arrow table in chunks",
        "arrow",
        "pa.table({'l': pa.chunked_array([[[1], [2, 3]], [[4]]])}).slice(1)",
    ),
    ("Arrow string views", "arrow", "pa.table({'v': pa.array(['a' * 40, None, 'b'], pa.string_view())})"),
    ("Arrow dictionaries", "arrow", "pa.table({'d': pa.array(['a', None, 'a']).dictionary_encode()})"),
    (
        "Arrow nulls and decimals",
        "arrow",
        "pa.table({'n': pa.nulls(3), 'd': pa.array([decimal.Decimal('1.10'), None, None], pa.decimal256(50, 2)), 'x': pa.array([b'ab', None, b'cd'], pa.binary(2)), 'h': pa.array([1, None, 2], pa.float16())})",
    ),
    (
        "Arrow times",
        "arrow",
        "pa.table({'t': pa.array([1, None], pa.timestamp('ns', '+02:00')), 'd': pa.array([86400000, 0], pa.date64()), 'u': pa.array([1, None], pa.duration('s')), 'h': pa.array([1, 2], pa.time32('ms')), 'm': pa.array([(1, 2, 3), None], pa.month_day_nano_interval())})",
    ),
    ("Arrow extension type", "pickle5", "pa.table({'u': pa.array([uuid.UUID(int=5).bytes], pa.uuid())})"),
    ("duplicate names in Arrow", "arrow", "pa.table([pa.array([1]), pa.array(['x'])], names=['a', 'a'])"),
    ("Arrow table without columns", "pickle5", "pa.table({})"),
    (
        "empty Arrow table",
        "arrow",
        "pa.table({'s': pa.array([], pa.string()), 'i': pa.array([], pa.int32()), 'b': pa.array([], pa.bool_())})",
    ),
    ("record batch", "arrow", "pa.record_batch({'i': [1, 2, None], 's': ['a', 'b', None]})"),
    (
        "sliced record batch",
        "arrow",
        "pa.record_batch({'i': [1, 2, None, 4], 's': ['a', 'b', None, 'd']}).slice(1, 2)",
    ),
    (
        "union",
        "arrow",
        "pa.table({'u': pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(['x'])])})",
    ),
    # polars
    ("polars frame", "arrow", "big()"),
    ("polars sorted flag", "arrow", "big().sort('i', descending=True)"),
    ("polars series", "arrow", "big()['s']"),
    ("polars sorted series", "arrow", "big()['i'].sort()"),
    ("polars in chunks", "arrow", "pl.concat([big(), big()], rechunk=False)"),
    (
        "polars nested",
        "arrow",
        "big().select(l=pl.concat_list('i', 'i'), s=pl.struct('i', 'b'), a=pl.concat_list('f', 'f').cast(pl.Array(pl.Float64, 2)))",
    ),
    (
        "polars times",
        "arrow",
        "big().select(d=pl.col('i').cast(pl.Date), t=pl.col('i').cast(pl.Datetime('ns', 'Europe/Vienna')), u=pl.col('i').cast(pl.Duration('ms')), z=pl.col('i').cast(pl.Time), n=pl.lit(None), x=pl.col('i').cast(pl.Decimal(20, 3)), y=pl.col('s').cast(pl.Binary))",
    ),
    ("polars categories", "pickle5", "big().select(c=pl.col('s').cast(pl.Categorical))"),
    (
        "polars Enum",
        "pickle5",
        "pl.DataFrame({'e': pl.Series(['a', 'b'] * 40000, dtype=pl.Enum(['b', 'a']))})",
    ),
    ("polars Int128", "pickle5", "big().select(pl.col('i').cast(pl.Int128))"),
    ("small polars frame", "pickle5", "pl.DataFrame({'a': [1]})"),
]

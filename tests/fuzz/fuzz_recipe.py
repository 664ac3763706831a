"""Recipes of tables (docs/formats/recipe.md): any document beside a stored table is a clean error, or gives a value that
is stored and loaded again exactly; the document that was stored gives the bytes that were stored.

Runs on the default environment's Python, with the arguments of libFuzzer:
    EASEL_BINARY=build/dev/bin/easel PYTHON -P tests/fuzz/fuzz_recipe.py -max_total_time=60 /tmp/found

An input is the number of a table (1 byte), how much of its file is there (1 byte, 255: all) and a document. The file lies
before a page that must not be touched. Pickled parts are those of the table: like all that is pickled they are believed
once their object's digest is right. A document may cut them wrongly, so they may name what a table needs only.
"""

from __future__ import annotations

import ctypes
import glob
import io
import json
import mmap
import os
import pathlib
import pickle
import random
import struct
import sys
from typing import Any

TOP = pathlib.Path(__file__).resolve().parents[2]
CACHE = os.environ.get("EASEL_CACHE", os.path.expanduser("~/.cache/easel"))
sys.path += glob.glob(f"{CACHE}/fuzz/venv/lib/python3*/site-packages")
sys.path[:0] = [str(TOP / "runtime/python"), str(TOP / "runtime/python/tests")]

import atheris  # noqa: E402
import easel_runtime  # noqa: E402

_build = pathlib.Path(os.environ.get("EASEL_BINARY", TOP / "build/dev/bin/easel")).resolve().parent.parent
easel_runtime.__path__.append(str(_build / "share/easel/python/easel_runtime"))

import polars  # noqa: E402, F401  # its tables are seeds
import pyarrow as pa  # noqa: E402, F401

with atheris.instrument_imports(include=["easel_runtime.state"]):
    from easel_runtime.state import arrow, arrow_columns, arrow_file, arrow_pandas, arrow_tables, recipe  # noqa: F401

from same_tables import differences  # noqa: E402
from table_cases import helpers  # noqa: E402

TABLES = [
    "pd.DataFrame({'a': np.arange(50.0), 'b': np.arange(50), 's': pd.Series(objects(*'ab' * 25), dtype=object)})",
    "pd.DataFrame({'c': pd.Categorical(['x', 'y'] * 9), 'n': pd.array([1, None] * 9, dtype='Int8'), 't': ['a', None] * 9})",
    "pd.DataFrame({'v': range(4), 'z': pd.date_range('2024', periods=4, tz='UTC')}, index=pd.MultiIndex.from_product([['x', 'y'], [1, 2]]))",
    "pd.DataFrame({'d': pd.to_timedelta([1, None, 3], unit='s'), 'p': pd.period_range('2024', periods=3, freq='M')}, index=pd.date_range('2024', periods=3, freq='D', name='day'))",
    "pd.DataFrame({'b': [True, False], 'c': [1j, 2j], 'a': pd.array(['x', None], dtype='string[pyarrow]')}, index=['k', 'l'])",
    "pd.DataFrame({'f': pd.array([1.5, None, 2], dtype='Float64'), 'o': pd.array([True, None, False], dtype='boolean'), 'w': pd.array([1, 2, None], dtype=pd.ArrowDtype(pa.int32()))})",
    "pd.DataFrame({1: [1], (2, 'x'): [2.0], None: ['s']}).set_flags(allows_duplicate_labels=False)",
    "pd.DataFrame({'big': np.zeros(3000)}, index=pd.CategoricalIndex(['a', 'b', 'c'] * 1000))",
    "pd.DataFrame(index=pd.RangeIndex(3, 30, 9, name='r'))",
    "pd.DataFrame({'x': []})",
    "pd.Series(['a', None, 'b'], name='x')",
    "pd.Series(pd.array(['ü', None, 'x' * 70], dtype='string[python]'), index=pd.to_timedelta([1, 2, 3], unit='h'))",
    "pd.Series(objects('one', 'two', None, 'one', 'two'), dtype=object, name=('a', 1))",
    "pa.table({'i': pa.chunked_array([[1, 2], [3]]), 's': pa.chunked_array([['a', 'b', 'c']])})",
    "pa.table({'l': [[1], None, [2, 3]], 'm': pa.array(['x', 'y', 'x']).dictionary_encode()})",
    "pa.RecordBatch.from_pydict({'t': [None, 'x'], 'b': [b'1', None], 'n': [None, None]})",
    "pl.DataFrame({'a': range(9000), 's': ['x', None, 'y'] * 3000}).with_columns(pl.col('a').set_sorted())",
    "pl.Series('p', [1.5, None] * 9000)",
]  # fmt: skip

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)


class Table:
    def __init__(self, source: str) -> None:
        encoded = arrow.encode_or_explain(eval(source, dict(helpers())))
        self.recipe = encoded.recipe
        self.file = b"".join(encoded.pieces)
        end = 4 + struct.unpack_from("<I", self.recipe)[0]
        self.document, self.pickles = self.recipe[4:end], self.recipe[end:]


def guarded(data: bytes) -> memoryview:
    """`data` in writable memory, its end (but for what aligns its begin to 64) before a page that nobody may touch."""
    room = -(-max(1, len(data)) // PAGE) * PAGE
    area = mmap.mmap(-1, room + PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    if (
        _libc.mprotect(
            ctypes.c_void_p(address + room), PAGE, mmap.PROT_NONE if hasattr(mmap, "PROT_NONE") else 0
        )
        != 0
    ):
        raise OSError(ctypes.get_errno(), "mprotect")
    begin = (room - len(data)) // 64 * 64
    area[begin : begin + len(data)] = data
    return memoryview(area)[begin : begin + len(data)]


class _Believed(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "builtins" and name not in (
            "slice",
            "complex",
            "bytearray",
            "set",
            "frozenset",
            "object",
            "getattr",
        ):
            raise pickle.UnpicklingError(f"no table needs {name}")
        if module != "easel_runtime.state.recipe" and module.partition(".")[0] not in recipe._MODULES:
            raise pickle.UnpicklingError(f"no table needs {module}")
        return super().find_class(module, name)


def _loads(data: Any) -> Any:
    return _Believed(io.BytesIO(bytes(data))).load()


class _Pickle:
    """Stands for the module in recipe.py."""

    Pickler, PicklingError = pickle.Pickler, pickle.PicklingError
    loads = staticmethod(_loads)


recipe.pickle = _Pickle  # type: ignore[assignment]
tables = [Table(source) for source in TABLES]


def look(data: bytes) -> None:
    """One input. Raises what is wrong with the reader."""
    if len(data) < 2:
        return
    table, document = tables[data[0] % len(tables)], data[2:]
    file = table.file if data[1] == 255 else table.file[: len(table.file) * data[1] // 255]
    stored = struct.pack("<I", len(document)) + document + table.pickles
    try:
        value = arrow.decode(stored, guarded(file))
    except (arrow.RecipeError, ImportError):
        if stored == table.recipe and file == table.file:
            raise
        return
    again = arrow.encode(value)
    if stored == table.recipe and file == table.file:
        assert again is not None and (again.recipe, b"".join(again.pieces)) == (stored, file), "other bytes"
    if again is not None:
        found = differences(value, arrow.decode(again.recipe, guarded(b"".join(again.pieces))))
        assert not found, found


NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    8,
    63,
    64,
    255,
    4096,
    1 << 31,
    1 << 32,
    (1 << 63) - 1,
    1 << 63,
    -(1 << 63),
    1 << 70,
    0.5,
    1e300,
)
TEXTS = ("<f8", "<i8", "|b1", "<M8[ns]", "<m8[s]", "|O", "<U4", "DatetimeIndex", "MultiIndex", "Index", "DatetimeArray",
         "Categorical", "StringArray", "PeriodArray", "IntegerArray", "BooleanArray", "pandas.Series", "pandas.DataFrame",
         "pyarrow.Table", "polars.DataFrame", "None", "NA", "NaT", "nan", "", "x", "\0", "\ud800")  # fmt: skip


def change(value: Any, rng: random.Random, others: list[Any]) -> Any:
    """The document with one thing in it changed, gone, there twice or from elsewhere."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        made = dict(value)
        match rng.randrange(10):
            case 0:
                del made[key]
            case 1:
                made[rng.choice(list(value))] = made[key]
            case 2:
                made[key] = rng.choice(others)
            case _:
                made[key] = change(made[key], rng, others)
        return made
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        match rng.randrange(8):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
            case 2:
                return value[::-1]
            case _:
                return [*value[:at], change(value[at], rng, others), *value[at + 1 :]]
    match rng.randrange(6):
        case 0:
            return rng.choice(NUMBERS)
        case 1:
            return rng.choice(TEXTS)
        case 2:
            return rng.choice((None, True, False, [], {}, [[]], [value], {"pickle": 0}, {"value": value}))
        case 3:
            return rng.choice(others)
        case _ if isinstance(value, int):
            return value + rng.choice((-64, -8, -1, 1, 8, 64)) if rng.random() < 0.7 else value * 2
        case _:
            return rng.choice(TEXTS)


def parts(value: Any) -> list[Any]:
    """All that is in a document."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for one in inside for part in parts(one))]


STOCK = [part for table in tables for part in parts(json.loads(table.document))]


def mutate(data: bytes, most: int, seed: int) -> bytes:
    rng = random.Random(seed)
    if len(data) > 2 and rng.random() < 0.8:
        try:
            document = json.loads(data[2:])
        except (ValueError, RecursionError):
            document = None
        if document is not None:
            for _ in range(rng.choice((1, 1, 1, 2, 4))):
                document = change(document, rng, STOCK)
            head = (
                data[:2]
                if rng.random() < 0.8
                else bytes((rng.randrange(len(tables)), rng.choice((255, 254, rng.randrange(256)))))
            )
            return (head + json.dumps(document, separators=(",", ":")).encode())[:most]
    return atheris.Mutate(data, most)


def main() -> None:
    folders = [word for word in sys.argv[1:] if not word.startswith("-") and os.path.isdir(word)]
    for number, table in enumerate(tables if folders else ()):
        with open(os.path.join(folders[0], f"table_{number}"), "wb") as file:
            file.write(bytes((number, 255)) + table.document)
    atheris.Setup(sys.argv, look, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

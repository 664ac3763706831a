"""What a viewer sees of a value without running anything: Arrow previews, and one-line descriptions of
variables.

Nothing here raises, changes the object, imports a package that is not imported yet, or runs a user's
`__repr__`.
"""

from __future__ import annotations

import datetime
import decimal
import io
import sys
from typing import Any

from .describe import describe_value, short_repr
from .time_limit import TimeLimitReached, time_limit

__all__ = [
    "arrow_preview", "describe_value", "html_preview", "index_title", "is_table", "label_title", "library_class",
]  # fmt: skip

MAX_CELL_CHARACTERS = 1000
PREVIEW_LIMIT_S = 5.0
MAX_NESTED_BYTES = 4 * 1024 * 1024


def library_class(obj: Any, module: str, name: str) -> bool:
    """Whether `obj` is an instance of `module.name`, asked without importing and without asking `obj`."""
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None) if loaded is not None else None
    return isinstance(kind, type) and issubclass(type(obj), kind)


def is_table(obj: Any) -> bool:
    """Whether `obj` is a frame, series or table of pandas, polars or pyarrow."""
    if type(obj) in _NO_TABLES:
        return False
    return any(library_class(obj, module, name) for module, name in _TABLES)


_NO_TABLES = frozenset(
    {int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None)}
)
_TABLES = (
    ("pandas", "DataFrame"),
    ("pandas", "Series"),
    ("polars", "DataFrame"),
    ("polars", "Series"),
    ("pyarrow", "Table"),
    ("pyarrow", "RecordBatch"),
)


def arrow_preview(obj: Any, max_rows: int = 1000, max_columns: int = 50) -> bytes | None:
    """An Arrow IPC file (one uncompressed record batch) of the first rows and columns of a frame, series or
    table.

    Types a simple reader knows: booleans, numbers, decimals, dates, times, text; everything else as text. An
    index other than 0..n-1 comes as leading columns. None for what is no table, or where pyarrow is missing
    (pandas only).
    """
    try:
        with time_limit(PREVIEW_LIMIT_S):
            return _preview(obj, max_rows, max_columns)
    except (Exception, TimeLimitReached):
        return None


def _preview(obj: Any, max_rows: int, max_columns: int) -> bytes | None:
    if library_class(obj, "polars", "DataFrame") or library_class(obj, "polars", "Series"):
        return _from_polars(obj, max_rows, max_columns)
    if library_class(obj, "pandas", "DataFrame") or library_class(obj, "pandas", "Series"):
        return _from_pandas(obj, max_rows, max_columns)
    if library_class(obj, "pyarrow", "Table") or library_class(obj, "pyarrow", "RecordBatch"):
        names = list(obj.schema.names)[:max_columns]
        return _write([(name, _simple(obj.column(i).slice(0, max_rows))) for i, name in enumerate(names)])
    return None


def _from_polars(obj: Any, max_rows: int, max_columns: int) -> bytes:
    pl = sys.modules["polars"]
    frame = obj.to_frame() if library_class(obj, "polars", "Series") else obj
    frame = frame.head(max_rows)
    columns = [_simple_polars(pl, frame.to_series(i)) for i in range(min(frame.width, max_columns))]
    out = io.BytesIO()
    settings: dict[str, Any] = {"compression": "uncompressed"}
    if hasattr(pl, "CompatLevel"):
        settings["compat_level"] = pl.CompatLevel.oldest()
    pl.DataFrame(columns).rechunk().write_ipc(out, **settings)
    return out.getvalue()


def _simple_polars(pl: Any, column: Any) -> Any:
    kind = column.dtype
    base = kind.base_type()
    if base == pl.String:
        return column.str.slice(0, MAX_CELL_CHARACTERS)
    if base in (
        pl.Categorical,
        getattr(pl, "Enum", None),
        getattr(pl, "Int128", None),
        getattr(pl, "UInt128", None),
        getattr(pl, "Float16", None),
    ):
        return column.cast(pl.String)
    if base.is_nested() or base in (pl.Object, pl.Binary):
        if base != pl.Object and column.estimated_size() > MAX_NESTED_BYTES:
            texts: list[str | None] = [f"<{kind}>"] * len(column)
        else:
            texts = [_cell_text(value) for value in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    return column


def _from_pandas(obj: Any, max_rows: int, max_columns: int) -> bytes | None:
    if "pyarrow" not in sys.modules:
        return None
    pd = sys.modules["pandas"]
    if library_class(obj, "pandas", "Series"):
        head = obj.iloc[:max_rows]
        named = [(_cell_text(obj.name) or "value", head)]
    else:
        head = obj.iloc[:max_rows, :max_columns]
        named = [(label_title(label), head.iloc[:, i]) for i, label in enumerate(head.columns)]
    index = head.index
    plain = type(index) is pd.RangeIndex and index.start == 0 and index.step == 1 and index.name is None
    if not plain:
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        titles = [
            label_title(level.name) if level.name is not None else index_title(i, len(levels))
            for i, level in enumerate(levels)
        ]
        named = [(title, level.to_series()) for title, level in zip(titles, levels, strict=False)] + named
    return _write([(name, _pandas_column(column)) for name, column in named])


def index_title(number: int, levels: int) -> str:
    return "index" if levels == 1 else f"level_{number}"


def label_title(label: Any) -> str:
    if isinstance(label, tuple):
        return " / ".join(_cell_text(part) or "" for part in label)
    return _cell_text(label) or "None"


def _pandas_column(column: Any) -> Any:
    pa = sys.modules["pyarrow"]
    if hasattr(column.dtype, "fill_value"):
        column = column.sparse.to_dense()
    try:
        # What pyarrow cannot convert it names in its error by the object's repr, which must not be run.
        if column.dtype != object or all(
            type(value) in _PLAIN_CELLS or _is_missing(value) for value in column
        ):
            converted = pa.Array.from_pandas(column)
            if not isinstance(converted.type, pa.BaseExtensionType):
                return _simple(converted)
    except Exception:
        pass
    return pa.array([None if _is_missing(value) else _cell_text(value) for value in column], pa.string())


_PLAIN_CELLS = frozenset(
    {
        str,
        bool,
        int,
        float,
        datetime.date,
        datetime.datetime,
        datetime.time,
        datetime.timedelta,
        decimal.Decimal,
    }
)


def _is_missing(value: Any) -> bool:
    pd = sys.modules["pandas"]
    return value is None or value is pd.NA or value is pd.NaT or (type(value) is float and value != value)


def _simple(column: Any) -> Any:
    """A pyarrow array of one of the types a simple reader knows."""
    pa = sys.modules["pyarrow"]
    types = pa.types
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _as_text(column)
    if types.is_dictionary(kind):
        return _simple(column.dictionary_decode())
    if types.is_float16(kind):
        return column.cast(pa.float32())
    if types.is_string(kind) or types.is_large_string(kind) or getattr(types, "is_string_view", bool)(kind):
        if column.nbytes > MAX_CELL_CHARACTERS * max(1, len(column)):
            return _as_text(column)
        return column.cast(pa.string())
    simple = (
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_date(kind)
        or types.is_timestamp(kind)
        or types.is_time(kind)
        or types.is_duration(kind)
        or types.is_null(kind)
        or types.is_decimal128(kind)
    )
    return column if simple else _as_text(column)


def _as_text(column: Any) -> Any:
    pa = sys.modules["pyarrow"]
    types = pa.types
    textual = types.is_string(column.type) or types.is_large_string(column.type)
    if column.nbytes > MAX_NESTED_BYTES and not textual:
        return pa.array([f"<{column.type}>"] * len(column), pa.string())
    return pa.array([_cell_text(value.as_py()) for value in column], pa.string())


def _cell_text(value: Any) -> str | None:
    """A cell as text, cut; user-defined objects in cells are described, not asked."""
    if value is None:
        return None
    if type(value) is str:
        return value[:MAX_CELL_CHARACTERS]
    if type(value).__module__.split(".")[0] in ("pandas", "numpy", "datetime", "decimal", "uuid"):
        return str(value)[:MAX_CELL_CHARACTERS]
    return short_repr(value, MAX_CELL_CHARACTERS)


def _write(named: list[tuple[str, Any]]) -> bytes:
    pa = sys.modules["pyarrow"]
    import pyarrow.ipc as ipc

    schema = pa.schema([pa.field(name, column.type) for name, column in named])
    batch = pa.RecordBatch.from_arrays([column for _, column in named], schema=schema)
    out = io.BytesIO()
    with ipc.new_file(out, schema) as writer:
        writer.write_batch(batch)
    return out.getvalue()


def html_preview(obj: Any, max_rows: int = 20, max_columns: int = 20) -> str | None:
    """A small HTML table of a pyarrow table or record batch, which has none of its own."""
    import html

    names = list(obj.schema.names)[:max_columns]
    columns = [_simple(obj.column(i).slice(0, max_rows)).to_pylist() for i in range(len(names))]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in zip(*columns, strict=False)
    )
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{obj.num_rows} rows × {obj.num_columns} columns</p>"
    )

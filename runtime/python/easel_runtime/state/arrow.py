"""The codec `arrow`: frames, series and tables as an ordinary Arrow IPC file, exactly, with a recipe beside it.

`encode` decides by type rules and a cheap check, never by trying and hoping: what is not provably exact declines and
goes to pickle5. The file is docs/formats/object.md's extent 0 of the component, the recipe its stream
(docs/formats/recipe.md).
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from . import arrow_file
from .recipe import DeclinedError, RecipeError, RecipeReader, RecipeWriter

__all__ = [
    "DeclinedError",
    "Encoding",
    "RecipeError",
    "decode",
    "encode",
    "encode_or_explain",
    "is_table_type",
    "prepare",
]

SMALLEST_POLARS_BYTES = 1 << 16  # below, importing pyarrow for it would cost more than it gives


class Encoding(NamedTuple):
    """A value as Arrow: the recipe, the file's bytes in order (the value's own memory where possible), its rows."""

    recipe: bytes
    pieces: list[memoryview]
    rows: int


def is_table_type(value: Any) -> str | None:
    """The name by which recipes know the type of `value`, None for what is no frame, series or table."""
    kind = type(value)
    for package, names in _KINDS.items():
        module = sys.modules.get(package)
        for name in names:
            if module is not None and getattr(module, name, None) is kind:
                return f"{package}.{name}"
    return None


_KINDS = {
    "pandas": ("DataFrame", "Series"),
    "polars": ("DataFrame", "Series"),
    "pyarrow": ("Table", "RecordBatch"),
}


def prepare() -> None:
    """Import what the first table of a worker would import, while nobody waits for it (15 ms)."""
    from . import arrow_pandas, arrow_tables  # noqa: F401

    if "pandas" in sys.modules:
        try:
            import pandas.api.internals  # noqa: F401
        except ImportError:  # an old pandas; its frames are pickled
            pass


def encode(value: Any) -> Encoding | None:
    """`value` as an Arrow file, or None if it is no table or not provably exact that way."""
    try:
        return encode_or_explain(value)
    except (
        Exception
    ):  # declined; or a library behaves in a way that nobody foresaw, which pickle5 may not mind
        return None


def encode_or_explain(value: Any) -> Encoding:
    """As `encode`; raises DeclinedError with the reason where `encode` returns None."""
    kind = is_table_type(value)
    if kind is None:
        raise DeclinedError("it is no frame, series or table")
    package = kind.partition(".")[0]
    if package == "polars" and value.estimated_size() < SMALLEST_POLARS_BYTES:
        raise DeclinedError("a small polars frame")
    try:
        import pyarrow as pa
    except ImportError:
        raise DeclinedError("pyarrow is not installed") from None
    recipe = RecipeWriter()
    document: dict[str, Any] = {"kind": kind}
    if package == "pandas":
        file, document = _pandas(value, kind, recipe)
        rows = len(value)
    elif package == "pyarrow":
        from .arrow_tables import write_table

        rows = value.num_rows
        file = write_table(pa, value, document)
    else:
        from .arrow_tables import write_polars

        rows = len(value)
        file = write_polars(sys.modules["polars"], pa, value, document, recipe)
    document = {**document, "rows": rows, "body": file.body}
    return Encoding(recipe.finish(document), file.pieces, rows)


def _pandas(value: Any, kind: str, recipe: RecipeWriter) -> tuple[arrow_file.TableFile, dict[str, Any]]:
    from .arrow_pandas import PandasWriter, is_supported

    pd = sys.modules["pandas"]
    if not is_supported(pd):
        raise DeclinedError(f"pandas {pd.__version__}")
    writer = PandasWriter(pd, recipe)
    document = writer.frame(value) if kind == "pandas.DataFrame" else writer.series(value)
    return arrow_file.write(writer.out.in_order(), len(value), writer.out.body), document


def decode(recipe: Any, data: memoryview) -> Any:
    """The value that `encode` took, on the memory of `data`, which should be a private writable mapping.

    Raises RecipeError if the recipe does not fit the data; what the libraries raise for a pickled label or dtype that
    this environment cannot make comes as it is.
    """
    reader = RecipeReader(recipe)
    try:
        return _decode(reader, data)
    except (RecipeError, ImportError, MemoryError):
        raise
    except Exception as error:
        raise RecipeError(f"the recipe does not fit its data: {type(error).__name__}: {error}") from error


def _decode(reader: RecipeReader, data: memoryview) -> Any:
    document = reader.document
    kind, rows = document["kind"], document["rows"]
    if type(rows) is not int or rows < 0:
        raise RecipeError("the recipe has no possible number of rows")
    package, _, name = kind.partition(".")
    if name not in _KINDS.get(package, ()):
        raise RecipeError(f"the recipe is of an unknown kind: {kind!r}")
    if package == "pandas":
        import pandas as pd

        from .arrow_pandas import PandasReader, is_supported

        if not is_supported(pd):
            raise ImportError(f"the frame was made by pandas 3 or later; here is {pd.__version__}")
        return PandasReader(pd, reader, data).read()
    import pyarrow as pa

    from .arrow_tables import read_polars, read_table

    if package == "pyarrow":
        return read_table(pa, reader, data)
    import polars as pl

    return read_polars(pl, pa, reader, data)

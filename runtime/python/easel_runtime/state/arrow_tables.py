"""pyarrow tables and polars frames as Arrow files: their buffers as they are, where no type stands in the way."""

from __future__ import annotations

from typing import Any

from .arrow_columns import ColumnWriter, is_fixed, is_text, one_array, open_batch
from .arrow_file import TableFile, write
from .recipe import DeclinedError, RecipeError, RecipeReader, RecipeWriter

Json = dict[str, Any]


def write_table(pa: Any, table: Any, document: Json) -> TableFile:
    """The file of a pyarrow table or record batch; `document` gets how its columns were cut into chunks."""
    schema = table.schema
    for field in schema:
        _check(pa, field.type)
    if not pa.ipc.read_schema(schema.serialize()).equals(schema, check_metadata=True):
        raise DeclinedError("a schema that Arrow files do not keep")
    columns = [table.column(i) for i in range(table.num_columns)]
    if isinstance(table, pa.Table):
        chunks = [[len(chunk) for chunk in column.chunks] for column in columns]
        if any(len(lengths) != 1 for lengths in chunks):
            document["chunks"] = chunks
    types = pa.types
    if columns and all(_is_flat(types, field.type) for field in schema):
        out = ColumnWriter()
        for i, column in enumerate(columns):
            out.arrow(column, i, schema.field(i))
        return write(out.in_order(), table.num_rows, out.body, schema.metadata)
    return _write_by_arrow(pa, schema, columns, table.num_rows)


def _write_by_arrow(pa: Any, schema: Any, columns: list[Any], rows: int) -> TableFile:
    """Nested types: Arrow itself writes them, into memory."""
    if not columns:
        raise DeclinedError("a table without columns")
    batch = pa.RecordBatch.from_arrays([one_array(pa, column) for column in columns], schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(use_threads=False)) as writer:
        writer.write_batch(batch)
    if batch.num_rows != rows:
        raise DeclinedError("columns of different lengths")
    return TableFile([memoryview(sink.getvalue()).cast("B")], 0)


def _is_flat(types: Any, kind: Any) -> bool:
    if types.is_dictionary(kind):
        kind = kind.index_type
    return bool(
        types.is_null(kind) or types.is_boolean(kind) or is_text(types, kind) or is_fixed(types, kind)
    )


def _check(pa: Any, kind: Any) -> None:
    """Raise DeclinedError for types that may come back as something else."""
    if isinstance(kind, pa.BaseExtensionType):
        raise DeclinedError(f"Arrow's extension type {kind}")
    for i in range(kind.num_fields):
        _check(pa, kind.field(i).type)
    if pa.types.is_dictionary(kind):
        _check(pa, kind.value_type)


def read_table(pa: Any, recipe: RecipeReader, data: memoryview) -> Any:
    batch = open_batch(data)
    batch.validate()
    document = recipe.document
    if batch.num_rows != document["rows"]:
        raise RecipeError("the file has another number of rows than the recipe")
    if document["kind"] == "pyarrow.RecordBatch":
        return batch
    chunks = document.get("chunks")
    if chunks is None:
        return pa.Table.from_batches([batch])
    columns = []
    for i, lengths in enumerate(chunks):
        whole = batch.column(i)
        if any(n < 0 for n in lengths) or sum(lengths) != len(whole):
            raise RecipeError("the chunks of a column are not its rows")
        parts, at = [], 0
        for length in lengths:
            parts.append(whole.slice(at, length))
            at += length
        columns.append(pa.chunked_array(parts, whole.type))
    return pa.Table.from_arrays(columns, schema=batch.schema)


# -- polars -----------------------------------------------------------------------------------------------------

_EXACT = (
    "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "Boolean", "String",
    "Binary", "Date", "Datetime", "Duration", "Time", "Null", "Decimal",
)  # fmt: skip


def write_polars(pl: Any, pa: Any, value: Any, document: Json, recipe: RecipeWriter) -> TableFile:
    """The file of a polars frame or series."""
    frame = value
    if type(value) is pl.Series:
        frame = value.to_frame()
        document["name"] = recipe.label(value.name)
    if frame.width == 0:
        raise DeclinedError("a frame without columns")
    for kind in frame.dtypes:
        _check_polars(pl, kind)
    sorted_by = []
    for column in frame.get_columns():
        flags = column.flags
        sorted_by.append(1 if flags["SORTED_ASC"] else -1 if flags["SORTED_DESC"] else 0)
    if any(sorted_by):
        document["sorted"] = sorted_by
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    made = write_table(pa, table, document)
    document.pop("chunks", None)
    return made


def _check_polars(pl: Any, kind: Any) -> None:
    base = kind.base_type()
    if base in (pl.List, pl.Array):
        _check_polars(pl, kind.inner)
    elif base == pl.Struct:
        for field in kind.fields:
            _check_polars(pl, field.dtype)
    elif base.__name__ not in _EXACT:
        raise DeclinedError(f"polars' {kind}")


def read_polars(pl: Any, pa: Any, recipe: RecipeReader, data: memoryview) -> Any:
    frame = pl.from_arrow(read_table(pa, recipe, data), rechunk=False)
    document = recipe.document
    if "sorted" in document:
        names = frame.columns
        for i, order in enumerate(document["sorted"]):
            if order:
                frame = frame.with_columns(
                    frame.to_series(i).set_sorted(descending=order < 0).alias(names[i])
                )
    if document["kind"] == "polars.Series":
        return frame.to_series(0)
    return frame

"""Arrays as columns of an Arrow file without copying them, and the way back onto the mapped file."""

from __future__ import annotations

import re
from typing import Any

from .. import _easel
from .arrow_file import NO_BUFFER, Body, Column, Placed, alignment
from .recipe import DeclinedError, RecipeError

Json = dict[str, Any]
NOT_A_TIME = -(1 << 63)
NULL_NAMES = {1: "None", 2: "NA", 3: "NaT", 4: "nan"}
_BOOL8 = {"ARROW:extension:name": "arrow.bool8", "ARROW:extension:metadata": ""}


class ColumnWriter:
    """The columns of one file and the body that their buffers go into."""

    def __init__(self) -> None:
        import numpy
        import pyarrow

        self.np = numpy
        self.pa = pyarrow
        self.body = Body()
        self.columns: dict[int, Column] = {}

    def in_order(self) -> list[Column]:
        return [self.columns[number] for number in range(len(self.columns))]

    def field(self, title: str, kind: Any, metadata: dict[str, str] | None = None) -> Any:
        return self.pa.field(title.encode("utf-8", "backslashreplace").decode(), kind, metadata=metadata)

    # -- numpy --------------------------------------------------------------------------------------------------

    def check_numpy(self, dtype: Any) -> None:
        """Raise DeclinedError unless arrays of this dtype are exact as they lie in memory."""
        ok = dtype.kind in "biufcMm" and dtype.isnative and dtype.metadata is None
        size = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
        if not ok or size > 8:
            raise DeclinedError(f"numpy's {dtype}")
        if dtype.kind in "Mm" and self.np.datetime_data(dtype) not in _UNITS:
            raise DeclinedError(f"numpy's {dtype}")

    def place(self, values: Any) -> Json:
        """Put the rows of a matrix, or one array, into the body, one after the other; their place for the recipe."""
        if type(values) is not self.np.ndarray:
            raise DeclinedError("a subclass of numpy's array")
        self.check_numpy(values.dtype)
        rows = values.shape[0] if values.ndim == 2 else 1
        count = values.shape[-1]
        width = count * values.dtype.itemsize
        stride = width + -width % 8
        at = 0
        if rows and width:
            if values.flags.c_contiguous and stride == width:
                at = self.body.add(values.reshape(-1).view("u1")).offset
            else:
                for i in range(rows):
                    row = self.np.ascontiguousarray(values[i] if values.ndim == 2 else values)
                    placed = self.body.add(row.view("u1"), 8 if i else alignment(rows * stride))
                    at = at if i else placed.offset
        spec = {"numpy": values.dtype.str, "shape": list(values.shape), "at": at, "stride": stride}
        if not values.flags.writeable:
            spec["readonly"] = True
        return spec

    def numbers(self, values: Any, numbers: list[int], titles: list[str]) -> Json:
        """A numpy array, or matrix with a column a row, as columns without nulls (NaT: null, too)."""
        spec = self.place(values)
        matrix = values if values.ndim == 2 else values[None, :]
        for i, number in enumerate(numbers):
            nulls = matrix[i].view("i8") == NOT_A_TIME if values.dtype.kind in "Mm" else None
            self.columns[number] = self.number_column(titles[i], spec, i, nulls)
        return spec

    def number_column(
        self, title: str, spec: Json, row: int, nulls: Any, kind: Any = None, note: Any = None
    ) -> Column:
        """The column for row `row` of what `place` placed; `kind` replaces the type, `nulls` are a mask."""
        pa, dtype = self.pa, self.np.dtype(spec["numpy"])
        count = spec["shape"][-1]
        width = count * dtype.itemsize
        data = Placed(spec["at"] + row * spec["stride"], width) if width else NO_BUFFER
        valid, missing = self.validity(nulls)
        if dtype.kind == "c":
            part = pa.float64() if dtype.itemsize == 16 else pa.float32()
            nodes = [(count, 0), (2 * count, 0)]
            return Column(self.field(title, pa.list_(part, 2)), nodes, [NO_BUFFER, NO_BUFFER, data])
        if kind is None:
            if dtype.kind == "b":
                kind, note = pa.int8(), _BOOL8
            else:
                kind = pa.from_numpy_dtype(dtype)
        return Column(self.field(title, kind, note), [(count, missing)], [valid, data])

    def validity(self, nulls: Any) -> tuple[Placed, int]:
        """A bitmap for a mask of nulls (none if there are none), and how many there are."""
        missing = 0 if nulls is None else int(self.np.count_nonzero(nulls))
        if missing == 0:
            return NO_BUFFER, 0
        return self.body.add(self.np.packbits(~nulls, bitorder="little"), 8), missing

    def codes(self, codes: Any, number: int, title: str, values: Any, ordered: bool) -> Json:
        """Codes into `values` (-1: null) as a dictionary column."""
        dictionary = self.shown(values)
        spec = self.place(codes)
        row = codes.reshape(-1)
        kind = self.pa.dictionary(self.pa.from_numpy_dtype(codes.dtype), dictionary.type, ordered)
        column = self.number_column(title, spec, 0, row < 0, kind)
        self.columns[number] = column._replace(dictionary=dictionary)
        return spec

    def shown(self, values: Any) -> Any:
        """An Arrow array of a pandas index, for readers of the file; the recipe holds the index itself."""
        pa, dtype = self.pa, values.dtype
        if isinstance(dtype, self.np.dtype):
            if dtype.kind in "biufMm" and dtype.itemsize <= 8:
                return pa.array(values.to_numpy(), from_pandas=False)
            if dtype.kind != "O" or _easel.strings_encode(values.to_numpy(), None, None) is None:
                raise DeclinedError("categories or levels that are no strings or numbers")
            return pa.array(values.to_numpy(), pa.large_string())
        name = type(dtype).__name__
        if name == "CategoricalDtype":
            return self.shown(values.astype(dtype.categories.dtype))
        if name == "PeriodDtype":
            return pa.array(values.astype(str).tolist(), pa.large_string())
        if name in ("StringDtype", "DatetimeTZDtype"):
            made = pa.array(values.array)
            return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
        raise DeclinedError(f"categories or levels of {dtype}")

    # -- Python strings -----------------------------------------------------------------------------------------

    def strings(self, values: Any, number: int, title: str, missing: tuple[Any, Any]) -> str | None:
        """An array of `str` objects; returns the name of the null that it holds, None if it has none."""
        kinds = {str, float, type(None), type(missing[0]), type(missing[1])}
        if len(values) and not {type(values[i]) for i in (0, len(values) // 2, -1)} <= kinds:
            raise DeclinedError("Python objects that are not all strings")  # cheap: before a long look
        made = _easel.strings_encode(values, *missing)
        if made is None:
            raise DeclinedError(
                "Python objects that are not all strings, or broken text, or two kinds of null"
            )
        offsets, data, valid, indices, null, nulls, offset_bytes, index_bytes = made
        pa = self.pa
        kind = pa.large_string() if offset_bytes == 8 else pa.string()
        dictionary = None
        if indices is not None:
            count = len(offsets) // offset_bytes - 1
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
            dictionary = pa.Array.from_buffers(kind, count, buffers)
            kind = pa.dictionary({1: pa.int8(), 2: pa.int16(), 4: pa.int32()}[index_bytes], kind)
            parts = [self.body.add(indices)]
        else:
            parts = [self.body.add(offsets), self.body.add(data)]
        bitmap = NO_BUFFER if valid is None else self.body.add(valid, 8)
        field = self.field(title, kind)
        self.columns[number] = Column(field, [(len(values), nulls)], [bitmap, *parts], dictionary)
        return NULL_NAMES.get(null)

    # -- Arrow arrays -------------------------------------------------------------------------------------------

    def arrow(self, values: Any, number: int, field: Any) -> None:
        """A pyarrow (chunked) array of a type without children, at offset 0 and with nothing hidden under nulls."""
        pa, types = self.pa, self.pa.types
        array = one_array(pa, values)
        kind = array.type
        index = kind.index_type if types.is_dictionary(kind) else kind
        count, nulls = len(array), array.null_count
        buffers = [] if types.is_null(kind) else array.buffers()
        placed: list[Placed] = []
        if types.is_null(kind):
            pass
        elif is_text(types, kind):
            placed = self._text(array, kind, nulls)
        elif types.is_boolean(kind):
            bits = self._bits(buffers[1], array.offset, count)
            if nulls:
                bits = bits & self._bits(buffers[0], array.offset, count)
            placed = [self._valid(array, nulls), self.body.add(bits, 8)]
        elif is_fixed(types, index):
            width = index.bit_width // 8
            data = self.np.frombuffer(buffers[1], "u1", count * width, array.offset * width) if count else b""
            if nulls:
                data = self._hide(data, width, array)
            placed = [self._valid(array, nulls), self.body.add(data)]
        else:
            raise DeclinedError(f"Arrow's {kind}")
        dictionary = array.dictionary if types.is_dictionary(kind) else None
        self.columns[number] = Column(field, [(count, nulls)], placed, dictionary)

    def _text(self, array: Any, kind: Any, nulls: int) -> list[Placed]:
        types, np, count = self.pa.types, self.np, len(array)
        wide = types.is_large_string(kind) or types.is_large_binary(kind)
        dtype = np.dtype("i8" if wide else "i4")
        if count == 0:
            return [NO_BUFFER, self.body.add(bytes(dtype.itemsize)), NO_BUFFER]
        valid = self._valid(array, nulls)
        offsets = np.frombuffer(array.buffers()[1], dtype, count + 1, array.offset * dtype.itemsize)
        if nulls and np.diff(offsets)[self._mask(array)].any():
            import pyarrow.compute as pc

            array = pc.fill_null(array, b"" if types.is_binary(kind) or types.is_large_binary(kind) else "")
            offsets = np.frombuffer(array.buffers()[1], dtype, count + 1, array.offset * dtype.itemsize)
        begin, end = int(offsets[0]), int(offsets[-1])
        data = array.buffers()[2]
        text = np.frombuffer(data, "u1", end - begin, begin) if end > begin else b""
        if begin:
            offsets = offsets - offsets[0]
        return [valid, self.body.add(offsets.view("u1")), self.body.add(text)]

    def _valid(self, array: Any, nulls: int) -> Placed:
        if nulls == 0:
            return NO_BUFFER
        return self.body.add(self._bits(array.buffers()[0], array.offset, len(array)), 8)

    def _bits(self, buffer: Any, offset: int, count: int) -> Any:
        """`count` bits from bit `offset`, as bytes; unused bits at the end are zero."""
        np = self.np
        first, last = offset // 8, (offset + count + 7) // 8
        found = np.frombuffer(buffer, "u1", last - first, first) if count else np.empty(0, "u1")
        if offset % 8:
            bits = np.unpackbits(found, bitorder="little")[offset % 8 : offset % 8 + count]
            return np.packbits(bits, bitorder="little")
        if count % 8 and found[-1] >> count % 8:
            found = found.copy()
            found[-1] &= (1 << count % 8) - 1
        return found

    def _mask(self, array: Any) -> Any:
        bits = self._bits(array.buffers()[0], array.offset, len(array))
        return self.np.unpackbits(bits, count=len(array), bitorder="little") == 0

    def _hide(self, data: Any, width: int, array: Any) -> Any:
        """Zeros where the array is null: what lies there may differ from run to run."""
        values, mask = data.reshape(-1, width), self._mask(array)
        if values[mask].any():
            data = data.copy()
            data.reshape(-1, width)[mask] = 0
        return data


_DTYPE = re.compile(r"[<|][biufcMm]\d{1,2}(\[(s|ms|us|ns)\])?")
_UNITS = {("s", 1), ("ms", 1), ("us", 1), ("ns", 1)}


def one_array(pa: Any, values: Any) -> Any:
    """The chunks of a chunked array as one array."""
    if not isinstance(values, pa.ChunkedArray):
        return values
    if values.num_chunks == 1:
        return values.chunk(0)
    if values.num_chunks == 0:
        return pa.array([], values.type)
    made = values.combine_chunks()
    if isinstance(made, pa.ChunkedArray):
        raise DeclinedError("more text than one Arrow array can hold")
    return made


def is_text(types: Any, kind: Any) -> bool:
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def is_fixed(types: Any, kind: Any) -> bool:
    """Types whose arrays are a bitmap and values of a fixed number of bytes."""
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_temporal(kind) or types.is_decimal(kind)
        or types.is_fixed_size_binary(kind)
    )  # fmt: skip


class ColumnReader:
    """The mapped file, read where the recipe says its columns are."""

    def __init__(self, data: memoryview, body: Any) -> None:
        import numpy

        self.np = numpy
        self.data = data
        if not isinstance(body, int) or not 0 <= body <= len(data):
            raise RecipeError("the body lies outside of the file")
        self.body = body
        self._batch: Any = None

    @property
    def batch(self) -> Any:
        """The record batch, opened without copying."""
        if self._batch is None:
            self._batch = open_batch(self.data)
        return self._batch

    def column(self, number: Any) -> Any:
        if not isinstance(number, int) or not 0 <= number < self.batch.num_columns:
            raise RecipeError(f"the file has no column {number}")
        column = self.batch.column(number)
        column.validate()
        return column

    def place(self, spec: Json) -> Any:
        """The array that `ColumnWriter.place` placed, on the mapping; writable as it was."""
        np = self.np
        if not isinstance(spec["numpy"], str) or _DTYPE.fullmatch(spec["numpy"]) is None:
            raise RecipeError("an array of the recipe has no possible dtype")
        dtype, shape, stride = np.dtype(spec["numpy"]), tuple(spec["shape"]), spec["stride"]
        if len(shape) not in (1, 2) or any(type(n) is not int or n < 0 for n in shape):
            raise RecipeError("an array of the recipe has no possible shape")
        width = shape[-1] * dtype.itemsize
        if 0 in shape or width == 0:
            made = np.empty(shape, dtype)
        else:
            at, rows = spec["at"] + self.body, (shape[0] if len(shape) == 2 else 1)
            if at < self.body or stride < width or at + (rows - 1) * stride + width > len(self.data):
                raise RecipeError("an array of the recipe lies outside of the file")
            strides = (stride, dtype.itemsize) if len(shape) == 2 else (dtype.itemsize,)
            made = np.ndarray(shape, dtype, buffer=self.data, offset=at, strides=strides)
        if spec.get("readonly"):
            made.flags.writeable = False
        return made

    def strings(self, out: Any, number: Any, null: Any) -> None:
        """Fill an object array with the strings of a column."""
        pa_types = _pyarrow().types
        array = self.column(number)
        if len(array) != len(out):
            raise RecipeError("a column of strings has another length than the value")
        if not len(out):
            return
        valid = array.buffers()[0]
        indices, index_bytes, text = None, 0, array
        if pa_types.is_dictionary(array.type):
            text = array.dictionary
            index_bytes = array.type.index_type.bit_width // 8
            indices = memoryview(array.buffers()[1])[: len(out) * index_bytes]
        if text.offset or not (pa_types.is_string(text.type) or pa_types.is_large_string(text.type)):
            raise RecipeError(f"a column of strings is of type {text.type}")
        width = 8 if pa_types.is_large_string(text.type) else 4
        _, offsets, data = text.buffers()
        offsets = memoryview(offsets)[: (len(text) + 1) * width]
        _easel.strings_decode(
            out, offsets, width, data if data is not None else b"", valid, null, indices, index_bytes
        )

    def mask(self, number: Any) -> Any:
        """Where a column is null, as a mask of its own."""
        array = self.column(number)
        if array.null_count == 0:
            return self.np.zeros(len(array), "?")
        bits = self.np.frombuffer(array.buffers()[0], "u1")
        return self.np.unpackbits(bits, count=len(array), bitorder="little") == 0


def _pyarrow() -> Any:
    import pyarrow

    return pyarrow


def open_batch(data: memoryview) -> Any:
    """The only record batch of the file in `data`, whose arrays lie in `data`."""
    pa = _pyarrow()
    try:
        reader = pa.ipc.open_file(pa.py_buffer(data))
        if reader.num_record_batches != 1:
            raise RecipeError(f"the file has {reader.num_record_batches} record batches, not one")
        return reader.get_batch(0)
    except (pa.ArrowException, OSError) as error:
        raise RecipeError(f"the Arrow file is damaged: {error}") from None

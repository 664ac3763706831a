"""pandas frames and series as Arrow files: block by block, as they lie in memory.

A block of numbers is one array before and after, so consolidated frames stay consolidated and nothing is copied either
way. Written for pandas 3; under an older one frames go to pickle5.
"""

from __future__ import annotations

from typing import Any

from ..tables import index_title, label_title
from .arrow_columns import ColumnReader, ColumnWriter
from .recipe import DeclinedError, RecipeError, RecipeReader, RecipeWriter, backed

Json = dict[str, Any]
_FRAME_FIELDS = {"_mgr", "_attrs", "_flags", "_item_cache", "_cacher"}
_SERIES_FIELDS = {*_FRAME_FIELDS, "_name", "_index"}
_MASKED = ("IntegerArray", "FloatingArray", "BooleanArray")


def is_supported(pd: Any) -> bool:
    """Whether this pandas keeps and makes frames in the way that this file knows."""
    return int(pd.__version__.partition(".")[0]) >= 3


class PandasWriter:
    """Writes one value; raises DeclinedError for what is not provably exact."""

    def __init__(self, pd: Any, recipe: RecipeWriter) -> None:
        self.pd = pd
        self.recipe = recipe
        self.out = ColumnWriter()
        self._next = 0

    def frame(self, frame: Any) -> Json:
        if not set(vars(frame)) <= _FRAME_FIELDS:
            raise DeclinedError("attributes of its own on the frame")
        document = {"kind": "pandas.DataFrame", "rows": len(frame), "index": self.index(frame.index)}
        document["columns"] = self.labels(frame.columns)
        first = self._next
        titles = [label_title(label) for label in frame.columns.tolist()]
        blocks = []
        for block in frame._mgr.blocks:
            places = [int(place) for place in block.mgr_locs]
            array = self.array(block.values, [first + p for p in places], [titles[p] for p in places])
            blocks.append({"columns": _short(places), "array": array})
        document["blocks"] = blocks
        return self._details(frame, document)

    def series(self, series: Any) -> Json:
        if not set(vars(series)) <= _SERIES_FIELDS:
            raise DeclinedError("attributes of its own on the series")
        document = {"kind": "pandas.Series", "rows": len(series), "index": self.index(series.index)}
        document["name"] = self.recipe.label(series.name)
        title = "value" if series.name is None else label_title(series.name)
        document["array"] = self.array(series._mgr.blocks[0].values, [self._next], [title])
        return self._details(series, document)

    def _details(self, value: Any, document: Json) -> Json:
        if value.attrs:
            document["attrs"] = self.recipe.pickle(value.attrs, shares=True)
        if not value.flags.allows_duplicate_labels:
            document["allows_duplicate_labels"] = False
        return document

    # -- labels and indexes -------------------------------------------------------------------------------------

    def labels(self, labels: Any) -> Json:
        """Column labels, all in the recipe."""
        kind = type(labels)
        if kind is self.pd.RangeIndex:
            return {**_range(labels), "name": self.recipe.label(labels.name)}
        if kind is self.pd.Index:
            dtype = labels.dtype
            values = labels.tolist()
            if all(type(v) is str for v in values) and (
                dtype.kind == "O" or type(dtype) is self.pd.StringDtype
            ):
                return {"labels": values, "dtype": self._dtype(dtype), "name": self.recipe.label(labels.name)}
        return self.recipe.pickle(labels)

    def index(self, index: Any) -> Json:
        pd, kind = self.pd, type(index)
        if kind is pd.RangeIndex:
            return {**_range(index), "name": self.recipe.label(index.name)}
        if kind is pd.MultiIndex:
            return self._levels(index)
        if kind not in (pd.Index, pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex, pd.CategoricalIndex):
            raise DeclinedError(f"an index of type {kind.__qualname__}")
        title = index_title(0, 1) if index.name is None else label_title(index.name)
        spec: Json = {"index": kind.__name__, "name": self.recipe.label(index.name)}
        number = self._take()
        spec["array"] = self.array(index._data, [number], [title])
        self._mark(number, 0)
        freq = getattr(index, "_freq", None)
        if freq is not None and kind is not pd.PeriodIndex:
            spec["freq"] = self.recipe.pickle(freq)
        return spec

    def _levels(self, index: Any) -> Json:
        codes = []
        levels = list(index.levels)
        for i, (level, code, name) in enumerate(zip(levels, index._codes, index._names, strict=True)):
            made = self.pd.MultiIndex(levels=[level], codes=[code], verify_integrity=False)._codes[0]
            if made.dtype != code.dtype:
                raise DeclinedError("codes of a MultiIndex wider than pandas makes them")
            title = index_title(i, len(levels)) if name is None else label_title(name)
            number = self._take()
            codes.append(self.out.codes(code, number, title, level, False))
            self._mark(number, i)
        names = [self.recipe.label(name) for name in index._names]
        return {
            "index": "MultiIndex", "levels": self.recipe.pickle(levels), "codes": codes, "names": names,
            "sortorder": index.sortorder,
        }  # fmt: skip

    def _take(self) -> int:
        self._next += 1
        return self._next - 1

    def _mark(self, number: int, level: int) -> None:
        """Say in the file which columns are the index."""
        column = self.out.columns[number]
        metadata = {**(column.field.metadata or {}), b"easel.index": str(level).encode()}
        self.out.columns[number] = column._replace(field=column.field.with_metadata(metadata))

    # -- arrays -------------------------------------------------------------------------------------------------

    def _dtype(self, dtype: Any) -> Json:
        if type(dtype) is self.pd.StringDtype and type(dtype.na_value) in (float, type(self.pd.NA)):
            return {"string": dtype.storage, "na": "NA" if dtype.na_value is self.pd.NA else "nan"}
        if isinstance(dtype, self.out.np.dtype) and dtype.hasobject:
            return {"numpy": "|O"}
        return self.recipe.pickle(dtype)

    def array(self, values: Any, numbers: list[int], titles: list[str]) -> Json:
        """The values of a block, a series or an index; a column for each number."""
        kind, out, pd = type(values), self.out, self.pd
        if kind is out.np.ndarray:
            if values.dtype.kind == "O":
                return self._objects(values, numbers, titles)
            return out.numbers(values, numbers, titles)
        name = kind.__name__
        if kind.__module__.partition(".")[0] != "pandas":
            raise DeclinedError(f"an array of type {kind.__module__}.{kind.__qualname__}")
        if kind in (pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray, pd.arrays.PeriodArray):
            return self._times(values, numbers, titles)
        if kind is pd.Categorical:
            dtype = values.dtype
            spec = out.codes(values._ndarray, numbers[0], titles[0], dtype.categories, bool(dtype.ordered))
            return {"backed": name, "dtype": self.recipe.pickle(dtype), "array": spec}
        if kind is pd.arrays.StringArray:
            spec = self._objects(values._ndarray, numbers, titles)
            return {"backed": name, "dtype": self._dtype(values.dtype), "array": spec}
        if kind in (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray):
            return self._masked(values, numbers[0], titles[0])
        if kind is pd.arrays.ArrowStringArray:
            out.arrow(values._pa_array, numbers[0], out.field(titles[0], values._pa_array.type))
            return {"arrow": numbers[0], "dtype": self._dtype(values.dtype)}
        if kind is pd.arrays.ArrowExtensionArray:
            if isinstance(values._pa_array.type, out.pa.BaseExtensionType):
                raise DeclinedError("an Arrow extension type")
            out.arrow(values._pa_array, numbers[0], out.field(titles[0], values._pa_array.type))
            return {"arrow": numbers[0]}
        raise DeclinedError(f"an array of type {kind.__module__}.{kind.__qualname__}")

    def _times(self, values: Any, numbers: list[int], titles: list[str]) -> Json:
        if getattr(values, "_freq", None) is not None:
            raise DeclinedError("an array of times with a frequency")
        out, pa, data, dtype = self.out, self.out.pa, values._ndarray, values.dtype
        spec = out.place(data)
        matrix = data if data.ndim == 2 else data[None, :]
        kind: Any = None
        note: Any = None
        if type(dtype) is self.pd.PeriodDtype:
            kind = pa.int64()
            note = {
                "ARROW:extension:name": "pandas.period",
                "ARROW:extension:metadata": f'{{"freq": "{dtype._freqstr if hasattr(dtype, "_freqstr") else ""}"}}',
            }
        elif type(dtype) is self.pd.DatetimeTZDtype:
            try:
                kind = pa.timestamp(dtype.unit, dtype.tz)
            except (TypeError, ValueError, pa.ArrowException):
                kind = pa.timestamp(dtype.unit, "UTC")
        for i, number in enumerate(numbers):
            nulls = matrix[i].view("i8") == -(1 << 63)
            out.columns[number] = out.number_column(titles[i], spec, i, nulls, kind, note)
        plain = isinstance(dtype, out.np.dtype)
        made = {"numpy": dtype.str} if plain else self.recipe.pickle(dtype)
        return {"backed": type(values).__name__, "dtype": made, "array": spec}

    def _masked(self, values: Any, number: int, title: str) -> Json:
        out, data, mask = self.out, values._data, values._mask
        spec = out.place(data)
        out.columns[number] = out.number_column(title, spec, 0, mask)
        return {
            "masked": type(values).__name__, "array": spec, "mask": number, "readonly": not mask.flags.writeable,
        }  # fmt: skip

    def _objects(self, values: Any, numbers: list[int], titles: list[str]) -> Json:
        if type(values) is not self.out.np.ndarray or not values.flags.writeable:
            raise DeclinedError("an array of Python objects that is not an ordinary writable one")
        rows = values if values.ndim == 2 else [values]
        missing = (self.pd.NA, self.pd.NaT)
        nulls = [self.out.strings(row, numbers[i], titles[i], missing) for i, row in enumerate(rows)]
        return {"strings": numbers, "shape": list(values.shape), "nulls": nulls}


class PandasReader:
    """Makes the value that a recipe describes on the mapped file."""

    def __init__(self, pd: Any, recipe: RecipeReader, data: memoryview) -> None:
        self.pd = pd
        self.recipe = recipe
        self.data = ColumnReader(data, recipe.document["body"])
        self.rows = recipe.document["rows"]

    def read(self) -> Any:
        document = self.recipe.document
        index = self.index(document["index"])
        if len(index) != self.rows:
            raise RecipeError("the index has another length than the value")
        if document["kind"] == "pandas.Series":
            array = self.array(document["array"], 1)
            made = self.pd.Series(
                array, index=index, dtype=array.dtype, name=self.recipe.value(document["name"]), copy=False
            )
        else:
            made = self._frame(document, index)
        if "attrs" in document:
            made.attrs = self.recipe.value(document["attrs"])
        if document.get("allows_duplicate_labels") is False:
            made.flags.allows_duplicate_labels = False
        return made

    def _frame(self, document: Json, index: Any) -> Any:
        from pandas.api.internals import create_dataframe_from_blocks

        np = self.data.np
        columns = self.labels(document["columns"])
        places: list[int] = []
        blocks = []
        for block in document["blocks"]:
            own = _long(block["columns"])
            array = self.array(block["array"], 2)
            height = array.shape[0] if array.ndim == 2 else 1
            if height != len(own) or array.shape[-1] != self.rows:
                raise RecipeError("a block has another shape than the frame")
            blocks.append((array, np.asarray(own, np.intp)))
            places += own
        if len(places) != len(columns) or sorted(places) != list(range(len(columns))):
            raise RecipeError("the blocks are not the frame's columns")
        return create_dataframe_from_blocks(blocks, index, columns)

    def labels(self, spec: Json) -> Any:
        if "range" in spec:
            return self._range(spec)
        if "labels" in spec:
            name = self.recipe.value(spec["name"])
            return self.pd.Index(spec["labels"], dtype=self._dtype(spec["dtype"]), name=name)
        return self.recipe.value(spec)

    def _range(self, spec: Json) -> Any:
        return self.pd.RangeIndex(*spec["range"], name=self.recipe.value(spec["name"]))

    def index(self, spec: Json) -> Any:
        if "range" in spec:
            return self._range(spec)
        pd = self.pd
        if spec["index"] == "MultiIndex":
            codes = [self.data.place(code) for code in spec["codes"]]
            levels = self.recipe.value(spec["levels"])
            for level, code in zip(levels, codes, strict=True):
                if len(code) != self.rows or (
                    len(code) and not -1 <= code.min() <= code.max() < max(1, len(level))
                ):
                    raise RecipeError("codes of a MultiIndex point outside of its levels")
            names = [self.recipe.value(name) for name in spec["names"]]
            return pd.MultiIndex(
                levels=levels, codes=codes, sortorder=spec["sortorder"], names=names, verify_integrity=False
            )
        kinds = {k.__name__: k for k in (pd.Index, pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex)}
        kinds["CategoricalIndex"] = pd.CategoricalIndex
        made = kinds[spec["index"]]._simple_new(self.array(spec["array"], 1), self.recipe.value(spec["name"]))
        if "freq" in spec:
            made._freq = self.recipe.value(spec["freq"])
        return made

    def _dtype(self, spec: Json) -> Any:
        if "string" in spec:
            na = self.pd.NA if spec["na"] == "NA" else self.data.np.nan
            return self.pd.StringDtype(spec["string"], na)
        if "numpy" in spec:
            return self.data.np.dtype(spec["numpy"])
        return self.recipe.value(spec)

    def array(self, spec: Json, ndim: int) -> Any:
        """The array of a block (2 dimensions where pandas has them), a series or an index (1)."""
        pd, arrays = self.pd, self.pd.arrays
        if "numpy" in spec:
            made = self.data.place(spec)
        elif "strings" in spec:
            made = self._objects(spec)
        elif "backed" in spec:
            kinds = {
                k.__name__: k
                for k in (arrays.DatetimeArray, arrays.TimedeltaArray, arrays.PeriodArray, arrays.StringArray)
            }
            kind = {**kinds, "Categorical": pd.Categorical}[spec["backed"]]
            dtype, inner = self._dtype(spec["dtype"]), self.array(spec["array"], ndim)
            self._check_backing(spec["backed"], dtype, inner)
            made = backed(kind, inner, dtype)
        elif "masked" in spec:
            if spec["masked"] not in _MASKED:
                raise RecipeError(f"there are no arrays of type {spec['masked']!r}")
            mask = self.data.mask(spec["mask"])
            if spec["readonly"]:
                mask.flags.writeable = False
            values = self.data.place(spec["array"])
            if len(values) != len(mask):
                raise RecipeError("a mask has another length than its values")
            made = getattr(arrays, spec["masked"])._simple_new(values, mask)
        else:
            column = self.data.column(spec["arrow"])
            if "dtype" in spec:
                made = arrays.ArrowStringArray(column, dtype=self._dtype(spec["dtype"]))
            else:
                made = arrays.ArrowExtensionArray(column)
        if made.shape[-1] != self.rows:
            raise RecipeError("an array has another length than the value")
        return made

    def _check_backing(self, name: str, dtype: Any, inner: Any) -> None:
        """The memory that pandas will trust must be of the type that it expects."""
        np = self.data.np
        if name == "StringArray":
            ok = inner.dtype == object and type(dtype) is self.pd.StringDtype
        elif name == "Categorical":
            ok = type(dtype) is self.pd.CategoricalDtype and inner.dtype.kind == "i"
            if ok and inner.size:
                ok = inner.min() >= -1 and inner.max() < max(1, len(dtype.categories))
        elif name == "PeriodArray":
            ok = inner.dtype == np.dtype("i8") and type(dtype) is self.pd.PeriodDtype
        else:
            ok = inner.dtype.kind == ("M" if name == "DatetimeArray" else "m")
            ok = ok and (
                inner.dtype == dtype or (type(dtype) is self.pd.DatetimeTZDtype and name == "DatetimeArray")
            )
        if not ok:
            raise RecipeError(f"a {name} on memory of another type")

    def _objects(self, spec: Json) -> Any:
        shape = tuple(spec["shape"])
        if (
            len(shape) not in (1, 2)
            or shape[-1] != self.rows
            or (len(shape) == 2 and shape[0] != len(spec["strings"]))
        ):
            raise RecipeError("a column of strings has another length than the value")
        if any(len(self.data.column(number)) != self.rows for number in spec["strings"]):
            raise RecipeError("a column of strings has another length than the value")
        made = self.data.np.empty(shape, object)
        rows = made if made.ndim == 2 else [made]
        nulls = {"None": None, "NA": self.pd.NA, "NaT": self.pd.NaT, "nan": self.data.np.nan, None: None}
        for row, number, null in zip(rows, spec["strings"], spec["nulls"], strict=True):
            self.data.strings(row, number, nulls[null])
        return made


def _range(index: Any) -> Json:
    return {"range": [index.start, index.stop, index.step]}


def _short(places: list[int]) -> Any:
    """Column numbers as [start, count] where they follow each other."""
    if places and places == list(range(places[0], places[0] + len(places))):
        return {"first": places[0], "count": len(places)}
    return places


def _long(places: Any) -> range | list[int]:
    if isinstance(places, dict):
        return range(places["first"], places["first"] + places["count"])
    return list(places)

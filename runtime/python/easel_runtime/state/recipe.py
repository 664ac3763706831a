"""What an Arrow file does not say about a value: a small JSON document, and pickles of labels and dtypes beside it.

docs/formats/recipe.md. Only workers open recipes; whatever is wrong in one is a RecipeError, never a crash.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import types
from json import dumps, loads  # bound now: a block may patch the module
from typing import Any

from .definitions import is_by_value

VERSION = 1
MAX_PICKLED_BYTES = 16 << 20  # a recipe is small; what needs more goes to pickle5 as a whole
_MODULES = frozenset(
    {
        "builtins", "collections", "copyreg", "datetime", "dateutil", "decimal", "fractions", "functools", "numpy",
        "pandas", "pathlib", "pyarrow", "pytz", "uuid", "zoneinfo",
    }
)  # fmt: skip
_BUILT_IN = {types.BuiltinFunctionType, types.MethodDescriptorType}
_FUNCTIONS = {types.FunctionType, *_BUILT_IN}


class DeclinedError(Exception):
    """The value is not provably exact as Arrow; the text says what stands in the way."""


class RecipeError(ValueError):
    """A recipe, or the data that it describes, is damaged."""


class _Pickler(pickle.Pickler):
    """Pickles values of well-known libraries; anything else makes the whole value go to pickle5, which can do more."""

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind.__module__.partition(".")[0] == "pandas":
            if kind.__name__ in _BACKED and hasattr(obj, "_ndarray"):
                return backed, (kind, obj._ndarray, obj.dtype)
            if kind.__name__ in _ARROW_BACKED and hasattr(obj, "_pa_array"):
                return arrow_backed, (kind, obj._pa_array.combine_chunks(), obj.dtype)
        if kind in _FUNCTIONS or kind.__name__ == "cython_function_or_method" or issubclass(kind, type):
            module = getattr(obj, "__module__", None)
            if module is None and kind is types.BuiltinFunctionType and isinstance(obj.__self__, type):
                module = obj.__self__.__module__  # a class method written in C
            known = (
                isinstance(module, str) and _is_known(module) and (kind in _BUILT_IN or not is_by_value(obj))
            )
        else:
            known = _is_known(kind.__module__)
        if not known:
            raise DeclinedError(
                f"a label, dtype or attribute holds a `{kind.__module__}.{kind.__qualname__}`"
            )
        return NotImplemented


def _is_known(module: str) -> bool:
    return module.partition(".")[0] in _MODULES or module == __name__


# Arrays of pandas whose own pickles hold caches, so that they depend on what was asked of the array before.
_BACKED = {"DatetimeArray", "TimedeltaArray", "PeriodArray", "Categorical", "StringArray"}
_ARROW_BACKED = {"ArrowStringArray", "ArrowExtensionArray"}


def backed(kind: Any, values: Any, dtype: Any) -> Any:
    """An array of pandas on a numpy array, taken as it is."""
    from pandas._libs.arrays import NDArrayBacked

    made = kind.__new__(kind)
    NDArrayBacked.__init__(made, values, dtype)
    return made


def arrow_backed(kind: Any, values: Any, dtype: Any) -> Any:
    """An array of pandas on an Arrow array, taken as it is."""
    return kind(values, dtype=dtype) if kind.__name__ == "ArrowStringArray" else kind(values)


class RecipeWriter:
    """Collects the pickled parts; `finish` makes the bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def pickle(self, value: Any, shares: bool = False) -> dict[str, int]:
        """A reference to `value`, pickled. Raises DeclinedError for what must not be in a recipe.

        With `shares`, objects that occur twice are one after loading; without, the bytes depend on values only.
        """
        out = io.BytesIO()
        pickler = _Pickler(out, 5)
        pickler.fast = not shares
        try:
            pickler.dump(value)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError, ValueError) as error:
            raise DeclinedError(f"a label, dtype or attribute cannot be pickled: {error}") from None
        part = out.getvalue()
        if len(part) > MAX_PICKLED_BYTES:
            raise DeclinedError("its labels, dtypes or attributes are large")
        self._parts.append(part)
        return {"pickle": len(self._parts) - 1}

    def label(self, value: Any) -> dict[str, Any]:
        """A name: as JSON if that is exact, pickled otherwise."""
        kind = type(value)
        if value is None or kind is str or kind is bool or kind is int:
            return {"value": value}
        if kind is float and math.isfinite(value):
            return {"value": value}
        return self.pickle(value)

    def finish(self, document: dict[str, Any]) -> bytes:
        text = dumps(
            {"recipe": VERSION, **document, "pickles": [len(part) for part in self._parts]},
            separators=(",", ":"),
        ).encode()
        return struct.pack("<I", len(text)) + text + b"".join(self._parts)


class RecipeReader:
    """An opened recipe. Every access checks what it finds; what is not there is a RecipeError."""

    def __init__(self, recipe: Any) -> None:
        data = memoryview(recipe)
        try:
            length = struct.unpack_from("<I", data)[0]
            self.document: dict[str, Any] = loads(bytes(data[4 : 4 + length]))
            version = self.document["recipe"]
            self._parts: list[memoryview] = []
            at = 4 + length
            for size in self.document["pickles"]:
                if size < 0 or at + size > len(data):
                    raise RecipeError("a pickled part lies outside of the recipe")
                self._parts.append(data[at : at + size])
                at += size
        except (struct.error, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RecipeError(f"damaged recipe: {error}") from None
        if version != VERSION:
            raise RecipeError(f"the recipe has version {version}, this Easel reads {VERSION}")

    def value(self, label: dict[str, Any]) -> Any:
        """What `pickle` or `label` stored."""
        if "value" in label:
            return label["value"]
        number = label["pickle"]
        if not isinstance(number, int) or not 0 <= number < len(self._parts):
            raise RecipeError("the recipe refers to a pickled part that it does not have")
        try:
            return pickle.loads(self._parts[number])
        except Exception as error:  # the bytes are those that were stored: the environment is another one
            raise ImportError(
                f"a label, dtype or attribute cannot be made here: {type(error).__name__}: {error}"
            ) from error

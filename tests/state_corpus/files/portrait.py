"""A namespace in words: one line a value, aliases and shared memory by the path at which they were first seen.

Two namespaces with the same portrait cannot be told apart by type, value, identity or memory. It is made by looking at
values only, not by anything of Easel's, so that what a block finds can be compared with what one process would have.
"""

import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import inspect
import pathlib
import re
import types
import uuid

HIDDEN = {
    "__warningregistry__",
    "__name__", "__doc__", "__package__", "__loader__", "__spec__", "__builtins__", "__file__", "__annotations__",
    "__annotate__", "__conditional_annotations__",
}  # fmt: skip
ATOMS = (
    int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, decimal.Decimal,
    fractions.Fraction, datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone,
    uuid.UUID, pathlib.PurePosixPath, pathlib.PosixPath, re.Pattern,
)  # fmt: skip
CLASS_SKIP = {
    "__dict__", "__weakref__", "__slotnames__", "__firstlineno__", "__static_attributes__", "_abc_impl",
    "__classcell__", "__module__", "__annotate_func__", "__annotations_cache__",
}  # fmt: skip
MASKED_OWN = ("_mask", "_fill_value", "_basedict", "_optinfo", "_baseclass")
LONGEST = 60


def show(namespace, skip=()):
    """Print the portrait of a block's variables."""
    print(*Portrait().of(namespace, skip), sep="\n")


class Portrait:
    def __init__(self):
        self.lines = []
        self.seen = {}
        self.keep = []  # ids stay unique while their objects live
        self.arrays = []
        self.namespace = {}

    def of(self, namespace, skip=()):
        self.namespace = namespace
        names = sorted(n for n in namespace if n not in HIDDEN and n not in skip)
        values = [(name, namespace[name]) for name in names]
        for name, value in values:
            self.walk(name, value)
        self.memory()
        return self.lines

    def say(self, path, text):
        text = str(text)
        if len(text) > 300:
            text = f"{text[:100]}... {len(text)} characters {_digest(text.encode('utf-8', 'surrogatepass'))}"
        self.lines.append(f"{path}: {text}")

    def walk(self, path, value):
        kind = type(value)
        if kind in ATOMS:
            self.say(path, f"{kind.__name__} {value!r}")
            return
        if kind is types.ModuleType:
            self.say(path, f"module {value.__name__}")
            return
        if kind in (tuple, frozenset):  # have no identity that matters
            self.items(path, kind.__name__, value)
            return
        if isinstance(value, type) and not _by_value(value):
            self.say(path, f"type {value.__module__}.{value.__qualname__}")
            return
        if kind in (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType):
            self.say(
                path, f"built in {value.__qualname__} of {type(getattr(value, '__self__', None)).__name__}"
            )
            return
        if id(value) in self.seen and not _is_index(value):
            self.say(path, "is " + self.seen[id(value)])
            return
        self.seen[id(value)] = path
        self.keep.append(value)
        self.describe(path, value, kind)

    def describe(self, path, value, kind):
        package = kind.__module__.partition(".")[0]
        if kind is types.FunctionType:
            self.function(path, value)
        elif isinstance(value, type):
            self.class_(path, value)
        elif kind is types.CellType:
            try:
                self.walk(path + ".cell", value.cell_contents)
            except ValueError:
                self.say(path, "empty cell")
        elif kind is types.MethodType:
            self.say(path, "method " + value.__func__.__name__)
            self.walk(path + ".__self__", value.__self__)
        elif kind is property:
            for part in ("fget", "fset", "fdel"):
                self.walk(f"{path}.{part}", getattr(value, part))
        elif kind in (classmethod, staticmethod):
            self.walk(f"{path}.{kind.__name__}", value.__func__)
        elif kind is functools.cached_property:
            self.walk(f"{path}.cached", value.func)
        elif kind.__name__ == "_lru_cache_wrapper":
            self.say(path, f"lru_cache {value.cache_parameters()}")
            self.walk(path + ".wrapped", value.__wrapped__)
        elif kind is types.MappingProxyType:
            self.items(path, "mappingproxy", dict(value))
        elif package == "numpy" and hasattr(value, "__array_interface__") and hasattr(value, "flags"):
            self.array(path, value, kind)
        elif package == "numpy" and hasattr(value, "bit_generator"):
            self.say(path, kind.__name__)
            self.walk(path + ".state", value.bit_generator.state)
        elif package == "numpy" and type(value).__name__ in ("RandomState", "PCG64"):
            self.say(path, f"{kind.__name__} {getattr(value, 'state', None) or value.get_state()}")
        elif package == "numpy" and " at 0x" not in repr(value):
            self.say(path, f"{kind.__module__}.{kind.__name__} {value!r}")
        elif package == "pandas" and self.pandas(path, value, kind):
            pass
        elif package == "polars" and hasattr(value, "to_arrow"):
            self.say(path, f"{kind.__name__} {getattr(value, 'schema', getattr(value, 'dtype', None))}")
            self.say(
                path + ".values",
                value.to_dict(as_series=False) if hasattr(value, "columns") else value.to_list(),
            )
        elif package == "polars":
            self.say(path, f"{kind.__name__} {value!s}" if kind.__name__ == "Expr" else kind.__name__)
            if hasattr(value, "explain"):
                self.say(path + ".plan", value.explain(optimized=False))
        elif package == "pyarrow" and hasattr(value, "to_pylist"):
            schema = (
                value.schema.to_string(show_schema_metadata=True) if hasattr(value, "schema") else value.type
            )
            self.say(path, f"{kind.__name__} {schema}")
            self.say(path + ".values", value.to_pylist())
        elif isinstance(value, (list, dict, set)) and kind.__module__ in ("builtins", "collections"):
            self.items(path, kind.__name__, value)
            if kind not in (list, dict, set):
                self.object(path, value, kind)
        else:
            self.object(path, value, kind)

    def items(self, path, label, value):
        self.say(path, f"{label} of {len(value)}")
        if isinstance(value, dict) or label == "mappingproxy":
            for number, (key, item) in enumerate(value.items()):
                if type(key) in ATOMS:
                    self.walk(f"{path}[{key!r}]", item)
                else:
                    self.walk(f"{path}.key{number}", key)
                    self.walk(f"{path}.value{number}", item)
            return
        if isinstance(value, (set, frozenset)):
            value = sorted(value, key=lambda v: (type(v).__name__, _plain(v)))
        if len(value) > LONGEST and all(type(v) in ATOMS for v in value):
            self.say(path + "[*]", repr(list(value)))
            return
        for number, item in enumerate(value):
            self.walk(f"{path}[{number}]", item)

    def array(self, path, value, kind):
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else ""
        access = "" if value.flags.writeable else "read-only"
        self.say(
            path, f"{kind.__module__}.{kind.__name__} {value.dtype!r} {value.shape} {order} {access}".rstrip()
        )
        if value.dtype.hasobject:
            for number, item in enumerate(value.ravel().tolist()):
                self.walk(f"{path}[{number}]", item)
        elif value.dtype.names:  # bytes between fields are nobody's
            self.say(path + ".rows", value.tolist())
        else:
            self.say(
                path + ".bytes",
                f"{len(value.tobytes())} {_digest(value.tobytes())} {value.ravel()[:8].tolist()}",
            )
            if value.size:
                self.arrays.append((path, value))
        if kind.__name__ != "ndarray":
            if kind.__name__ == "MaskedArray":
                self.walk(path + ".mask", value.mask)
                self.walk(path + ".fill_value", value.fill_value)
            own = getattr(value, "__dict__", {})
            self.walk(path + ".__dict__", {k: v for k, v in own.items() if k not in MASKED_OWN})

    def memory(self):
        """Which arrays overlap, and where the later begins in the earlier."""
        found = []
        for path, array in self.arrays:
            import numpy

            low, high = numpy.lib.array_utils.byte_bounds(array)
            for other, (other_low, other_high) in found:
                if low < other_high and other_low < high:
                    begin = array.__array_interface__["data"][0] - other_low
                    self.say("memory", f"{path} overlaps {other} at {begin} strides {array.strides}")
            found.append((path, (low, high)))

    def pandas(self, path, value, kind):
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            self.say(path, f"{kind.__module__}.{kind.__name__} {value.shape} {value.flags}")
            self.walk(path + ".index", value.index)
            self.walk(path + ".columns", value.columns)
            self.walk(path + ".attrs", value.attrs)
            for number in range(value.shape[1]):
                column = value.iloc[:, number]
                self.values(f"{path}.column{number}", column.array)
            return True
        if isinstance(value, pd.Series):
            self.say(path, f"{kind.__module__}.{kind.__name__} {value.shape} {value.flags}")
            self.walk(path + ".name", value.name)
            self.walk(path + ".index", value.index)
            self.walk(path + ".attrs", value.attrs)
            self.values(path, value.array)
            return True
        if isinstance(value, pd.MultiIndex):
            self.say(path, f"MultiIndex {list(value.names)!r}")
            for number, (level, codes) in enumerate(zip(value.levels, value.codes, strict=True)):
                self.walk(f"{path}.level{number}", level)
                self.say(f"{path}.codes{number}", codes.tolist())
            return True
        if isinstance(value, pd.Index):
            freq = getattr(value, "freq", None)
            self.say(path, f"{kind.__name__} {value.dtype!r} freq {freq!r} unique {value.is_unique}")
            self.walk(path + ".name", value.name)
            self.values(path, value.array)
            return True
        if isinstance(value, pd.api.extensions.ExtensionArray):
            self.values(path, value)
            return True
        if kind.__name__ in (
            "Timestamp",
            "Timedelta",
            "Period",
            "Interval",
            "NAType",
            "NaTType",
        ) or isinstance(value, pd.tseries.offsets.BaseOffset):
            self.say(path, f"{kind.__name__} {value!r} {getattr(value, 'unit', '')}")
            return True
        return False

    def values(self, path, array):
        dtype = array.dtype
        storage = f" {dtype.storage} {dtype.na_value!r}" if hasattr(dtype, "storage") else ""
        self.say(path, f"{type(array).__name__} {dtype!r}{storage}")
        if type(array).__name__ == "Categorical":
            self.walk(path + ".categories", array.categories)
            self.say(path + ".codes", f"{array.ordered} {array.codes.tolist()}")
            return
        if type(array).__name__ == "SparseArray":
            self.walk(path + ".sp_values", array.sp_values)
            self.say(path + ".sp_index", repr(array.sp_index))
            self.say(path + ".fill_value", repr(array.fill_value))
            return
        if getattr(dtype, "hasobject", False) or str(dtype) == "object":
            for number, item in enumerate(array):
                self.walk(f"{path}[{number}]", item)
            return
        self.say(path + ".values", [repr(v) for v in array])

    def function(self, path, fn):
        home = "block" if fn.__globals__ is self.namespace else fn.__globals__.get("__name__", "a dict")
        self.say(path, f"function {fn.__qualname__} of {home} {fn.__module__} doc {fn.__doc__!r}")
        if not _by_value(fn):
            return
        self.code(path, fn.__code__)
        try:
            self.say(path + ".source", inspect.getsource(fn))
        except (OSError, TypeError):
            self.say(path + ".source", "none")
        for part in ("__defaults__", "__kwdefaults__", "__annotations__", "__dict__"):
            content = getattr(fn, part)
            if content:
                self.walk(f"{path}.{part}", content)
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            self.walk(f"{path}.<{name}>", cell)

    def code(self, path, code):
        self.say(path + ".code", f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_flags}")
        for number, constant in enumerate(code.co_consts):
            if isinstance(constant, types.CodeType):
                self.code(f"{path}.code{number}", constant)
            else:
                self.walk(f"{path}.constant{number}", constant)

    def class_(self, path, cls):
        self.say(path, f"class {cls.__qualname__} of {cls.__module__} made by {type(cls).__name__}")
        for number, base in enumerate(cls.__bases__):
            if base is not object:
                self.walk(f"{path}.base{number}", base)
        if _by_value(type(cls)):
            self.walk(path + ".type", type(cls))
        for name, value in sorted(cls.__dict__.items(), key=lambda item: str(item[0])):
            if name in CLASS_SKIP or name.startswith("__pydantic_"):
                continue
            if isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType)):
                self.say(f"{path}.{name}", "slot")
            else:
                self.walk(f"{path}.{name}", value)

    def object(self, path, value, kind):
        self.say(path, f"object of {kind.__module__}.{kind.__qualname__}")
        if _by_value(kind):
            self.walk(path + ".__class__", kind)
        if isinstance(value, enum.Enum):
            self.say(path, f"member {value._name_}")
            self.walk(path + ".value", value._value_)
            return
        if isinstance(value, tuple):
            self.items(path, "fields", tuple(value))
        try:
            reduced = (
                object.__reduce_ex__(value, 4) if kind.__module__ == "__main__" else value.__reduce_ex__(4)
            )
        except Exception as error:
            self.say(path, f"does not reduce: {type(error).__name__}")
            return
        if isinstance(reduced, str):
            self.say(path, f"global {reduced}")
            return
        _, arguments, *rest = reduced
        state, items, pairs = (*rest, None, None, None)[:3]
        if items is not None:
            self.items(path, "items", list(items))
        if pairs is not None:
            self.items(path, "pairs", dict(pairs))
        for number, argument in enumerate(arguments):
            if argument is not kind and argument is not value:
                self.walk(f"{path}.argument{number}", argument)
        if state is not None:
            for number, part in enumerate(state) if type(state) is tuple else [("", state)]:
                if type(part) is dict:
                    for key in part:
                        self.walk(f"{path}.{key}", part[key])
                elif part is not None:
                    self.walk(f"{path}.state{number}", part)


def _by_value(definition):
    return getattr(definition, "__module__", None) == "__main__" or (
        "<locals>" in getattr(definition, "__qualname__", "") and isinstance(definition, types.FunctionType)
    )


def _is_index(value):
    """An index of pandas is immutable: a frame's is a value, not a place to share."""
    return type(value).__module__.startswith("pandas") and hasattr(value, "get_indexer")


def _plain(value):
    return (
        repr(value) if type(value) in ATOMS else repr(sorted(getattr(value, "__dict__", {}).items(), key=str))
    )


def _digest(data):
    return hashlib.sha256(data).hexdigest()[:16]

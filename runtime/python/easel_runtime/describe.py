"""One line about a variable, for browsing a state without Python: type, shape, size, short preview.

User code is not run: a class that the user defined is shown by its attributes, never by its `__repr__`. What
a library's `__repr__` takes is limited in time. Nothing raises.
"""

from __future__ import annotations

import enum
import os
import re
import sys
import sysconfig
import types
from typing import Any

from easel_runtime import _easel

from .time_limit import TimeLimitReached, time_limit

MAX_PREVIEW_CHARACTERS = 200
MAX_PREVIEW_COLUMNS = 10
MAX_ITEMS = 12
MAX_DEPTH = 3
REPR_LIMIT_S = 1.0

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LIBRARY_FOLDERS = tuple({path + os.sep for path in sysconfig.get_paths().values()})


def describe_value(obj: Any) -> dict[str, Any]:
    """`{"type", "shape", "bytes", "preview"}`; shape and bytes are None where they mean nothing."""
    if _easel.is_plain(obj):
        text = _cut(_repr(obj, 0, MAX_PREVIEW_CHARACTERS), MAX_PREVIEW_CHARACTERS)
        length = [len(obj)] if type(obj) in _SIZED else None
        return {"type": type(obj).__name__, "shape": length, "bytes": _plain_bytes(obj), "preview": text}
    kind = type_name(type(obj))
    shape: list[int] | None = None
    size: int | None = None
    preview = f"<{kind}>"
    try:
        with time_limit(REPR_LIMIT_S):
            shape = _shape(obj)
            size = _bytes(obj)
            preview = _preview(obj, shape)
    except TimeLimitReached:
        preview = f"<{kind}: its description took too long>"
    except Exception as error:
        preview = f"<{kind}: its description failed: {type(error).__name__}>"
    return {"type": kind, "shape": shape, "bytes": size, "preview": _cut(preview, MAX_PREVIEW_CHARACTERS)}


def type_name(kind: type) -> str:
    """The name users know: `int`, `Point`, `pandas.DataFrame` rather than `pandas.core.frame.DataFrame`."""
    module = str(type.__getattribute__(kind, "__module__"))
    name = str(type.__getattribute__(kind, "__qualname__"))
    if module in ("builtins", "__main__"):
        return name
    root = module.split(".")[0]
    loaded = sys.modules.get(root)
    if isinstance(loaded, types.ModuleType) and vars(loaded).get(name) is kind:
        return f"{root}.{name}"
    return f"{module}.{name}"


def is_user_class(kind: type) -> bool:
    """Whether a class was defined in a block or in a module of the canvas rather than by a library."""
    module = sys.modules.get(str(type.__getattribute__(kind, "__module__")))
    if module is None or module.__name__ == "__main__":
        return True
    origin = getattr(module, "__file__", None)
    if origin is None:
        return module.__name__ not in sys.builtin_module_names
    return not str(origin).startswith(_LIBRARY_FOLDERS) and "site-packages" not in str(origin)


def short_repr(obj: Any, limit: int = MAX_PREVIEW_CHARACTERS) -> str:
    """A bounded repr that runs no user code; never raises."""
    try:
        with time_limit(REPR_LIMIT_S):
            return _cut(_repr(obj, 0, limit), limit)
    except TimeLimitReached:
        return f"<{type_name(type(obj))}: its description took too long>"
    except Exception as error:
        return f"<{type_name(type(obj))}: its description failed: {type(error).__name__}>"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is(obj: Any, module: str, *names: str) -> bool:
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    kinds = tuple(kind for kind in (getattr(loaded, name, None) for name in names) if isinstance(kind, type))
    return issubclass(type(obj), kinds)


def _shape(obj: Any) -> list[int] | None:
    kind = type(obj)
    if kind in _SIZED:
        return [len(obj)]
    if kind.__module__ == "builtins" or is_user_class(kind):
        return None
    if _is(obj, "pyarrow", "Array", "ChunkedArray"):
        return [len(obj)]
    if _is(obj, "polars", "LazyFrame"):
        return None
    shape = getattr(obj, "shape", None)
    if isinstance(shape, tuple) and shape and all(isinstance(n, int) for n in shape):
        return [int(n) for n in shape]
    return None


_SIZED = frozenset({list, tuple, dict, set, frozenset, bytes, bytearray})


def _bytes(obj: Any) -> int | None:
    kind = type(obj)
    if kind in (list, tuple, set, frozenset, dict):
        return _container_bytes(obj, 0)
    if is_user_class(kind):
        attributes = _attributes(obj)
        own = object.__sizeof__(obj) if not issubclass(kind, type) else 0
        return own + (_container_bytes(attributes, 0) if attributes else 0)
    if _is(obj, "pandas", "DataFrame"):
        return int(obj.memory_usage(index=True).sum())
    if _is(obj, "pandas", "Series", "Index"):
        return int(obj.memory_usage())
    if _is(obj, "polars", "DataFrame", "Series"):
        return int(obj.estimated_size())
    size = getattr(obj, "nbytes", None)
    if isinstance(size, int) and not isinstance(size, bool):
        return size
    return sys.getsizeof(obj)


def _plain_bytes(obj: Any) -> int:
    return (
        _container_bytes(obj, 0) if type(obj) in (list, tuple, set, frozenset, dict) else sys.getsizeof(obj)
    )


def _container_bytes(obj: Any, depth: int) -> int:
    """Size with its members, guessed from the first ones, so that it costs the same for any length."""
    size = sys.getsizeof(obj)
    if depth >= MAX_DEPTH or not obj:
        return size
    sample = []
    for member in obj.items() if type(obj) is dict else obj:
        sample.append(member)
        if len(sample) == MAX_ITEMS:
            break
    total = 0
    for member in sample:
        for part in member if type(obj) is dict else (member,):
            if type(part) in (list, tuple, set, frozenset, dict):
                total += _container_bytes(part, depth + 1)
            elif is_user_class(type(part)):
                total += object.__sizeof__(part)
            else:
                buffer = getattr(part, "nbytes", None)
                total += buffer if isinstance(buffer, int) else sys.getsizeof(part)
    return size + total * len(obj) // len(sample)


def _preview(obj: Any, shape: list[int] | None) -> str:
    if _is(obj, "pandas", "DataFrame"):
        columns = [
            f"{_repr_label(name)} {dtype}"
            for name, dtype in zip(
                list(obj.columns[:MAX_PREVIEW_COLUMNS]),
                list(obj.dtypes.iloc[:MAX_PREVIEW_COLUMNS]),
                strict=False,
            )
        ]
        return _table_line(len(obj), len(obj.columns), columns)
    if _is(obj, "polars", "DataFrame"):
        columns = [f"{name} {obj.dtypes[i]}" for i, name in enumerate(obj.columns[:MAX_PREVIEW_COLUMNS])]
        return _table_line(obj.height, obj.width, columns)
    if _is(obj, "pyarrow", "Table", "RecordBatch"):
        columns = [f"{field.name} {field.type}" for field in list(obj.schema)[:MAX_PREVIEW_COLUMNS]]
        return _table_line(obj.num_rows, obj.num_columns, columns)
    if _is(obj, "pandas", "Series", "Index"):
        return f"{obj.dtype} {_sequence(obj[:MAX_ITEMS].tolist(), len(obj))}"
    if _is(obj, "polars", "Series"):
        return f"{obj.dtype} {_sequence(obj.head(MAX_ITEMS).to_list(), len(obj))}"
    if _is(obj, "pyarrow", "Array", "ChunkedArray"):
        return f"{obj.type} {_sequence(obj.slice(0, MAX_ITEMS).to_pylist(), len(obj))}"
    if _is(obj, "polars", "LazyFrame"):
        return "lazy frame"
    return _repr(obj, 0, MAX_PREVIEW_CHARACTERS)


def _repr_label(label: Any) -> str:
    return label if type(label) is str else _repr(label, 1, 40)


def _table_line(rows: int, width: int, columns: list[str]) -> str:
    more = ", …" if width > len(columns) else ""
    size = f"{rows} row{'' if rows == 1 else 's'} × {width} column{'' if width == 1 else 's'}"
    return f"{size}: {', '.join(columns)}{more}"


def _sequence(items: list[Any], length: int) -> str:
    return "[" + ", ".join(_repr(item, 1, 60) for item in items) + (", …]" if length > len(items) else "]")


def _repr(obj: Any, depth: int, limit: int) -> str:
    kind = type(obj)
    if kind is str:
        return repr(obj if len(obj) <= limit else obj[:limit])
    if kind in (bytes, bytearray):
        return repr(obj if len(obj) <= limit else obj[:limit])
    if kind is int:
        return repr(obj) if obj.bit_length() < 1000 else f"<int of {obj.bit_length()} bits>"
    if obj is None or kind in (bool, float, complex, range, type(Ellipsis), type(NotImplemented)):
        return repr(obj)
    if kind in (list, tuple, set, frozenset, dict):
        return _container(obj, depth, limit)
    if isinstance(obj, type):
        return f"class {type_name(obj)}"
    if kind in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
        return _function(obj)
    if kind is types.ModuleType:
        return f"module {obj.__name__}"
    if is_user_class(kind):
        return _instance(obj, depth, limit)
    if _is(obj, "numpy", "ndarray"):
        items = (
            obj.reshape(-1)[:MAX_ITEMS].tolist() if obj.flags.c_contiguous else obj.flat[:MAX_ITEMS].tolist()
        )
        return f"{obj.dtype} {_sequence(items, obj.size)}"
    if (depth and _is(obj, "pandas", "DataFrame", "Series")) or (
        depth and _is(obj, "polars", "DataFrame", "Series")
    ):
        return f"<{type_name(kind)} {tuple(obj.shape)}>"
    text = repr(obj)
    # An address differs on every run and tells a reader nothing.
    return (
        _ADDRESS.sub("", " ".join(text[: limit * 4].split()))
        if isinstance(text, str)
        else f"<{type_name(kind)}>"
    )


def _function(obj: Any) -> str:
    name = getattr(obj, "__qualname__", "function")
    code = getattr(obj, "__code__", None)
    if code is None:
        return f"function {name}"
    arguments = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return f"function {name}({', '.join(arguments)})"


_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    dict: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def _container(obj: Any, depth: int, limit: int) -> str:
    kind = type(obj)
    if not obj:
        return repr(obj)
    opening, closing = _BRACKETS[kind]
    if depth >= MAX_DEPTH:
        return f"{opening}…{closing}"
    parts: list[str] = []
    used = 0
    for item in obj.items() if kind is dict else obj:
        if len(parts) == MAX_ITEMS or used > limit:
            parts.append("…")
            break
        if kind is dict:
            parts.append(f"{_repr(item[0], depth + 1, limit)}: {_repr(item[1], depth + 1, limit)}")
        else:
            parts.append(_repr(item, depth + 1, limit))
        used += len(parts[-1])
    if kind is tuple and len(parts) == 1:
        closing = ",)"
    return opening + ", ".join(parts) + closing


def _attributes(obj: Any) -> dict[str, Any]:
    try:
        found = object.__getattribute__(obj, "__dict__")
    except Exception:
        return {}
    return found if type(found) is dict else {}


def _instance(obj: Any, depth: int, limit: int) -> str:
    name = type_name(type(obj))
    if issubclass(type(obj), enum.Enum):
        return f"{name}.{_attributes(obj).get('_name_', '?')}"
    for base in (dict, list, tuple, set, str, int, float):
        if issubclass(type(obj), base):
            # The builtin's own length: the class may have another.
            measure: Any = getattr(base, "__len__", None)
            length = measure(obj) if measure is not None else None
            return f"{name} ({base.__name__}{'' if length is None else f' of {length}'})"
    attributes = _attributes(obj)
    if depth >= MAX_DEPTH:
        return f"{name}(…)"
    parts: list[str] = []
    for key, value in list(attributes.items())[:MAX_ITEMS]:
        parts.append(f"{key}={_repr(value, depth + 1, 40)}")
    if len(attributes) > MAX_ITEMS:
        parts.append("…")
    return f"{name}({', '.join(parts)})"

"""What a block changed in modules and in the process that cannot travel: monkey-patches, registrations."""

from __future__ import annotations

import ast
import types
from typing import Any

_MISSING = object()
# Settings that travel by other means although they are attributes of modules, or of objects that modules have.
_CARRIED = frozenset(("sys.path", "os.environ", "warnings.filters"))
_CARRIED_BELOW = ("pandas.options.", "logging.root.", "plotly.io.templates.default")
# What changes something of the process when it is called, by the function's own module and name; settings.py carries others.
_CALLS = frozenset((
    "_sqlite3.register_adapter", "_sqlite3.register_converter", "copyreg.pickle", "copyreg.constructor",
    "_codecs.register", "_codecs.register_error", "mimetypes.add_type", "gc.disable", "gc.set_threshold",
    "_socket.setdefaulttimeout", "resource.setrlimit", "posix.umask", "sys.setswitchinterval",
    "matplotlib.colormaps.register", "logging.addLevelName", "logging.setLoggerClass",
    "logging.config.dictConfig", "pyarrow.lib.set_cpu_count", "pyarrow.lib.register_extension_type",
    "torch.set_printoptions", "sympy.interactive.printing.init_printing",
))  # fmt: skip
# What registers an accessor (`df.own`), and on which class.
_REGISTER = {
    "register_dataframe_accessor": "pandas.DataFrame",
    "register_series_accessor": "pandas.Series",
    "register_index_accessor": "pandas.Index",
    "register_dataframe_namespace": "polars.DataFrame",
    "register_lazyframe_namespace": "polars.LazyFrame",
    "register_series_namespace": "polars.Series",
    "register_expr_namespace": "polars.Expr",
}


def patched(namespace: dict[str, Any], tree: ast.AST) -> list[str]:
    """Return the full names ("pandas.DataFrame.shout") of what the source assigned on modules, on foreign classes and on
    objects that modules have, or registered there as an accessor.

    Judged from the source, so it costs nothing for a block that assigns no attribute; a patch made by a
    library or by a carried function's own code is not seen. No user code runs: only modules' and classes' own
    dictionaries are read.
    """
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            owner, name = _look_up(namespace, node.value), node.attr
        elif _is_setattr(node):
            owner, name = _look_up(namespace, node.args[0]), node.args[1].value  # type: ignore[attr-defined]
        else:
            found.update(dict.fromkeys(_accessors(node)))
            continue
        if isinstance(owner, types.ModuleType) and owner.__name__ != "__main__":
            found[f"{owner.__name__}.{name}"] = None
        elif isinstance(owner, type) and owner.__module__ != "__main__":
            found[f"{owner.__module__}.{owner.__qualname__}.{name}"] = None
        elif isinstance(owner, _Part) and owner.place:
            found[f"{owner.place}.{name}"] = None
    return [name for name in found if name not in _CARRIED and not name.startswith(_CARRIED_BELOW)]


def called(namespace: dict[str, Any], tree: ast.AST) -> list[str]:
    """Return the names, as the source has them, of the functions that it calls and that change something of the process
    which does not travel. Judged as `patched` judges."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (_own_name(namespace, node.func) in _CALLS):
            found[ast.unparse(node.func)] = None
    return list(found)


def _own_name(namespace: dict[str, Any], called: ast.AST) -> str:
    """The module and name that a function has itself; of a method, where its object is and its name."""
    found = _look_up(namespace, called)
    if isinstance(found, _Part) and _is_function(type(found.value)):
        return f"{found.value.__module__}.{found.value.__qualname__}"
    owner = _look_up(namespace, called.value) if isinstance(called, ast.Attribute) else None
    return f"{owner.place}.{called.attr}" if isinstance(owner, _Part) else ""  # type: ignore[attr-defined]


class _Part:
    """Something that a module has, found by the name `place`; neither a module nor a class."""

    def __init__(self, place: str, value: Any) -> None:
        self.place = place
        self.value = value


def _is_setattr(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("setattr", "delattr")
        and len(node.args) >= 2
        and isinstance(node.args[1], ast.Constant)
        and isinstance(node.args[1].value, str)
    )


def _accessors(node: ast.AST) -> list[str]:
    """The accessors that the decorators of a class register."""
    calls = [d for d in getattr(node, "decorator_list", ()) if isinstance(d, ast.Call) and len(d.args) == 1]
    return [
        f"{_REGISTER[called]}.{name}"
        for call in calls
        if (called := getattr(call.func, "attr", getattr(call.func, "id", ""))) in _REGISTER
        and isinstance(argument := call.args[0], ast.Constant)
        and isinstance(name := argument.value, str)
    ]


def _look_up(namespace: dict[str, Any], node: ast.AST) -> Any:
    """The module, class or _Part that an expression of names and dots means, or _MISSING."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return _MISSING
    value = namespace.get(node.id, _MISSING)
    place = ""
    for part in reversed(parts):
        if not isinstance(value, (types.ModuleType, type)):
            return _MISSING
        if isinstance(value, types.ModuleType):
            place = value.__name__
        value = vars(value).get(part, _MISSING)
        if value is _MISSING:
            return _MISSING
        place = place and f"{place}.{part}"
    if isinstance(value, (types.ModuleType, type)):
        return value
    return _Part(place, value)


def _is_function(kind: type) -> bool:
    return (
        kind in (types.FunctionType, types.BuiltinFunctionType)
        or kind.__name__ == "cython_function_or_method"
    )

"""Attributes that a block set on imported modules and their classes: such monkey-patches cannot travel."""

from __future__ import annotations

import ast
import types
from typing import Any

_MISSING = object()
# Settings that travel by other means although they are attributes of modules.
_CARRIED = frozenset(("sys.path", "os.environ", "warnings.filters"))
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
    """Return the full names ("pandas.DataFrame.shout") of what the source assigned on modules or foreign
    classes, or registered there as an accessor.

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
    return [name for name in found if name not in _CARRIED]


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
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return _MISSING
    value = namespace.get(node.id, _MISSING)
    for part in reversed(parts):
        if not isinstance(value, (types.ModuleType, type)):
            return _MISSING
        value = vars(value).get(part, _MISSING)
    return value

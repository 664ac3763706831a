"""Attributes that a block set on imported modules and their classes: such monkey-patches cannot travel."""

from __future__ import annotations

import ast
import types
from typing import Any

_MISSING = object()
# Settings that travel by other means although they are attributes of modules.
_CARRIED = frozenset(("sys.path", "os.environ", "warnings.filters"))


def patched(namespace: dict[str, Any], tree: ast.AST) -> list[str]:
    """Return the full names ("pandas.DataFrame.shout") of what the source assigned on modules or foreign
    classes.

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

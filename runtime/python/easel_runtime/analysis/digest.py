"""The normalised digest of a block: equal for sources that differ only in comments and layout.

It covers every node of the syntax tree with its fields, but no positions, no type comments and no string
prefix or quote style. What changes the block's display without changing the tree (a trailing `;`) is hashed,
too.
"""

from __future__ import annotations

import ast
import hashlib
import re

_VERSION = b"easel python 1\n"
_SKIPPED_FIELDS = frozenset(("type_comment", "kind", "type_ignores", "ctx"))
_SILENT = re.compile(rb"(?:[ \t\f]|\\\r?\n|\\\r)*;")
_NEWLINE = re.compile(rb"\r\n|\r|\n")


def tree_digest(tree: ast.Module, silent: bool) -> str:
    """Return the SHA-256 of the tree's shape; `silent` says that the last expression is not displayed.

    Iterative, so that a deeply nested source costs memory instead of the interpreter's stack.
    """
    out: list[str] = []
    stack: list[object] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
        elif isinstance(item, ast.AST):
            out.append("(" + item.__class__.__name__)
            stack.append(")")
            if isinstance(item, ast.Constant):
                stack.append(_constant(item.value))
                continue
            for name in reversed(item._fields):
                if name in _SKIPPED_FIELDS:
                    continue
                value = getattr(item, name, None)
                if isinstance(value, list):
                    stack.append("]")
                    stack.extend(_atom(element) for element in reversed(value))
                    stack.append("[")
                else:
                    stack.append(_atom(value))
    digest = hashlib.sha256(_VERSION)
    digest.update(b"silent\n" if silent else b"shown\n")
    digest.update(" ".join(out).encode("ascii"))
    return digest.hexdigest()


def source_digest(source: str) -> str:
    """Return the digest of source that has no syntax tree; never equal to a `tree_digest`."""
    return hashlib.sha256(b"easel text 1\n" + source.encode("utf-8", "surrogatepass")).hexdigest()


def display_suppressed(source: str, tree: ast.Module) -> bool:
    """Tell whether the block ends in an expression followed by `;`, which keeps its value from being
    shown."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return False
    last = tree.body[-1]
    if last.end_lineno is None or last.end_col_offset is None:
        return False
    data = source.encode("utf-8", "surrogatepass")
    start = 0
    breaks = _NEWLINE.finditer(data)
    for _ in range(last.end_lineno - 1):
        found = next(breaks, None)
        if found is None:
            return False
        start = found.end()
    return _SILENT.match(data, start + last.end_col_offset) is not None


def _atom(value: object) -> object:
    return value if isinstance(value, ast.AST) else "~" if value is None else ascii(value)


def _constant(value: object) -> str:
    # Python refuses to print an integer of more than 4300 digits in decimal; hexadecimal has no such limit.
    return hex(value) if type(value) is int else ascii(value)

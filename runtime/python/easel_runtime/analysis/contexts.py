"""Which `with` statements may swallow an exception, so that what its body assigns is not certain."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .flow import Unit
    from .scopes import Key, Scope

_SUPPRESSING = frozenset((
    "suppress", "raises", "warns", "assertRaises", "assertRaisesRegex", "ExitStack", "AsyncExitStack",
    "move_on_after", "move_on_at", "fail_after", "ignored", "enter_context", "push_async_exit",
))  # fmt: skip

# Names that notebooks import once, at the top, and use everywhere; none of them swallows exceptions.
_HARMLESS = frozenset((
    "open", "ThreadPoolExecutor", "ProcessPoolExecutor", "Pool", "ThreadPool", "Parallel", "tqdm", "trange",
    "ZipFile", "TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile", "closing", "redirect_stdout",
    "redirect_stderr", "nullcontext", "catch_warnings", "localcontext", "Lock", "RLock", "urlopen",
    "memoryview", "ExcelWriter", "HDFStore", "PdfPages", "option_context", "parallel_backend",
    "parallel_config", "no_grad", "inference_mode", "autocast", "GradientTape", "Session", "AsyncClient",
    "Client", "timeout",
))  # fmt: skip


def may_suppress(manager: ast.expr, unit: Unit, scope: Scope, assigned: Collection[Key]) -> bool:
    """Tell whether the context manager `manager` may swallow an exception raised in the body.

    A manager that this block has certainly defined by now (`assigned`) is judged by its code. Attributes of objects and modules are taken at their name's
    word; a plain name of another block could be anything and is only trusted if it is well known.
    """
    target = manager.func if isinstance(manager, ast.Call) else manager
    if isinstance(target, ast.Attribute):
        return target.attr in _SUPPRESSING
    if not isinstance(target, ast.Name):
        return True
    key = scope.resolve(target.id)
    if key is not None and key in unit.scopes.definitions:
        # Until it is defined here, a manager of that name comes from another block.
        return key not in assigned or any(_swallows(node) for node in unit.scopes.definitions[key])
    dotted = unit.aliases.dotted(target)
    if dotted is not None:
        return dotted.rpartition(".")[2] in _SUPPRESSING
    return target.id not in _HARMLESS


def _swallows(node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        exits = [
            statement for statement in node.body
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
            and statement.name in ("__exit__", "__aexit__")
        ]  # fmt: skip
        return not exits or any(_returns_a_value(method) for method in exits)
    # A generator made into a manager swallows only where it catches; anything else may return any manager.
    catches = any(getattr(inner, "handlers", None) for inner in ast.walk(node))
    nested = any(isinstance(inner, (ast.With, ast.AsyncWith)) for inner in ast.walk(node))
    yields = any(isinstance(inner, ast.Yield) for inner in ast.walk(node))
    return not yields or catches or nested


def _returns_a_value(method: ast.AST) -> bool:
    for node in ast.walk(method):
        if isinstance(node, ast.Return) and node.value is not None:
            false = isinstance(node.value, ast.Constant) and not node.value.value
            if not false:
                return True
    return False

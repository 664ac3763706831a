"""Run a block's source in its namespace: top-level await, last expression shown, source kept for tracebacks.

The source is compiled as it is, in two units (all but the last expression; the last expression), so that
lines and columns in tracebacks are those of the file. Exceptions of the block leave `run_source` unchanged.
"""

from __future__ import annotations
import __future__ as future

import ast
import inspect
import io
import linecache
import tokenize
from collections.abc import Callable
from types import CodeType
from typing import Any

from . import guards

_FUTURE_FLAGS = 0
for _name in future.all_feature_names:
    _FUTURE_FLAGS |= getattr(future, _name).compiler_flag


class Unit:
    """A block's compiled source: `body`, and `last`, the expression whose value is shown, if any."""

    def __init__(self, body: CodeType, last: CodeType | None) -> None:
        self.body = body
        self.last = last

    @property
    def awaits(self) -> bool:
        return any(
            code is not None and code.co_flags & inspect.CO_COROUTINE for code in (self.body, self.last)
        )


def register_source(source: str, filename: str) -> None:
    """Make `source` known under `filename`, for tracebacks and inspect.getsource, whatever is on disk."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)


def compile_source(source: str, filename: str) -> Unit:
    """Compile; raises SyntaxError, with what to do instead where the line is notebook syntax."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        tree = compile(source, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        assert isinstance(tree, ast.Module)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr) or _ends_with_semicolon(source, last):
            return Unit(compile(tree, filename, "exec", flags, dont_inherit=True), None)
        del tree.body[-1]
        body = compile(tree, filename, "exec", flags, dont_inherit=True)
        expression = ast.Expression(last.value)
        return Unit(
            body,
            compile(expression, filename, "eval", flags | body.co_flags & _FUTURE_FLAGS, dont_inherit=True),
        )
    except SyntaxError as error:
        better = guards.explain_syntax(source, error)
        if better is not None:
            raise better from None
        raise
    except ValueError as error:
        # Null bytes, which compile() reports without a place.
        raise SyntaxError(str(error), (filename, 1, 1, None)) from None


def run_source(
    source: str, filename: str, namespace: dict[str, Any], display_hook: Callable[[Any], None]
) -> None:
    """Run a block.

    `namespace` is the exact dict that its code uses as globals. `display_hook` is called with the last
    expression's value unless that is None. Raises whatever the block raises.
    """
    register_source(source, filename)
    unit = compile_source(source, filename)
    namespace.setdefault("__builtins__", __builtins__)
    namespace["__name__"] = "__main__"
    if unit.awaits:
        _run_in_loop(unit, namespace, display_hook)
        return
    exec(unit.body, namespace)
    if unit.last is not None:
        _show(eval(unit.last, namespace), display_hook)


def _show(value: Any, display_hook: Callable[[Any], None]) -> None:
    if value is not None:
        display_hook(value)


def _run_in_loop(unit: Unit, namespace: dict[str, Any], display_hook: Callable[[Any], None]) -> None:
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def run(code: CodeType) -> Any:
        result = eval(code, namespace)
        return await result if code.co_flags & inspect.CO_COROUTINE else result

    async def run_all() -> None:
        # Both units inside the loop: what does not await may still create tasks.
        await run(unit.body)
        if unit.last is not None:
            _show(await run(unit.last), display_hook)

    try:
        loop.run_until_complete(run_all())
    finally:
        try:
            _cancel_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _cancel_tasks(loop: Any) -> None:
    import asyncio

    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def _ends_with_semicolon(source: str, last: ast.Expr) -> bool:
    # Tokens cost more than parsing, so they are asked only when something after the expression can be one.
    lines = source.splitlines()[(last.end_lineno or 1) - 1 :]
    if ";" not in "".join(lines):
        return False
    final = ""
    skipped = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER, tokenize.DEDENT)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in skipped:
                final = token.string
    except (tokenize.TokenError, SyntaxError):
        return False
    return final == ";"

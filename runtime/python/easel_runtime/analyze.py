"""Analyse blocks without running them: `docs/formats/analysis.md` is the contract.

Imported, it is `analyze(source, filename) -> dict`. Run as `PYTHON -I …/easel_runtime/analyze.py` it is a
server: one JSON request a line on stdin, one JSON answer a line on stdout, in order; it ends with its stdin.
Nothing in a source can crash it: whatever Python refuses becomes the document's `error`.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Isolated mode leaves the script's folder out of the path.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import ast
import json
import warnings
from typing import Any

from easel_runtime.analysis.digest import display_suppressed, source_digest, tree_digest
from easel_runtime.analysis.flags import flags
from easel_runtime.analysis.flow import Flow, Unit, body_after_docstring
from easel_runtime.analysis.names import dynamic_access
from easel_runtime.analysis.refusals import explain
from easel_runtime.analysis.summary import Summary

VERSION = 1

# Python's own parser and compiler refuse deeper nesting than this allows; the walk needs a few frames a
# level.
_WALK_RECURSION = 30_000


def analyze(source: str, filename: str) -> dict[str, Any]:
    """Return the analysis document of one block's source."""
    source = source[1:] if source.startswith("\ufeff") else source
    try:
        tree = parse(source, filename)
    except SyntaxError as error:
        return _refused(source, explain(error, source))
    except (ValueError, RecursionError, MemoryError, OverflowError, SystemError) as error:
        return _refused(source, explain(error, source))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _WALK_RECURSION))
    try:
        return _document(source, tree)
    except (RecursionError, MemoryError) as error:
        return _refused(source, explain(error, source))
    finally:
        sys.setrecursionlimit(limit)


def parse(source: str, filename: str) -> ast.Module:
    """Parse a block as the worker compiles it, `await` outside functions included.

    Errors: SyntaxError, also for what only the compiler notices; ValueError for null bytes and lone
    surrogates;
            RecursionError or MemoryError for nesting that Python cannot compile.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        compile(source, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _document(source: str, tree: ast.Module) -> dict[str, Any]:
    unit = Unit(tree)
    found = Summary()
    flow = Flow(unit, unit.scopes.module, found, deferred=False)
    flow.block(body_after_docstring(tree))
    reason = _dynamic_reason(found.dynamic) or dynamic_access(tree, unit.aliases)
    return {
        "digest": tree_digest(tree, display_suppressed(source, tree)),
        "reads": sorted(found.reads),
        "possible_reads": sorted(found.possible),
        "reads_all": bool(reason),
        "reads_all_reason": reason,
        "writes": sorted(found.writes),
        "deletes": sorted(found.deletes),
        "imports": unit.aliases.modules,
        "flags": flags(tree, unit.aliases),
        "error": None,
    }


def _dynamic_reason(names: set[str]) -> str:
    if not names:
        return ""
    name = min(names)
    if name == "import *":
        return "`import *` may define any name"
    return f"uses `{name}`, which reaches every name"


def _refused(source: str, error: dict[str, Any]) -> dict[str, Any]:
    return {
        "digest": source_digest(source),
        "reads": [],
        "possible_reads": [],
        "reads_all": False,
        "reads_all_reason": "",
        "writes": [],
        "deletes": [],
        "imports": [],
        "flags": [],
        "error": error,
    }


def _answer(line: bytes) -> dict[str, Any] | None:
    number: Any = None
    try:
        request = json.loads(line)
        number = request["id"]
        source, filename = request["source"], request.get("filename") or "<block>"
        if not isinstance(source, str) or not isinstance(filename, str):
            raise TypeError("source and filename must be strings")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return {"id": number, "error": f"not a request: {error}"}
    try:
        return {"id": number, "analysis": analyze(source, filename)}
    except Exception as error:  # the server must outlive whatever one source does to it
        return {"id": number, "error": f"the analysis of {filename} failed: {type(error).__name__}: {error}"}


def serve() -> None:
    """Answer requests until stdin ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    answers.write(json.dumps({"ready": True, "python": python, "version": VERSION}).encode() + b"\n")
    answers.flush()
    for line in requests:
        if line.strip():
            answers.write(json.dumps(_answer(line)).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    serve()

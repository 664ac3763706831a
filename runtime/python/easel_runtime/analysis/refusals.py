"""Why Python refuses a block's source, in words that say what to do."""

from __future__ import annotations

import re
from typing import Any

_MAX_TEXT = 400
_INSTALL = re.compile(r"\s*[!%]\s*(?:pip|pip3|conda|mamba|uv)\b")
_SHELL = re.compile(r"\s*!")
_ASSIGNED_SHELL = re.compile(r"\s*[\w., ]+=\s*[!%]")
_MAGIC = re.compile(r"\s*%{1,2}[A-Za-z]")
_HELP = re.compile(r"\s*\?{1,2}\w|.*\w\?{1,2}\s*$")


def explain(error: SyntaxError | Exception, source: str) -> dict[str, Any]:
    """Return the `error` of an analysis document. Line and column count from 1; 0 means the place is
    unknown."""
    if isinstance(error, SyntaxError) and "\0" not in source:
        line, column = error.lineno or 0, max(error.offset or 0, 0)
        text = _line(source, line) or (error.text or "").rstrip("\r\n")
        message = _advice(text) or error.msg or "invalid syntax"
    else:
        line, column, text = 0, 0, ""
        if isinstance(error, UnicodeEncodeError):
            line = source.count("\n", 0, error.start) + 1
            column = error.start - (source.rfind("\n", 0, error.start) + 1) + 1
            message = "the source contains half of a surrogate pair, which is not a character"
        elif "\0" in source:
            line = source.count("\n", 0, source.index("\0")) + 1
            column = source.index("\0") - (source.rfind("\n", 0, source.index("\0")) + 1) + 1
            message = "the source contains a null byte"
        elif isinstance(error, (RecursionError, MemoryError)):
            message = "the source is nested too deeply for Python to compile; split the expression into steps"
        else:
            message = f"Python cannot compile the source: {error}"
    clean = text[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
    return {"message": message, "line": line, "column": column, "text": clean}


def _line(source: str, line: int) -> str:
    lines = re.split(r"\r\n|\r|\n", source)
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _advice(text: str) -> str:
    if _INSTALL.match(text):
        return (
            "installing packages from a block does not work: add the package to the environment "
            "(environments/<name>/requirements.txt of the canvas) and run again"
        )
    if _SHELL.match(text) or _ASSIGNED_SHELL.match(text):
        return '`!command` is IPython, not Python: use subprocess.run(["command", "argument"], check=True) instead'
    if _MAGIC.match(text):
        return (
            "`%magic` lines are IPython, not Python: remove the line (plots show without %matplotlib inline, "
            "and every block's time is shown without %time)"
        )
    if _HELP.match(text):
        return "`name?` is IPython, not Python: use help(name) instead"
    return ""

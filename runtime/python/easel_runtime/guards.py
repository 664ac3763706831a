"""What a notebook or a terminal allows and a block does not: a clear error that says what to do instead.

`explain_syntax` is asked when a block does not compile; `install` replaces what would wait for a keyboard.
"""

from __future__ import annotations

import builtins
import re
import sys
from typing import Any, NoReturn

from . import importing


class NotAvailableInBlock(RuntimeError):
    """User code asked for something that a block cannot have; the message says what to do instead."""


class NotPythonError(SyntaxError):
    """A line of notebook syntax (`%magic`, `!command`, `help?`); the message says what to do instead."""


_PACKAGES = (
    "put the packages in environments/<name>/requirements.txt of the canvas and name that environment in "
    "canvas.yaml; they are installed once, before blocks run"
)

_LINE_MAGICS = {
    "matplotlib": "remove the line: figures are shown without it",
    "pip": _PACKAGES,
    "conda": _PACKAGES,
    "mamba": _PACKAGES,
    "uv": _PACKAGES,
    "load_ext": "remove the line: IPython extensions do not exist in a block",
    "reload_ext": "remove the line: IPython extensions do not exist in a block",
    "autoreload": "remove the line: every run imports local modules afresh",
    "config": "remove the line: there is no IPython to configure",
    "time": "use time.perf_counter(); how long the block took is shown on every run anyway",
    "timeit": "use timeit.timeit(lambda: …, number=…)",
    "prun": "use cProfile.run('…')",
    "run": "import the file as a module, or make it a block of its own",
    "cd": "use os.chdir('…'); a block starts in the canvas's files folder",
    "pwd": "use os.getcwd()",
    "ls": "use os.listdir()",
    "env": "use os.environ['NAME'], and pass variables in with --env NAME",
    "set_env": "use os.environ['NAME'] = '…'",
    "sql": "use a connection (for example duckdb.sql('…')), or a block of kind sql once that exists",
    "who": "use `easel state` to see the variables",
    "whos": "use `easel state` to see the variables",
    "reset": "use `del name` for the names that shall go",
    "store": "remove the line: a block's variables are kept anyway",
}
_CELL_MAGICS = {
    "bash": "use subprocess.run(['bash', '-c', '…'], check=True)",
    "sh": "use subprocess.run(['sh', '-c', '…'], check=True)",
    "script": "use subprocess.run([…], check=True)",
    "writefile": "use pathlib.Path('name').write_text('…')",
    "capture": "use contextlib.redirect_stdout(io.StringIO())",
    "html": "use display(HTML('…')) from IPython.display",
    "markdown": "use display(Markdown('…')) from IPython.display, or a block of kind markdown",
    "latex": "use display(Latex('…')) from IPython.display",
    "javascript": "use display(Javascript('…')) from IPython.display",
    "R": "blocks of kind r are for R code",
}

_MAGIC = re.compile(r"^\s*(?:[\w.,\s\[\]]+=\s*)?(?P<sign>%%?)(?P<name>[A-Za-z_]\w*)")
_SHELL = re.compile(r"^\s*(?:[\w.,\s\[\]]+=\s*)?!{1,2}\s*(?P<command>[^=\s].*)$")
_HELP = re.compile(r"^\s*(?:\?{1,2}\s*(?P<before>[\w.]+)|(?P<after>[\w.]+)\s*\?{1,2})\s*(?:#.*)?$")
_INSTALL = re.compile(r"(?:^|[\s/])(?:pip3?|conda|mamba|uv|apt|apt-get)\s+(?:[\w-]+\s+)*install\b")


def explain_syntax(source: str, error: SyntaxError) -> NotPythonError | None:
    """The error to raise instead of `error` when its line is notebook syntax; None if it is not."""
    lines = source.splitlines()
    candidates = [error.lineno or 0]
    first = next((number for number, line in enumerate(lines, 1) if line.strip()), 0)
    if first and lines[first - 1].lstrip().startswith("%%"):
        candidates.insert(0, first)
    for number in candidates:
        if not 1 <= number <= len(lines):
            continue
        message = explain_line(lines[number - 1])
        if message is not None:
            line = lines[number - 1]
            column = len(line) - len(line.lstrip()) + 1
            return NotPythonError(message, (error.filename, number, column, line + "\n"))
    return None


def explain_line(line: str) -> str | None:
    """What to do instead of this line of notebook syntax; None when it is none that we know."""
    shell = _SHELL.match(line)
    if shell:
        command = shell["command"].strip()
        if _INSTALL.search(command):
            return f"`!{command}` does not work in a block: {_PACKAGES}"
        return (
            f"`!{command}` is notebook syntax, not Python: use "
            f"subprocess.run({command!r}, shell=True, check=True)"
        )
    magic = _MAGIC.match(line)
    if magic:
        sign, name = magic["sign"], magic["name"]
        known = _CELL_MAGICS.get(name) if sign == "%%" else None
        advice = known or _LINE_MAGICS.get(name) or _CELL_MAGICS.get(name)
        if advice is None:
            advice = "write it in plain Python"
        return f"`{sign}{name}` is an IPython magic, and a block is plain Python: {advice}"
    asked = _HELP.match(line)
    if asked:
        name = asked["before"] or asked["after"]
        return f"`{line.strip()}` is notebook syntax, not Python: use help({name}) or print({name}.__doc__)"
    return None


def install() -> None:
    """Replace what would wait for a keyboard: input, getpass, breakpoint, pdb. Imports none of them."""
    builtins.input = _no_input
    sys.breakpointhook = _no_debugger
    for name in ("pdb", "ipdb", "bdb"):
        importing.when_imported(name, _guard_debugger)
    importing.when_imported("getpass", _guard_getpass)


def _no_input(prompt: object = "", /) -> NoReturn:
    asked = f" (it asked {str(prompt).strip()!r})" if str(prompt).strip() else ""
    raise NotAvailableInBlock(
        f"input() cannot ask anybody: a block runs without a keyboard{asked}. Put the value in a variable "
        "of a block, in a file of the canvas, or pass it in with --env NAME and read os.environ['NAME']."
    )


def _no_getpass(prompt: object = "Password: ", stream: object = None, **_more: object) -> NoReturn:
    raise NotAvailableInBlock(
        "getpass() cannot ask anybody: a block runs without a keyboard. Pass the secret in with --env NAME and "
        "read os.environ['NAME']."
    )


def _no_debugger(*_arguments: Any, **_named: Any) -> NoReturn:
    raise NotAvailableInBlock(
        "A debugger needs a keyboard, and a block runs without one. Print or display what you want to see, or "
        "look at the variables with `easel state`."
    )


def _guard_debugger(module: Any) -> None:
    for name in ("set_trace", "post_mortem", "pm"):
        if hasattr(module, name):
            setattr(module, name, _no_debugger)


def _guard_getpass(module: Any) -> None:
    module.getpass = _no_getpass

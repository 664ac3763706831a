"""Exceptions as a block's user wants to read them.

Frames of the user's code carry the block's name and line, the runtime's own frames are gone, runs of library
frames are folded into one line each. Everything is bounded, and nothing here raises for whatever an
exception's own code does.
"""

from __future__ import annotations

import builtins
import difflib
import itertools
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, TracebackType
from typing import Any

MAX_VALUE_CHARACTERS = 4000
MAX_TEXT_CHARACTERS = 200_000
MAX_FRAMES = 24
MAX_CHAIN = 10
MAX_GROUP_MEMBERS = 15
MAX_GROUP_DEPTH = 5
MAX_LINE_CHARACTERS = 400

ExplainName = Callable[[str], str | None]

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


class _Reader:
    """What a description needs to know about the run: whose file is whose."""

    def __init__(
        self, filenames: Mapping[str, str], runtime_prefixes: Iterable[str], explain_name: ExplainName | None
    ) -> None:
        self.filenames = filenames
        self.runtime = (*tuple(runtime_prefixes), os.path.dirname(os.path.abspath(__file__)) + os.sep)
        paths = sysconfig.get_paths()
        self.standard = tuple(paths[key] + os.sep for key in ("stdlib", "platstdlib"))
        self.explain_name = explain_name

    def is_runtime(self, filename: str) -> bool:
        return filename not in self.filenames and filename.startswith(self.runtime)

    def library(self, filename: str, module: str) -> str | None:
        """The name of the library that a frame belongs to; None for the user's own code."""
        if filename in self.filenames:
            return None
        if filename.startswith("<frozen "):
            return filename[len("<frozen ") : -1].split(".")[0]
        packaged = (
            f"{os.sep}site-packages{os.sep}" in filename or f"{os.sep}dist-packages{os.sep}" in filename
        )
        if packaged or filename.startswith(self.standard):
            return module.split(".")[0] or os.path.basename(filename)
        return None

    def place(self, filename: str) -> str:
        block = self.filenames.get(filename)
        if block is not None:
            return f"block `{block}`"
        if filename.startswith("<"):
            return filename
        relative = os.path.relpath(filename) if os.path.isabs(filename) else filename
        return relative if not relative.startswith("..") else filename


def describe(
    exc: BaseException,
    filenames: Mapping[str, str],
    runtime_prefixes: Iterable[str] = (),
    explain_name: ExplainName | None = None,
) -> dict[str, Any]:
    """Describe `exc` for an `error` frame.

    `filenames` maps source file names to block names; frames of files under `runtime_prefixes` are left out.
    `explain_name(name)` may say why a name is not there. Returns ename, evalue, traceback (plain text), line
    (in the block that was run, or None), kind (`exception`, `syntax`, `exit` or `cancelled`) and frames (the
    user's).
    """
    reader = _Reader(filenames, runtime_prefixes, explain_name)
    frames = _user_frames(exc, reader)
    kind = _kind(exc, reader, frames)
    text = "\n".join(_chain(exc, reader, set(), 0))
    line: int | None = None
    if kind == "syntax" and isinstance(exc, SyntaxError):
        line = exc.lineno
    else:
        # The block being run is where the call began; a function of another block may be where it ended.
        own = next((frame["file"] for frame in frames if frame["block"] is not None), None)
        line = (
            next((frame["line"] for frame in reversed(frames) if frame["file"] == own), None) if own else None
        )
    return {
        "ename": _name(type(exc)),
        "evalue": _cut(_value(exc, reader), MAX_VALUE_CHARACTERS),
        "traceback": _cut(text, MAX_TEXT_CHARACTERS),
        "line": line,
        "kind": kind,
        "frames": frames[-MAX_FRAMES:],
    }


def _kind(exc: BaseException, reader: _Reader, frames: list[dict[str, Any]]) -> str:
    if isinstance(exc, SystemExit):
        return "exit"
    if isinstance(exc, KeyboardInterrupt):
        return "cancelled"
    if isinstance(exc, SyntaxError) and not frames and exc.filename in reader.filenames:
        return "syntax"
    return "exception"


def _name(kind: type) -> str:
    module = kind.__module__
    return (
        kind.__qualname__
        if module in ("builtins", "__main__", __package__ + ".guards")
        else (f"{module}.{kind.__qualname__}")
    )


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _text(value: Any) -> str:
    try:
        return str(value)
    except BaseException as error:
        return f"<str of {type(value).__name__} failed: {type(error).__name__}>"


def _value(exc: BaseException, reader: _Reader) -> str:
    if isinstance(exc, SystemExit):
        code = _text(exc.code)
        return (
            f"the block ended the process itself with sys.exit({'' if exc.code is None else code}); a block "
            "that exits counts as failed and leaves no state. Let it end by its last line, or raise an exception."
        )
    if isinstance(exc, KeyboardInterrupt):
        return _text(exc) or "interrupted"
    if isinstance(exc, SyntaxError):
        return _text(exc.msg)
    value = _text(exc)
    if isinstance(exc, NameError):
        value = _explain_missing_name(exc, value, reader)
    if isinstance(exc, RecursionError):
        value += f" (limit {sys.getrecursionlimit()})"
    return value


def _explain_missing_name(exc: NameError, value: str, reader: _Reader) -> str:
    name = getattr(exc, "name", None)
    if not isinstance(name, str):
        return value
    if reader.explain_name is not None:
        try:
            explanation = reader.explain_name(name)
        except Exception:
            explanation = None
        if explanation:
            return f"{value}: {explanation}"
    known: set[str] = set(dir(builtins))
    tb = exc.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    if tb is not None:
        known.update(key for key in tb.tb_frame.f_globals if isinstance(key, str))
        known.update(tb.tb_frame.f_locals)
    known.discard(name)
    close = difflib.get_close_matches(name, sorted(known)[:5000], 1, 0.7) if len(name) < 100 else []
    if close:
        return f"{value}. Did you mean: '{close[0]}'?"
    standard: frozenset[str] = getattr(sys, "stdlib_module_names", frozenset())
    if name in standard:
        return f"{value}. Did you forget to import '{name}'?"
    return value


def _hint(exc: BaseException) -> str | None:
    if isinstance(exc, NameError) and getattr(exc, "name", None) == "get_ipython":
        return (
            "A block is plain Python without IPython's magics; remove the line or write it in plain Python."
        )
    if isinstance(exc, ModuleNotFoundError) and isinstance(exc.name, str):
        top = exc.name.split(".")[0]
        if top in sys.modules:
            return None
        return (
            f"The block's environment has no package `{top}`. Put the package in "
            "environments/<name>/requirements.txt of the canvas, or a local module in its files folder."
        )
    if isinstance(exc, FileNotFoundError) and str(exc.filename).startswith("/tmp/"):
        return "A block has an empty /tmp of its own. Put the file in the canvas's files folder, or anywhere else."
    return None


def _chain(exc: BaseException, reader: _Reader, seen: set[int], depth: int) -> list[str]:
    """Causes and contexts first, as Python prints them."""
    links: list[tuple[BaseException, str | None]] = []
    current: BaseException | None = exc
    joint: str | None = None
    while current is not None and id(current) not in seen:
        if len(links) == MAX_CHAIN:
            links.append((current, joint))
            break
        seen.add(id(current))
        links.append((current, joint))
        if current.__cause__ is not None:
            current, joint = current.__cause__, _CAUSE
        elif current.__context__ is not None and not current.__suppress_context__:
            current, joint = current.__context__, _CONTEXT
        else:
            current = None
    lines: list[str] = []
    if len(links) > MAX_CHAIN:
        _, cut = links.pop()
        lines += ["… earlier exceptions left out", "", cut or "", ""]
    for link, after in reversed(links):
        lines += _one(link, reader, seen, depth)
        if after is not None:
            lines += ["", after, ""]
    return lines


def _one(exc: BaseException, reader: _Reader, seen: set[int], depth: int) -> list[str]:
    lines = _stack(exc.__traceback__, reader)
    if lines:
        lines.insert(0, "Traceback (most recent call last):")
    if isinstance(exc, SyntaxError):
        lines += _syntax_place(exc, reader)
    value = _cut(_value(exc, reader), MAX_VALUE_CHARACTERS)
    lines += (f"{_name(type(exc))}: {value}" if value else _name(type(exc))).split("\n")
    notes = getattr(exc, "__notes__", None)
    if isinstance(notes, (list, tuple)):
        for note in notes[:20]:
            lines += _cut(_text(note), MAX_VALUE_CHARACTERS).split("\n")
    hint = _hint(exc)
    if hint:
        lines.append(hint)
    members = getattr(exc, "exceptions", None)
    if isinstance(members, tuple) and "ExceptionGroup" in [
        kind.__name__.replace("Base", "") for kind in type(exc).__mro__
    ]:
        lines += _members(members, reader, seen, depth)
    return lines


def _members(members: tuple[Any, ...], reader: _Reader, seen: set[int], depth: int) -> list[str]:
    if depth >= MAX_GROUP_DEPTH:
        return [f"  … {len(members)} nested exceptions left out"]
    lines: list[str] = []
    for number, member in enumerate(members[:MAX_GROUP_MEMBERS], 1):
        lines.append(f"  ── exception {number} of {len(members)} ──")
        lines += ["  " + line for line in _chain(member, reader, seen, depth + 1)]
    if len(members) > MAX_GROUP_MEMBERS:
        lines.append(f"  … {len(members) - MAX_GROUP_MEMBERS} more exceptions left out")
    return lines


def _syntax_place(exc: SyntaxError, reader: _Reader) -> list[str]:
    if exc.filename is None:
        return []
    lines = [f"  {reader.place(_text(exc.filename))}, line {exc.lineno}"]
    source = (
        exc.text if isinstance(exc.text, str) else linecache.getline(_text(exc.filename), exc.lineno or 0)
    )
    source = source.rstrip("\n")
    stripped = source.lstrip()
    if not stripped:
        return lines
    lines.append("    " + stripped[:MAX_LINE_CHARACTERS])
    if isinstance(exc.offset, int) and exc.offset >= 1:
        start = max(0, exc.offset - 1 - (len(source) - len(stripped)))
        end = start + 1
        end_offset = getattr(exc, "end_offset", None)
        if (
            getattr(exc, "end_lineno", None) == exc.lineno
            and isinstance(end_offset, int)
            and end_offset > exc.offset
        ):
            end = start + end_offset - exc.offset
        if start < MAX_LINE_CHARACTERS:
            lines.append("    " + " " * start + "^" * min(end - start, max(1, len(stripped) - start)))
    return lines


def _walk(tb: TracebackType | None, reader: _Reader) -> Iterable[tuple[TracebackType, str]]:
    while tb is not None:
        filename = tb.tb_frame.f_code.co_filename
        if not reader.is_runtime(filename):
            yield tb, filename
        tb = tb.tb_next


def _user_frames(exc: BaseException, reader: _Reader) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    for tb, filename in _walk(exc.__traceback__, reader):
        if reader.library(filename, _module(tb)) is None:
            frame = {
                "block": reader.filenames.get(filename),
                "file": filename,
                "line": tb.tb_lineno,
                "function": tb.tb_frame.f_code.co_name,
            }
            if not frames or frames[-1] != frame:
                frames.append(frame)
    return frames


def _module(tb: TracebackType) -> str:
    name = tb.tb_frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def _stack(tb: TracebackType | None, reader: _Reader) -> list[str]:
    """One entry per frame of the user's, per run of library frames, per run of repeated frames; then cut."""
    entries: list[
        tuple[Any, int, TracebackType | None]
    ] = []  # key, how often in a row, frame (None: library)
    for frame, filename in _walk(tb, reader):
        library = reader.library(filename, _module(frame))
        code = frame.tb_frame.f_code
        key: Any = ("library", library) if library else (filename, frame.tb_lineno, code.co_name)
        if entries and entries[-1][0] == key:
            entries[-1] = (key, entries[-1][1] + 1, entries[-1][2])
        else:
            entries.append((key, 1, None if library else frame))
    left_out = len(entries) - MAX_FRAMES
    lines: list[str] = []
    for number, (key, times, shown) in enumerate(entries):
        if left_out > 0 and MAX_FRAMES // 2 <= number < MAX_FRAMES // 2 + left_out:
            if number == MAX_FRAMES // 2:
                lines.append(f"  … {left_out} frames left out")
            continue
        if shown is None:
            lines.append(f"  … {times} frame{'s' if times > 1 else ''} in {key[1]}")
            continue
        lines += _frame(shown, reader)
        if times > 1:
            lines.append(f"  … the same frame {times - 1} more time{'s' if times > 2 else ''}")
    return lines


def _frame(tb: TracebackType, reader: _Reader) -> list[str]:
    code = tb.tb_frame.f_code
    where = f"  {reader.place(code.co_filename)}, line {tb.tb_lineno}"
    if code.co_name != "<module>":
        where += f", in {code.co_name}"
    lines = [where]
    source = linecache.getline(code.co_filename, tb.tb_lineno, tb.tb_frame.f_globals).rstrip("\n")
    stripped = source.lstrip()
    if stripped:
        lines.append("    " + stripped[:MAX_LINE_CHARACTERS])
        lines += _carets(code, tb, source, stripped)
    return lines


def _carets(code: CodeType, tb: TracebackType, source: str, stripped: str) -> list[str]:
    positions = getattr(code, "co_positions", None)
    if positions is None or tb.tb_lasti < 0:
        return []
    position = next(itertools.islice(positions(), tb.tb_lasti // 2, None), None)
    if position is None:
        return []
    line, end_line, column, end_column = position
    if line != end_line or line != tb.tb_lineno or column is None or end_column is None:
        return []
    raw = source.encode()
    start = len(raw[:column].decode("utf-8", "replace")) - (len(source) - len(stripped))
    length = len(raw[column:end_column].decode("utf-8", "replace"))
    whole = start == 0 and length >= len(stripped.split("#")[0].rstrip())
    if whole or length <= 0 or start < 0 or start + length > MAX_LINE_CHARACTERS:
        return []
    return ["    " + " " * start + "^" * length]

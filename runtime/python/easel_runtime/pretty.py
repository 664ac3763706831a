"""Values as text the way people read them: nested containers broken over lines, bounded in items, depth and
length.

`_repr_pretty_` of classes that have it is honoured. Exceptions of a `__repr__` become text; how long one may
take is the caller's business.
"""

from __future__ import annotations

import collections
import inspect
import types
from collections.abc import Callable
from typing import Any

WIDTH = 79
MAX_ITEMS = 1000
MAX_NODES = 20_000
MAX_DEPTH = 30
MAX_CHARACTERS = 100_000


def pretty(obj: Any) -> str:
    """`obj` as text of at most MAX_CHARACTERS."""
    text = _Printer().text(obj)
    if len(text) <= MAX_CHARACTERS:
        return text
    return f"{text[:MAX_CHARACTERS]}\n… {len(text) - MAX_CHARACTERS} characters left out"


def safe_repr(obj: Any) -> str:
    """repr(obj), or a text that says why there is none."""
    try:
        text = repr(obj)
        if len(text) > 2 * MAX_CHARACTERS:
            return f"{text[: 2 * MAX_CHARACTERS]}… {len(text) - 2 * MAX_CHARACTERS} characters left out"
        return text
    except Exception as error:
        return f"<repr of {type(obj).__name__} failed: {type(error).__name__}: {_message(error)}>"


def _message(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception:
        return "…"


class _Group:
    """A container: its parts are leaves or (prefix, node) pairs."""

    __slots__ = ("closing", "opening", "parts", "width")

    width: int

    def __init__(self, opening: str, parts: list[tuple[str, Any]], closing: str) -> None:
        self.opening = opening
        self.parts = parts
        self.closing = closing
        width: int = len(opening) + len(closing)
        for prefix, node in parts:
            width += len(prefix) + 2 + (node.width if isinstance(node, _Group) else _leaf_width(node))
            if width > 10 * WIDTH:
                break
        self.width = width


def _leaf_width(text: str) -> int:
    return 10 * WIDTH if "\n" in text else len(text)


class _Printer:
    def __init__(self) -> None:
        self._nodes = 0
        self._open: set[int] = set()

    def text(self, obj: Any) -> str:
        lines: list[str] = []
        _lay_out(self._node(obj, 0), 0, lines)
        return "".join(lines)

    def _node(self, obj: Any, depth: int) -> Any:
        self._nodes += 1
        kind = type(obj)
        show = _CONTAINERS.get(kind)
        if (
            show is None
            and issubclass(kind, tuple)
            and hasattr(kind, "_fields")
            and (
                kind.__repr__.__qualname__ == "namedtuple.<locals>.__repr__"
                or kind.__repr__.__module__ == "collections"
            )
        ):
            show = _namedtuple_parts
        if show is None:
            return self._leaf(obj)
        if id(obj) in self._open:
            return "{...}" if kind in (dict, set) else "[...]"
        if depth >= MAX_DEPTH or self._nodes > MAX_NODES:
            return "…"
        self._open.add(id(obj))
        try:
            return show(self, obj, depth + 1)
        finally:
            self._open.discard(id(obj))

    def _leaf(self, obj: Any) -> str:
        if isinstance(obj, type) and type(obj).__repr__ is type.__repr__:
            module = obj.__module__
            return obj.__qualname__ if module in ("builtins",) else f"{module}.{obj.__qualname__}"
        if type(obj) is types.FunctionType:
            try:
                signature = str(inspect.signature(obj))
            except Exception:
                signature = "(…)"
            return f"<function {obj.__module__}.{obj.__qualname__}{signature}>"
        method = _pretty_method(obj)
        if method is not None:
            collector = _Collector()
            try:
                method(obj, collector, False)
                return "".join(collector.parts)
            except Exception:
                pass
        return safe_repr(obj)

    def items(self, obj: Any, depth: int) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = []
        for item in obj:
            if len(parts) == MAX_ITEMS or self._nodes > MAX_NODES:
                parts.append(("", f"… {len(obj) - len(parts)} more"))
                break
            parts.append(("", self._node(item, depth)))
        return parts

    def pairs(self, obj: Any, depth: int) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = []
        for key, value in obj.items():
            if len(parts) == MAX_ITEMS or self._nodes > MAX_NODES:
                parts.append(("", f"… {len(obj) - len(parts)} more"))
                break
            title = self._node(key, depth)
            if isinstance(title, _Group):
                title = _flat(title)
            parts.append((f"{title}: ", self._node(value, depth)))
        return parts


def _pretty_method(obj: Any) -> Callable[..., Any] | None:
    for kind in type(obj).__mro__:
        if "_repr_pretty_" in vars(kind):
            method = vars(kind)["_repr_pretty_"]
            return method if callable(method) else None
        if "__repr__" in vars(kind):
            return None
    return None


class _Collector:
    """The part of IPython's pretty printer that `_repr_pretty_` methods use."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def text(self, value: str) -> None:
        self.parts.append(value)

    def breakable(self, sep: str = " ") -> None:
        self.parts.append(sep)

    def break_(self) -> None:
        self.parts.append("\n")

    def pretty(self, obj: Any) -> None:
        self.parts.append(pretty(obj))

    def begin_group(self, indent: int = 0, open: str = "") -> None:
        self.parts.append(open)

    def end_group(self, dedent: int = 0, close: str = "") -> None:
        self.parts.append(close)

    def group(self, indent: int = 0, open: str = "", close: str = "") -> _CollectedGroup:
        return _CollectedGroup(self, open, close)


class _CollectedGroup:
    def __init__(self, collector: _Collector, opening: str, closing: str) -> None:
        self._collector = collector
        self._opening = opening
        self._closing = closing

    def __enter__(self) -> None:
        self._collector.text(self._opening)

    def __exit__(self, *_error: object) -> None:
        self._collector.text(self._closing)


def _sequence(opening: str, closing: str) -> Callable[[_Printer, Any, int], Any]:
    return lambda printer, obj, depth: _Group(opening, printer.items(obj, depth), closing)


def _tuple_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    return _Group("(", printer.items(obj, depth), ",)" if len(obj) == 1 else ")")


def _set_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    if not obj:
        return repr(obj)
    try:
        ordered = sorted(obj) if len(obj) <= MAX_ITEMS else obj
    except Exception:
        ordered = list(obj) if len(obj) <= MAX_ITEMS else obj
    opening, closing = ("{", "}") if type(obj) is set else ("frozenset({", "})")
    return _Group(opening, printer.items(ordered, depth), closing)


def _dict_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    return _Group("{", printer.pairs(obj, depth), "}")


def _named_dict_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    opening = f"{type(obj).__name__}("
    if isinstance(obj, collections.defaultdict):
        opening += f"{printer._leaf(obj.default_factory)}, "
    return _Group(opening + "{", printer.pairs(obj, depth), "})")


def _deque_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    tail = "])" if obj.maxlen is None else f"], maxlen={obj.maxlen})"
    return _Group("deque([", printer.items(obj, depth), tail)


def _namespace_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    return _Group(
        "namespace(", [(f"{name}=", printer._node(value, depth)) for name, value in vars(obj).items()], ")"
    )


def _namedtuple_parts(printer: _Printer, obj: Any, depth: int) -> Any:
    parts = [
        (f"{name}=", printer._node(value, depth)) for name, value in zip(type(obj)._fields, obj, strict=False)
    ]
    return _Group(f"{type(obj).__name__}(", parts, ")")


_CONTAINERS: dict[type, Callable[[_Printer, Any, int], Any]] = {
    list: _sequence("[", "]"),
    tuple: _tuple_parts,
    set: _set_parts,
    frozenset: _set_parts,
    dict: _dict_parts,
    collections.OrderedDict: _named_dict_parts,
    collections.defaultdict: _named_dict_parts,
    collections.Counter: _named_dict_parts,
    collections.deque: _deque_parts,
    types.SimpleNamespace: _namespace_parts,
}


def _flat(node: Any) -> str:
    if not isinstance(node, _Group):
        return str(node)
    return node.opening + ", ".join(prefix + _flat(part) for prefix, part in node.parts) + node.closing


def _lay_out(node: Any, column: int, out: list[str]) -> None:
    if not isinstance(node, _Group):
        out.append(node)
        return
    if column + node.width <= WIDTH + 2:
        out.append(_flat(node))
        return
    inner = column + len(node.opening)
    out.append(node.opening)
    for number, (prefix, part) in enumerate(node.parts):
        if number:
            out.append(",\n" + " " * inner)
        out.append(prefix)
        _lay_out(part, inner + len(prefix), out)
    out.append(node.closing)

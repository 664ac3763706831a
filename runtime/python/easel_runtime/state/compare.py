"""Whether a copy is what the original was: both are walked side by side, and the first difference is put into words.

Exact for values, types, lengths, order of keys, memory of arrays, and for which places hold one and the same object.
Three things may differ, because a class decided so when it wrote `__getstate__`, `__reduce__` or `__setstate__`, or a
library did for its own insides:

* a lock, connection or other object that never travels: made again, or gone;
* an attribute that comes back empty, and a private one (`_x`) that is gone or None: a cache that is filled again; of a library's own object that
  says itself how it is stored, what it likes under private names;
* a private attribute that the original did not have.

What went that way from a user's own object is listed in `remarks`, so that nothing is dropped without a word.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
import types
from typing import Any

from .definitions import is_by_value
from .dictionaries import held_elsewhere
from .instances import shapes_itself
from .paths import path_text
from .refusals import refusal_of, type_name
from .sharing import ATOMS
from .structure import (
    ATTRIBUTE,
    ITEM,
    Label,
    Structure,
    class_dict,
    instance_dict,
    mro_of,
    plain,
    structure,
)

_SHAPERS = (
    "__getstate__",
    "__reduce__",
    "__reduce_ex__",
    "__setstate__",
    "__getnewargs__",
    "__getnewargs_ex__",
)
_NO_IDENTITY = (tuple, frozenset, types.CodeType, types.MethodType, types.MappingProxyType)
_ABSENT = object()
_EQUAL_AS_THEY_SAY = frozenset((int, str, bytes, bool, type(None)))
_EMPTY: tuple[type, ...] = (list, dict, set, tuple, frozenset, str, bytes)
# Attributes of a library's objects, whatever their values: pyplot numbers a figure again when it is loaded.
_NUMBERED_ANEW = {
    "matplotlib": frozenset(("number",)),
    "pydantic": frozenset(("cls_ref",)),
}
# Library classes whose instances connect themselves anew when they are loaded, with numbers of their own.
_MADE_ANEW = frozenset((
    "matplotlib.cbook.CallbackRegistry", "matplotlib.backend_bases.FigureCanvasBase",
    "matplotlib.backend_bases.FigureManagerBase",
    "patsy.eval.EvalEnvironment",
))  # fmt: skip
Trail = tuple[Any, Any]  # (trail of the owner, label), or (None, name of the variable)


class Difference(Exception):
    """The copy is not what the original was; the text is a sentence with the path of the difference."""


class BudgetSpentError(Exception):
    """There was no time to look at everything; so far both were the same."""


class Comparison:
    """Compares originals with their copies; one object for all members of a component, so that aliases are seen."""

    def __init__(self, deadline: float = float("inf")) -> None:
        self.remarks: list[str] = []
        self._deadline = deadline
        self._there: dict[int, int] = {}
        self._back: dict[int, int] = {}
        self._place: dict[int, Trail] = {}
        self._pairs: set[tuple[int, int]] = set()
        self._alive: list[Any] = []
        self._steps = 0

    def compare(self, originals: dict[str, Any], copies: dict[str, Any]) -> None:
        """Raises Difference or BudgetSpentError. Recursion-free: nesting may be as deep as it likes."""
        stack: list[tuple[Any, Any, Trail]] = []
        for name in reversed(list(originals)):
            if name not in copies:
                raise Difference(f"`{name}` would not come back")
            stack.append((originals[name], copies[name], (None, name)))
        while stack:
            original, copy, trail = stack.pop()
            self._steps += 1
            if self._steps % 1024 == 0 and time.monotonic() > self._deadline:
                raise BudgetSpentError
            stack.extend(reversed(self._pair(original, copy, trail)))

    def _pair(self, original: Any, copy: Any, trail: Trail) -> list[tuple[Any, Any, Trail]]:
        kind = type(original)
        if kind in ATOMS and kind is type(copy) and kind not in _HOLDERS:
            if plain(original) != plain(copy):
                raise Difference(
                    f"{_path(trail)} would come back as {_short(copy)} instead of {_short(original)}"
                )
            return []
        if original is copy:
            return []
        if not self._first_meeting(original, copy, kind, trail):
            return []
        if type(copy) is not kind:
            if kind.__name__ != type(copy).__name__ or not (is_by_value(kind) and is_by_value(type(copy))):
                raise Difference(
                    f"{_path(trail)} would come back as {_what(copy)} instead of {_article(kind)}"
                )
            more = [(kind, type(copy), (trail, (ATTRIBUTE, "__class__")))]
        else:
            more = []
        if refusal_of(kind) is not None or _is_made_anew(kind):
            return more
        own = held_elsewhere(original, kind)
        if own is not None:
            other = instance_dict(copy)
            if other is not None:
                self._first_meeting(own, other, dict, (trail, (ATTRIBUTE, "__dict__")))
        ours, theirs = structure(original), structure(copy)
        if ours.opaque:
            ours, theirs = _reduced(original, ours), _reduced(copy, theirs)
        if kind is set or kind is frozenset:
            return more + _match_sets(original, copy, trail)
        if ours.shape != theirs.shape:
            raise Difference(_shape_text(original, ours, theirs, trail))
        return more + self._parts(kind, list(ours.parts), list(theirs.parts), trail)

    def _first_meeting(self, original: Any, copy: Any, kind: type, trail: Trail) -> bool:
        """Note that the two belong together; False if that was known. Raises if either belongs to another one."""
        pair = (id(original), id(copy))
        if pair in self._pairs:
            return False
        self._pairs.add(pair)
        self._alive.append((original, copy))  # so that no id is used twice
        if (
            kind in _NO_IDENTITY
            or kind.__module__ not in ("builtins", "collections", "__main__")
            or kind in ATOMS
        ):
            return True
        known = self._there.setdefault(pair[0], pair[1])
        if known != pair[1] and kind not in ATOMS:
            raise Difference(
                f"{_path(self._place[pair[0]])} and {_path(trail)} are one object and would come back as two"
            )
        known = self._back.setdefault(pair[1], pair[0])
        if known != pair[0]:
            raise Difference(
                f"{_path(self._place[known])} and {_path(trail)} are two objects and would come back as one"
            )
        self._place[pair[0]] = trail
        return True

    def _parts(
        self, kind: type, ours: list[tuple[Label, Any]], theirs: list[tuple[Label, Any]], trail: Trail
    ) -> list[tuple[Any, Any, Trail]]:
        """The pairs inside that must be looked at: most are equal numbers and strings, and are not."""
        free, _ = _freedom(kind)
        pairs = []
        if len(ours) == len(theirs):
            for (label, a), (other, b) in zip(ours, theirs, strict=True):
                if label[0] == ATTRIBUTE and (label != other or free):
                    break
                if a is not b and not (type(a) is type(b) and type(a) in _EQUAL_AS_THEY_SAY and a == b):
                    pairs.append((a, b, (trail, label)))
            else:
                return pairs
        return self._attributes(kind, ours, theirs, trail)

    def _attributes(
        self, kind: type, ours: list[tuple[Label, Any]], theirs: list[tuple[Label, Any]], trail: Trail
    ) -> list[tuple[Any, Any, Trail]]:
        """As `_parts`, where attributes come in another order, are missing, or may be."""
        free, mine = _freedom(kind)
        inside = [(label, value) for label, value in ours if label[0] != ATTRIBUTE]
        others = [value for label, value in theirs if label[0] != ATTRIBUTE]
        pairs = [(a, b, (trail, label)) for (label, a), b in zip(inside, others, strict=True)]
        attributes = {label[1]: value for label, value in theirs if label[0] == ATTRIBUTE}
        private = not mine and shapes_itself(kind)  # then it is the library's own affair
        anew = None if mine else _NUMBERED_ANEW.get(kind.__module__.partition(".")[0])
        for label, value in ours:
            if label[0] != ATTRIBUTE:
                continue
            place = (trail, label)
            other = attributes.pop(label[1], _ABSENT)
            if (anew is not None and label[1] in anew) or (private and str(label[1]).startswith("_")):
                continue
            if free and self._dropped_on_purpose(str(label[1]), value, other, mine, place):
                continue
            if other is _ABSENT:
                raise Difference(f"{_path(place)} would not come back")
            pairs.append((value, other, place))
        extra = next((name for name in attributes if not free or (mine and str(name)[:1] != "_")), None)
        if extra is not None:
            raise Difference(
                f"{_path(trail)} would come back with an attribute `{extra}` that it does not have now"
            )
        return pairs

    def _dropped_on_purpose(self, name: str, value: Any, other: Any, mine: bool, trail: Trail) -> bool:
        gone = other is _ABSENT or (other is None and value is not None)
        if refusal_of(type(value)) is not None:
            if gone and mine:
                self.remarks.append(f"{_path(trail)} ({_article(type(value))}) is dropped by its class")
            return gone or type(other) is type(value)
        if not mine and not _is_data(value):
            return gone or type(other) is not type(value)
        emptied = type(other) is type(value) and type(value) in _EMPTY and len(value) > 0 and len(other) == 0
        if not name.startswith("_") and mine and not emptied:
            return False
        if gone or emptied:
            if mine:
                self.remarks.append(f"{_path(trail)} is {'emptied' if emptied else 'dropped'} by its class")
            return True
        return False


_anew: dict[type, bool] = {}


def _is_made_anew(kind: type) -> bool:
    if kind not in _anew:
        _anew[kind] = any(type_name(base) in _MADE_ANEW for base in mro_of(kind))
    return _anew[kind]


# What is an atom where sharing is concerned, but has insides that may differ.
_HOLDERS = (types.BuiltinFunctionType, types.CodeType)
_DATA_ROOTS = ("builtins", "collections", "numpy", "pandas", "polars", "pyarrow", "datetime", "decimal")


def _is_data(value: Any) -> bool:
    return (
        value is not None and type(value).__module__.partition(".")[0] in _DATA_ROOTS and not callable(value)
    )


def _decides(kind: type) -> bool:
    """Whether the class, or a library that made it, says itself how it is stored."""
    for base in mro_of(kind):
        if base is not object and any(name in class_dict(base) for name in _SHAPERS):
            return True
        if base.__module__ not in ("__main__", "builtins") and _is_library(base):
            return True
    return False


_freedoms: dict[type, tuple[bool, bool]] = {}
_libraries: dict[str, bool] = {}


def _freedom(kind: type) -> tuple[bool, bool]:
    """Whether instances may differ in what the class decides, and whether the class is the user's own."""
    found = _freedoms.get(kind)
    if found is None:
        found = _freedoms[kind] = _decides(kind), kind.__module__ == "__main__" or not _is_library(kind)
    return found


def _is_library(cls: type) -> bool:
    root = cls.__module__.partition(".")[0] if isinstance(cls.__module__, str) else "__main__"
    known = _libraries.get(root)
    if known is None:
        file = getattr(sys.modules.get(root), "__file__", None) or next(
            iter(getattr(sys.modules.get(root), "__path__", ())), None
        )
        inside = f"{os.sep}site-packages{os.sep}" in (file or "") or (file or "").startswith(
            sysconfig.get_path("stdlib") + os.sep
        )
        known = _libraries[root] = root != "__main__" and (file is None or inside)
    return known


def _reduced(obj: Any, seen: Structure) -> Structure:
    """What an object of an extension type says of itself for pickling; nothing else can be seen of it."""
    try:
        made = obj.__reduce_ex__(5)
    except Exception:
        return seen
    if isinstance(made, str):
        return Structure((made,), ())
    return Structure(
        (len(made),), [((ITEM, i), list(v) if i > 2 and v is not None else v) for i, v in enumerate(made)]
    )


def _match_sets(original: Any, copy: Any, trail: Trail) -> list[tuple[Any, Any, Trail]]:
    """Sets have no order: equal atoms belong together; other elements are tried against each other."""
    atoms = {(type(v), plain(v)) for v in original if type(v) in ATOMS}
    if atoms != {(type(v), plain(v)) for v in copy if type(v) in ATOMS} or len(original) != len(copy):
        raise Difference(f"{_path(trail)} would come back with other elements")
    rest = [v for v in copy if type(v) not in ATOMS]
    for value in original:
        if type(value) in ATOMS:
            continue
        for i, other in enumerate(rest):
            try:
                Comparison(time.monotonic() + 1.0).compare({"": value}, {"": other})
            except BudgetSpentError:
                pass
            except Difference:
                continue
            del rest[i]
            break
        else:
            raise Difference(f"{_path(trail)} would come back with other elements")
    return []


# -- words ----------------------------------------------------------------------------------------------------------


def _path(trail: Trail) -> str:
    labels: list[Label] = []
    while trail[0] is not None:
        trail, label = trail
        labels.append(label)
    return f"`{path_text(trail[1], reversed(labels))}`"


def _article(kind: type) -> str:
    return f"a `{type_name(kind)}`"


def _what(value: Any) -> str:
    return "None" if value is None else _article(type(value))


def _short(atom: Any) -> str:
    try:
        text = repr(atom)
    except Exception:
        return _article(type(atom))
    return text if len(text) <= 60 else text[:57] + "..."


def _shape_text(original: Any, ours: Structure, theirs: Structure, trail: Trail) -> str:
    first, second = ours.shape, theirs.shape
    sized = len(first) == len(second) == 1 and type(first[0]) is int and type(second[0]) is int
    if sized and not isinstance(original, int):
        return f"{_path(trail)} would come back with {second[0]} element(s) instead of {first[0]}"
    if isinstance(original, (int, float, str, bytes)) or (
        type(original).__module__ == "numpy" and len(first) == 2
    ):
        return f"{_path(trail)} would come back with another value"
    if len(first) == len(second) and first[:-1] != second[:-1]:
        return f"{_path(trail)} would come back with another shape or type ({second[:-1]} instead of {first[:-1]})"
    return f"{_path(trail)} would come back with other values"

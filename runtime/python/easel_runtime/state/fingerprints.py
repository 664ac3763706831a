"""Whether a loaded slot holds what it held when it was loaded, found out without storing it again.

The fingerprint is native (runtime/native/fingerprint.c): 128 bits over all that a slot's members hold, or None where
something is met whose content it cannot see. This file says which types made in C it sees completely, and how. What is
not in these tables, and no class made in Python from what is, is never called unchanged by fingerprint.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import functools
import re
import sys
import threading
import types
from collections.abc import Iterable
from typing import Any

from easel_runtime import _easel

from .immutable import library_types

Place = tuple[str, str]  # slot and member

_CONTENT: dict[type, str] = {
    object: "object", datetime.tzinfo: "object", int: "int", float: "float", complex: "complex", str: "str", bytes: "bytes",
    bytearray: "bytearray", array.array: "buffer", list: "list", tuple: "tuple", dict: "dict", set: "set",
    frozenset: "set", collections.deque: "deque", collections.OrderedDict: "ordered_dict",
    collections.defaultdict: "default_dict", types.FunctionType: "function", types.BuiltinFunctionType: "builtin",
    types.CellType: "referents", types.MappingProxyType: "referents",
}  # fmt: skip
# Attributes that are all there is.
_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    property: ("fget", "fset", "fdel", "__doc__"),
    classmethod: ("__func__", "__dict__"),
    staticmethod: ("__func__", "__dict__"),
    slice: ("start", "stop", "step"),
    types.MethodType: ("__func__", "__self__"),
    functools.partial: ("func", "args", "keywords", "__dict__"),
    types.SimpleNamespace: ("__dict__",),
}
# Nothing changes these once they are made. (A lock lies in every cached_property of Python 3.11 and is not stored.)
_IMMUTABLE: tuple[type, ...] = (
    bool, type(None), type(Ellipsis), type(NotImplemented), range, decimal.Decimal, datetime.date, datetime.timedelta,
    datetime.timezone, re.Pattern, types.CodeType, types.ModuleType, types.MethodDescriptorType,
    types.WrapperDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.ClassMethodDescriptorType, type(threading.RLock()),
)  # fmt: skip


def _teach() -> None:
    for kind, how in _CONTENT.items():
        _easel.know(kind, how)
    for kind, names in _ATTRIBUTES.items():
        _easel.know(kind, "attributes", names)
    for kind in _IMMUTABLE:
        _easel.know(kind, "pinned")
    for kind in (datetime.datetime, datetime.time):  # their zone may be of a user's class
        _easel.know(kind, "pinned", ("tzinfo",))


_teach()
_taught: set[type] = set()


def _teach_libraries() -> None:
    """Tell of the libraries that are imported by now."""
    numpy = sys.modules.get("numpy")
    new = [kind for kind in library_types() if kind not in _taught]
    if not new:
        return
    _taught.update(new)
    for kind in new:
        zoned = kind.__name__ == "Timestamp"
        _easel.know(kind, "pinned", *([("tzinfo",)] if zoned else []))
    if numpy is not None:
        _easel.know(numpy.ndarray, "array")
        _easel.know(type(numpy.dtype("O")), "pinned")


def fingerprints(
    slots: list[dict[str, Any]],
    stops: list[Any],
    home: dict[str, Any],
    mapped: Iterable[tuple[int, int]],
    pins: list[Any],
) -> list[bytes | None]:
    """One for all that each slot's members hold, None where that cannot be known.

    `stops` are definitions that have a slot: met in another slot they are links. `home` is the block's namespace. What
    arrays hold in `mapped` memory, (address, length), is left to its page map. `pins` keeps alive what is known by its
    address: only as long as it lives, equal fingerprints of the same slot mean equal content.
    """
    _teach_libraries()
    found: list[bytes | None] = _easel.fingerprints(slots, stops, home, list(mapped), pins)
    return found

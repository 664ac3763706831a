"""Which values share mutable objects or memory: those must be stored together, so that aliases stay aliases."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import gc
import pathlib
import re
import sys
import types
import uuid
from typing import Any

from .arrays import owner_of
from .pickling import is_by_value

ATOMS: frozenset[type] = frozenset(
    {
        int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice,
        decimal.Decimal, fractions.Fraction, datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
        datetime.timezone, uuid.UUID, pathlib.PosixPath, pathlib.PurePosixPath, re.Pattern, types.ModuleType,
        types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType,
        types.MemberDescriptorType, types.CodeType,
    }
)  # fmt: skip
_OPAQUE_ROOTS = ("pandas", "polars", "pyarrow")


def _unwrap_opaque(obj: Any, kind: type) -> list[Any] | None:
    """What of a frame can be shared visibly: only Python objects in object columns. None: not a frame."""
    root = kind.__module__.partition(".")[0]
    if root not in _OPAQUE_ROOTS:
        if root == "numpy":
            return []  # arrays come before; scalars, dtypes and ufuncs share nothing
        return None
    if root != "pandas":
        return []
    manager: Any = getattr(obj, "_mgr", None)
    found: list[Any] = []
    try:
        arrays: list[Any] = (
            [block.values for block in manager.blocks]
            if manager is not None
            else [getattr(obj, "_data", None)]
        )
        for array in arrays:
            if getattr(getattr(array, "dtype", None), "hasobject", False):
                found.extend(v for v in array.ravel().tolist() if type(v) not in ATOMS)
        attrs = getattr(obj, "_attrs", None)
        if attrs:
            found.append(attrs)
    except (AttributeError, TypeError, ValueError):
        return None
    return found


class Sharing:
    """Groups of roots that share something, and the memory owners that more than one array looks into."""

    def __init__(self, stop_at: set[int]) -> None:
        self._stop_at = stop_at
        self._owner: dict[int, int] = {}
        self._parent: list[int] = []
        self._memory_owner: dict[int, int] = {}
        self._array_users: collections.Counter[int] = collections.Counter()
        self._carried: dict[type, bool] = {}

    def _find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def add(self, root: Any) -> int:
        """Walk one root; returns its number."""
        number = len(self._parent)
        self._parent.append(number)
        stack = [root]
        seen_immutable: set[int] = set()
        while stack:
            obj = stack.pop()
            kind = type(obj)
            if kind in ATOMS:
                continue
            key = id(obj)
            if key in self._stop_at:
                continue
            if kind is tuple or kind is frozenset:
                if key not in seen_immutable:
                    seen_immutable.add(key)
                    stack.extend(v for v in obj if type(v) not in ATOMS)
                continue
            if (kind is types.FunctionType or issubclass(kind, type)) and not is_by_value(obj):
                continue
            owner = self._owner.get(key)
            if owner is not None:
                self._parent[self._find(number)] = self._find(owner)
                continue
            self._owner[key] = number
            self._descend(obj, kind, number, stack)
        return number

    def _descend(self, obj: Any, kind: type, number: int, stack: list[Any]) -> None:
        if kind is list or kind is set or kind is collections.deque:
            if not set(map(type, obj)) <= ATOMS:
                stack.extend(obj)
        elif kind is dict:
            if not set(map(type, obj.values())) <= ATOMS:
                stack.extend(obj.values())
            if not set(map(type, obj)) <= ATOMS:
                stack.extend(obj)
        elif kind is types.FunctionType:
            stack.extend((obj.__defaults__, obj.__kwdefaults__, obj.__dict__, obj.__annotations__))
            stack.extend(obj.__closure__ or ())
        elif issubclass(kind, type):
            stack.extend(obj.__dict__.values())
            stack.extend(obj.__bases__)
            self._class_of(kind, stack)
        elif (
            kind.__name__ == "ndarray"
            and "numpy" in sys.modules
            and isinstance(obj, sys.modules["numpy"].ndarray)
        ):
            self._array(obj, number, stack)
        elif kind is types.GeneratorType or kind is types.FrameType or kind is types.CoroutineType:
            return
        else:
            opaque = _unwrap_opaque(obj, kind)
            if opaque is not None:
                stack.extend(opaque)
                return
            self._class_of(kind, stack)
            stack.extend(v for v in gc.get_referents(obj) if v is not kind)

    def _class_of(self, kind: type, stack: list[Any]) -> None:
        """A class that no module has is an object like others, shared by its instances."""
        carried = self._carried.get(kind)
        if carried is None:
            carried = self._carried[kind] = is_by_value(kind)
        if carried:
            stack.append(kind)

    def _array(self, array: Any, number: int, stack: list[Any]) -> None:
        base = owner_of(array)
        self._array_users[id(base)] += 1
        first = self._memory_owner.setdefault(id(base), number)
        self._parent[self._find(number)] = self._find(first)
        if array.dtype.hasobject:
            stack.extend(v for v in array.ravel().tolist() if type(v) not in ATOMS)

    def groups(self) -> list[list[int]]:
        """Root numbers by group, each group and the list in order of first appearance."""
        found: dict[int, list[int]] = {}
        for i in range(len(self._parent)):
            found.setdefault(self._find(i), []).append(i)
        return sorted(found.values())

    def view_bases(self) -> set[int]:
        """Ids of arrays whose memory at least two arrays see, themselves included."""
        return {key for key, users in self._array_users.items() if users > 1}
